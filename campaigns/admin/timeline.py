"""Everything between the company and one person, in the order of time, and who came by whom."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import CharField, Count, F, Max, Q, Value
from django.db.models.functions import Cast, Coalesce, TruncDate
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import TO_FRIEND, TO_STAFF, Message, Purpose
from referrals.admin.cells import colleague, link_to, moment, status_word
from referrals.admin.history import NEWEST, what, who, why
from referrals.admin.scoped import Panel, asker
from referrals.models import Advocate, Click, Event, Program, Referral
from referrals.money import format_money
from referrals.roles import programs_granting

PER_PAGE = 50
MOST_PAGES = 1000
MOST_FRIENDS = 10
KINDS = set(Event.Kind.values)
EVENT, MESSAGE, VISIT = "event", "message", "visit"
# When a message left, or was held back, or was written, where it still waits.
WHEN = Coalesce("sent_at", "held_at", "created_at")
WAITS = {Message.Status.QUEUED, Message.Status.WITHHELD, Message.Status.BY_HAND}


def events_of(advocate: Advocate, user: Any) -> Any:
    """What happened to this person in one's own programs, and what belongs to none, such as purchases."""
    mine = Q(program=None) | Q(program__in=Program.objects.for_staff(user))
    return Event.objects.filter(mine, advocate=advocate)


def messages_of(advocate: Advocate, user: Any) -> Any:
    """What was written to them and to their friends, sent or not, in the programs whose mail one may read; neither
    sign-in codes nor what colleagues were told."""
    mine = Message.objects.filter(advocate=advocate, program__in=programs_granting(user, "view", Message))
    return mine.exclude(purpose__in=TO_STAFF | {Purpose.SIGN_IN})


def visits_of(advocate: Advocate, user: Any) -> Any:
    """Visits of people, not of machines, to their share links."""
    return Click.objects.for_staff(user).by_people().filter(enrolment__advocate=advocate)


