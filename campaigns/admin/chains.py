"""“Referral chains”: generations, and the K-factor."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.services.chains import generations, growth
from referrals.admin.chosen import chosen_of
from referrals.admin.scoped import asker
from referrals.models import Referral
from referrals.roles import programs_granting


def referral_chains(request: HttpRequest) -> HttpResponse:
    """For one program: the first, or the one chosen of those whose referrals the person may see."""
    if not asker(request).has_perm("referrals.view_referral"):
        raise PermissionDenied
    programs = list(programs_granting(asker(request), "view", Referral))
    program = chosen_of(programs, request.GET)
    shown: dict[str, Any] = {"title": _("Referral chains"), "programs": programs, "program": program}
    if program:
        found, counts = growth(program, now=timezone.now()), generations(program)
        shown |= {"growth": found, "conversion": round(100 * found.conversion), "generations": counts}
    return TemplateResponse(request, "admin/chains.html", admin.site.each_context(request) | shown)
