"""“My calls”: what to do now, one card a call, made for a phone."""

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from referrals.admin.cells import colleague, due, status_word
from referrals.admin.scoped import asker
from referrals.models import FollowUp
from referrals.money import format_money
from referrals.roles import programs_granting

# So many cards make a page that a phone opens at once.
SHOWN = 40
LATE, TODAY, LATER = "late", "today", "later"


class Card(NamedTuple):
    """A call as its line shows it."""

    call: Any
    due: Any
    worth: str
    state: Any
    owner: str
    url: str


class Part(NamedTuple):
    """The calls of one stretch of time: how many there are, and the first of them."""

    name: str
    title: str
    total: int
    cards: list[Card]
    more_url: str


def show_my_calls(request: HttpRequest) -> HttpResponse:
    """One's own calls and those that nobody has; with ``?whose=all`` everyone's."""
    user = asker(request)
    if not user.has_perm("referrals.change_followup"):
        raise PermissionDenied
    now, everyone = timezone.now(), request.GET.get("whose") == "all"
    programs = list(programs_granting(user, "change", FollowUp))
    rows = FollowUp.objects.to_make().filter(referral__program__in=programs)
    if not everyone:
        rows = FollowUp.objects.for_caller(user, programs)
    shown = {
        "title": _("Everyone's calls") if everyone else _("My calls"),
        "everyone": everyone,
        "parts": _parts(rows, FollowUp.objects.due_today(programs, now), now, everyone=everyone),
        "all_url": reverse("admin:referrals_followup_changelist"),
    }
    return TemplateResponse(request, "admin/my_calls.html", admin.site.each_context(request) | shown)


def _parts(rows: Any, today: Q, now: datetime, *, everyone: bool) -> list[Part]:
    """Late, today, later; the fullest page has ``SHOWN`` cards. Two queries."""
    when = {LATE: Q(due_at__lt=now), TODAY: Q(due_at__gte=now) & today, LATER: Q(due_at__gte=now) & ~today}
    counts = rows.aggregate(**{name: Count("pk", filter=which) for name, which in when.items()})
    titles = {LATE: _("Late"), TODAY: _("Today"), LATER: _("Later")}
    links = {LATE: "when=overdue", TODAY: "when=today", LATER: ""}
    cards: dict[str, list[Card]] = {name: [] for name in when}
    for call in rows.for_queue().best_first()[:SHOWN]:
        cards[_part_of(call, now)].append(_card(call, everyone=everyone))
    whose = "" if everyone else "owner=me&"
    page = reverse("admin:referrals_followup_changelist")
    return [
        Part(name, titles[name], counts[name], cards[name], f"{page}?{whose}{links[name]}")
        for name in when
        if counts[name]
    ]


def _part_of(call: FollowUp, now: datetime) -> str:
    if call.due_at < now:
        return LATE
    local = call.referral.program.local
    return TODAY if local(call.due_at).date() == local(now).date() else LATER


def _card(call: Any, *, everyone: bool) -> Card:
    referral, program = call.referral, call.referral.program
    return Card(
        call=call,
        due=due(call.due_at, program.zone),
        worth=format_money(round(call.worth), program.currency) if call.worth else "",
        state=status_word(referral.status, referral.get_status_display()),
        owner=(colleague(call.owner) or _("nobody's")) if everyone or not call.owner_id else "",
        url=reverse("admin:referrals_followup_change", args=[call.pk]),
    )