class Everything:
    """Happenings, messages and visits of one person as one list, newest first; of one kind, if one is chosen."""

    def __init__(self, advocate: Advocate, user: Any, kind: str = "") -> None:
        self.events, self.messages = events_of(advocate, user), messages_of(advocate, user)
        self.visits = visits_of(advocate, user)
        self.kind = kind if kind in KINDS | {MESSAGE, VISIT} else ""

    def kinds(self) -> list[tuple[str, Any, int]]:
        """What there is to choose from, with its number."""
        kinds = self.events.order_by("kind").values("kind").annotate(count=Count("pk"))
        found = [
            (row["kind"], Event.Kind(row["kind"]).label, row["count"])
            for row in kinds
            if row["kind"] in KINDS
        ]
        more = ((MESSAGE, _("messages"), self.messages.count()), (VISIT, _("visits"), self.visits.count()))
        return [*found, *(row for row in more if row[2])]

    def rows(self, start: int, stop: int) -> list[tuple[Any, ...]]:
        """When, what, about which friend, why and by whom; in four queries, however much there is."""
        parts = {
            EVENT: _keys(self.events, F("occurred_at")),
            MESSAGE: _keys(self.messages, WHEN),
            VISIT: self._days(),
        }
        if self.kind in KINDS:
            parts = {EVENT: _keys(self.events.filter(kind=self.kind), F("occurred_at"))}
        elif self.kind:
            parts = {self.kind: parts[self.kind]}
        named = [
            keys.annotate(sort=Value(sort)).values_list("sort", "own", "came", "times")
            for sort, keys in parts.items()
        ]
        page = list(named[0].union(*named[1:], all=True).order_by("-came", "-own")[start:stop])
        shown = {EVENT: self._events(page), MESSAGE: self._messages(page), VISIT: self._visits(page)}
        return [row for sort, key, _at, _count in page if (row := shown[sort].get(UUID(key)))]

    def _days(self) -> Any:
        """Visits of one day by one way are one line; its key is that of the last of them."""
        days = self.visits.annotate(day=TruncDate("at")).order_by().values("day", "enrolment", "channel")
        return days.annotate(own=Max(Cast("pk", CharField())), came=Max("at"), times=Count("pk"))

    def _events(self, page: Sequence[Any]) -> dict[UUID, tuple[Any, ...]]:
        rows = self.events.select_related("actor", "referral", "program").in_bulk(_of(EVENT, page))
        return {
            pk: (
                moment(event.occurred_at, event.program.zone if event.program else None),
                what(event), link_to(event.referral), why(event), who(event),
            )
            for pk, event in rows.items()
        }  # fmt: skip

    def _messages(self, page: Sequence[Any]) -> dict[UUID, tuple[Any, ...]]:
        rows = self.messages.select_related("referral", "program", "user").defer("html", "text", "context")
        found = rows.in_bulk(_of(MESSAGE, page))
        return {
            pk: (
                moment(row.sent_at or row.held_at or row.created_at, row.program.zone),
                format_html(
                    "{} {} {}", link_to(row), _("(to the friend)") if row.purpose in TO_FRIEND else "",
                    status_word(row.status, row.get_status_display()),
                ),
                link_to(row.referral), _became(row), colleague(row.user) or _("by itself"),
            )
            for pk, row in found.items()
        }  # fmt: skip

    def _visits(self, page: Sequence[Any]) -> dict[UUID, tuple[Any, ...]]:
        counts = {UUID(key): count for sort, key, _at, count in page if sort == VISIT}
        rows = Click.objects.select_related("enrolment__program", "channel").in_bulk(list(counts))
        said = {
            pk: ngettext("%(count)d visit to the share link", "%(count)d visits to the share link", count)
            % {"count": count}
            for pk, count in counts.items()
        }
        return {
            pk: (
                moment(row.at, row.enrolment.program.zone), said[pk], "", row.channel.name if row.channel else "",
                _("people"),
            )
            for pk, row in rows.items()
        }  # fmt: skip


def _keys(rows: Any, at: Any) -> Any:
    # As text, which the database can also take the greatest of.
    return rows.order_by().annotate(own=Cast("pk", CharField()), came=at, times=Value(1))


def _of(sort: str, page: Sequence[Any]) -> list[UUID]:
    return [UUID(key) for found, key, _at, _count in page if found == sort]


def _became(row: Message) -> str:
    """Why it did not leave, or what is known of it since."""
    held = row.get_held_for_display() if row.status in WAITS else ""
    seen = _("delivered") if row.delivered_at else ""
    return " · ".join(str(part) for part in (held, row.reason if row.reason != held else "", seen) if part)


def timeline_panel(advocate: Advocate, user: Any) -> Panel:
    """The newest, and the way to all of it."""
    more = reverse("admin:referrals_advocate_timeline", args=[advocate.pk])
    headers = (_("When"), _("What happened"), _("Friend"), _("Why"), _("By"))
    rows = Everything(advocate, user).rows(0, NEWEST)
    return Panel(_("History"), headers, rows, _("Nothing has happened yet."), more)


def timeline_page(request: HttpRequest, advocate: Advocate) -> HttpResponse:
    """All of it, fifty a page, or of one kind only."""
    everything = Everything(advocate, asker(request), request.GET.get("kind", ""))
    asked = request.GET.get("p", "")
    number = min(max(1, int(asked)), MOST_PAGES) if asked.isdecimal() and len(asked) < 6 else 1
    rows = everything.rows((number - 1) * PER_PAGE, number * PER_PAGE + 1)
    shown = {
        "title": _("Everything with %(name)s") % {"name": advocate},
        "advocate": advocate,
        "kinds": everything.kinds(),
        "kind": everything.kind,
        "rows": rows[:PER_PAGE],
        "before": number - 1,
        "next": number + 1 if len(rows) > PER_PAGE else 0,
    }
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
