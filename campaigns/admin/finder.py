"""“Whom to ask next”: the people worth asking, the reasons in plain sight, and ten of them to call today."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.admin.personal_form import may_write_in, page_for
from campaigns.models import CallTask
from campaigns.services.finder import best_of, call_ten, explain, proposed
from referrals.admin.cells import link_to, person
from referrals.admin.chosen import chosen_of
from referrals.admin.scoped import asker
from referrals.models import Advocate, Program, Segment
from referrals.roles import grants, programs_granting, roles_of
from referrals.services.finder import finder_of

PER_PAGE = 50
MOST_PAGES = 1000


def whom_to_ask(request: HttpRequest) -> HttpResponse:
    """For one program: the first, or the one chosen of those whose people the person may see."""
    if not asker(request).has_perm("referrals.view_finder"):
        raise PermissionDenied
    programs = list(programs_granting(asker(request), "view", Advocate).exclude(status=Program.Status.ENDED))
    given = request.POST if request.method == "POST" else request.GET
    program = chosen_of(programs, given)
    if program is None:
        return _page(request, {"programs": []})
    segments = list(Segment.objects.filter(program=program))
    segment = next((s for s in segments if str(s.pk) == given.get("segment")), None)
    if request.method == "POST":
        return _call_ten(request, program, segment)
    return _page(request, _found(request, program, segment) | {"programs": programs, "segments": segments})


def _found(request: HttpRequest, program: Program, segment: Segment | None) -> dict[str, Any]:
    now, finder = timezone.now(), finder_of(program)
    people = proposed(program, segment, now=now)
    asked = request.GET.get("p", "")
    number = min(max(1, int(asked)), MOST_PAGES) if asked.isdecimal() and len(asked) < 6 else 1
    # One row more than fits says whether there is a next page; counting a million people would cost more.
    rows = best_of(people, program, (number - 1) * PER_PAGE, number * PER_PAGE + 1)
    shown = explain(rows[:PER_PAGE], finder, now=now)
    may_write = may_write_in(asker(request)).filter(pk=program.pk).exists()
    return {
        "program": program,
        "segment": segment,
        "finder": finder,
        "people": [_line(proposal, finder, may_write=may_write) for proposal in shown],
        "next": number + 1 if len(rows) > PER_PAGE else 0,
        "before": number - 1,
        "may_call": _may_call(request, program),
    }


def _line(proposal: Any, finder: Any, *, may_write: bool) -> dict[str, Any]:
    row = proposal.advocate
    about = " · ".join(filter(None, (row.get_kind_display(), row.company, row.phone or _("no phone number"))))
    return {
        "who": person(link_to(row), about),
        "score": proposal.score,
        "reasons": proposal.reasons,
        "is_picked": proposal.is_picked,
        "budget": proposal.budget,
        "budget_left": proposal.budget_left,
        "by_itself": proposal.score >= finder.automatic_from,
        "by_hand": proposal.score >= finder.by_hand_from,
        "write_url": page_for(row, finder.program_id) if may_write else "",
    }


def _may_call(request: HttpRequest, program: Program) -> bool:
    if asker(request).is_superuser:
        return True
    role = roles_of(asker(request)).get(program.pk)
    return role is not None and grants(role, "change", CallTask)


def _call_ten(request: HttpRequest, program: Program, segment: Segment | None) -> HttpResponse:
    if not _may_call(request, program):
        raise PermissionDenied
    made = call_ten(program, finder_of(program), segment, now=timezone.now(), by=request.user)
    if not made:
        messages.warning(request, _("Nobody is left who has points enough and a phone number."))
        return HttpResponseRedirect(f"{reverse('admin:whom-to-ask')}?program={program.pk}")
    words = ngettext("%(count)d call is on the list.", "%(count)d calls are on the list.", len(made))
    messages.success(request, words % {"count": len(made)})
    return HttpResponseRedirect(reverse("admin:campaigns_calltask_changelist"))


def _page(request: HttpRequest, shown: dict[str, Any]) -> HttpResponse:
    context = admin.site.each_context(request) | {"title": _("Whom to ask next")} | shown
    return TemplateResponse(request, "admin/whom_to_ask.html", context)
