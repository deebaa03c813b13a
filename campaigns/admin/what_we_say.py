"""“What we say when”: every occasion, and the words used in each language."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import MessageTemplate, Purpose
from campaigns.services.coverage import Cell, Occasion, missing, what_we_say
from referrals.admin.cells import status_word
from referrals.admin.chosen import chosen_of
from referrals.admin.scoped import asker
from referrals.roles import programs_granting

PURPOSES = dict(Purpose.choices)


def show_what_we_say(request: HttpRequest) -> HttpResponse:
    """For one program: the first, or the one chosen of those whose templates the person may see."""
    if not asker(request).has_perm("campaigns.view_messagetemplate"):
        raise PermissionDenied
    programs = list(programs_granting(asker(request), "view", MessageTemplate))
    program = chosen_of(programs, request.GET)
    groups = what_we_say(program)
    lacking = missing(groups)
    may_write = asker(request).has_perm("campaigns.add_messagetemplate")
    shown = {
        "title": _("What we say when"),
        "programs": programs,
        "program": program,
        "languages": [(code, name, lacking[code]) for code, name in settings.LANGUAGES],
        "groups": [
            (group, [_line(occasion, program, may_write) for occasion in group.occasions])
            for group in groups
            if group.occasions
        ],
    }
    return TemplateResponse(request, "admin/what_we_say.html", admin.site.each_context(request) | shown)


def _line(occasion: Occasion, program: Any, may_write: bool) -> dict[str, Any]:
    return {
        "purpose": PURPOSES[Purpose(occasion.purpose)],
        "detail": occasion.detail,
        "cells": [_cell(occasion, cell, program, may_write) for cell in occasion.cells],
    }


def _cell(occasion: Occasion, cell: Cell, program: Any, may_write: bool) -> dict[str, Any]:
    if template := cell.template:
        url = reverse("admin:campaigns_messagetemplate_change", args=[template.pk])
        word = status_word("live", _("ours")) if template.program_id else _("bank")
        return {"word": word, "url": url}
    given = {
        "purpose": occasion.purpose, "contact_kind": occasion.kind, "channel": occasion.channel,
        "variant": occasion.variant, "language": cell.language, "program": program.pk if program else "",
    }  # fmt: skip
    url = f"{reverse('admin:campaigns_messagetemplate_add')}?{urlencode(given)}" if may_write else ""
    return {"word": status_word("waiting", _("missing")), "url": url}
