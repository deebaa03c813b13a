"""Everything between the company and one person, in the order of time, and who came by whom."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from referrals.admin.cells import link_to, moment
from referrals.admin.history import history_panel, what, who, why
from referrals.admin.scoped import Panel, asker
from referrals.models import Advocate, Event, Program, Referral
from referrals.money import format_money

PER_PAGE = 50
MOST_PAGES = 1000
MOST_FRIENDS = 10
KINDS = set(Event.Kind.values)


def events_of(advocate: Advocate, user: Any) -> Any:
    """What happened to this person in one's own programs, and what belongs to none, such as purchases."""
    mine = Q(program=None) | Q(program__in=Program.objects.for_staff(user))
    return Event.objects.filter(mine, advocate=advocate)


def timeline_panel(advocate: Advocate, user: Any) -> Panel:
    """The newest, and the way to all of it."""
    more = reverse("admin:referrals_advocate_timeline", args=[advocate.pk])
    return history_panel(events_of(advocate, user), None, more)


def timeline_page(request: HttpRequest, advocate: Advocate) -> HttpResponse:
    """All of it, fifty a page, or of one kind only."""
    events = events_of(advocate, asker(request))
    kinds = events.order_by("kind").values("kind").annotate(count=Count("pk"))
    counted = [
        (row["kind"], Event.Kind(row["kind"]).label, row["count"]) for row in kinds if row["kind"] in KINDS
    ]
    kind, asked = request.GET.get("kind", ""), request.GET.get("p", "")
    number = min(max(1, int(asked)), MOST_PAGES) if asked.isdecimal() and len(asked) < 6 else 1
    chosen = events.filter(kind=kind) if kind in KINDS else events
    newest = chosen.select_related("actor", "referral", "program").newest_first()
    rows = list(newest[(number - 1) * PER_PAGE : number * PER_PAGE + 1])
    shown = {
        "title": _("Everything with %(name)s") % {"name": advocate},
        "advocate": advocate,
        "kinds": counted,
        "kind": kind,
        "rows": [
            (
                moment(event.occurred_at, event.program.zone if event.program else None),
                what(event), link_to(event.referral), why(event), who(event),
            )
            for event in rows[:PER_PAGE]
        ],
        "before": number - 1,
        "next": number + 1 if len(rows) > PER_PAGE else 0,
    }  # fmt: skip
    return TemplateResponse(request, "admin/timeline.html", admin.site.each_context(request) | shown)


def who_they_are(advocate: Advocate) -> Iterable[Any]:
    """What matters about somebody, in sentences: who brought them, whom they brought, what is known of them."""
    came = (
        Referral.objects.filter(became=advocate).select_related("enrolment__advocate").order_by("pk").first()
    )
    if came:
        yield format_html(_("Came by {}."), link_to(came.enrolment.advocate))
    brought = Advocate.objects.filter(came_by__enrolment__advocate=advocate).distinct()[:MOST_FRIENDS]
    if names := [link_to(row) for row in brought]:
        yield format_html(_("Brought {}."), _joined(names))
    if tags := ", ".join(advocate.tags.values_list("name", flat=True)):
        yield _("Tags: %(tags)s.") % {"tags": tags}
    if circles := ", ".join(advocate.picks.values_list("segment__program__name", flat=True)):
        yield _("In the inner circle of %(programs)s.") % {"programs": circles}
    summary = getattr(advocate, "summary", None)
    if summary and summary.satisfaction is not None:
        yield _("Gave %(score)s of 10.") % {"score": summary.satisfaction}
    if spent := ", ".join(format_money(row.amount, row.currency) for row in advocate.spending.all()):
        yield _("Spent %(spent)s.") % {"spent": spent}


def _joined(links: list[Any]) -> Any:
    found = links[0]
    for link in links[1:]:
        found = format_html("{}, {}", found, link)
    return found
