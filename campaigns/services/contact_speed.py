"""How fast friends are called: counted where the rows are, in nine queries however many there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import Cast, Coalesce, CumeDist, TruncWeek
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from referrals.hours import office_hours_before
from referrals.models import FollowUp, Lead, Program, Referral

Status = Referral.Status
# Nobody was to call these: they cannot count, wait for a decision, or said no before anyone could.
NOT_TO_CALL = Q(status__in=(Status.REJECTED, Status.UNDER_REVIEW)) | Q(
    contacted_at=None, status__in=(Status.LOST, Status.CONVERTED)
)


@dataclass(frozen=True)
class Speed:
    """Friends of one kind: how many came, were talked with, are late, and how long they waited.

    Hours are business hours; ``real`` ones are on the clock. A half and nine tenths waited no longer than
    ``median`` and ``most``; None where nobody was talked with. ``in_time`` is the share, in whole percent, of
    those who were talked with in time among all whose time is up.
    """

    label: str
    came: int
    talked: int
    missed: int
    median: float | None
    most: float | None
    real_median: float | None
    in_time: int | None


@dataclass(frozen=True)
class Backlog:
    """Calls that somebody still has to make."""

    label: str
    open: int
    overdue: int
    escalated: int


class Speeds:
    """The friends of a program who came since a moment, in several divisions; a query each."""

    def __init__(self, program: Program, *, since: datetime, now: datetime) -> None:
        self.program, self.now = program, now
        self.target = program.contact_within_hours * 60
        # Whoever came before this and was not talked with has waited too long.
        self.limit = office_hours_before(program, now, program.contact_within_hours)
        self.rows: QuerySet[Any] = self._came(since)

    def _came(self, since: datetime) -> QuerySet[Any]:
        return Referral.objects.filter(program=self.program, submitted_at__gte=since).exclude(NOT_TO_CALL)

    def all(self) -> Speed:
        found = self._divided(Value("", output_field=CharField()))
        return found[0] if found else Speed(_("all friends"), 0, 0, 0, None, None, None, None)

    def by_owner(self) -> list[Speed]:
        name = Case(
            When(owner=None, then=Value("")),
            When(owner__first_name="", then=F("owner__username")),
            default=F("owner__first_name"),
        )
        return self._named(name, _("nobody"))

    def by_source(self) -> list[Speed]:
        labels = dict(Referral.Source.choices)
        return [
            _relabelled(speed, str(labels.get(speed.label, speed.label)))
            for speed in self._divided(F("source"))
        ]

    def by_channel(self) -> list[Speed]:
        return self._named(Coalesce(F("channel__name"), Value("")), _("no channel"))

    def by_week(self) -> list[Speed]:
        """The newest first; a week begins on Monday, in the office."""
        week = Cast(TruncWeek("submitted_at", tzinfo=self.program.zone), CharField())
        found = sorted(self._divided(week), key=lambda speed: speed.label, reverse=True)
        return [_relabelled(speed, _week(speed.label)) for speed in found]

    def _named(self, division: Any, nameless: str) -> list[Speed]:
        return [_relabelled(speed, speed.label or nameless) for speed in self._divided(division)]

    def _divided(self, division: Any) -> list[Speed]:
        waited = F("contacted_at") - F("submitted_at")
        timed = self.rows.annotate(division=division, is_talked=_is_talked(), real=waited).annotate(
            place=_place("contact_minutes"), real_place=_place("real"),
        ).values("division", "is_talked", "contact_minutes", "real", "place", "real_place", "submitted_at")  # fmt: skip
        return [self._speed(*row) for row in self._summed(timed)]

    def _summed(self, timed: QuerySet[Any, Any]) -> Iterable[tuple[Any, ...]]:
        """One row a division. The ORM cannot sum up over windows, so its query stands inside ours."""
        inner, values = timed.query.sql_with_params()
        outer = f"""
            SELECT division, COUNT(*), SUM(is_talked),
                SUM(CASE WHEN is_talked = 0 AND submitted_at <= %s THEN 1 ELSE 0 END),
                SUM(CASE WHEN is_talked = 1 AND contact_minutes <= %s THEN 1 ELSE 0 END),
                MIN(CASE WHEN is_talked = 1 AND place >= 0.5 THEN contact_minutes END),
                MIN(CASE WHEN is_talked = 1 AND place >= 0.9 THEN contact_minutes END),
                MIN(CASE WHEN is_talked = 1 AND real_place >= 0.5 THEN real END)
            FROM ({inner}) AS timed GROUP BY division ORDER BY COUNT(*) DESC, division LIMIT 60
        """  # noqa: S608 - the ORM's own statement, its values apart
        limit = connection.ops.adapt_datetimefield_value(self.limit)
        with connection.cursor() as cursor:
            cursor.execute(outer, [limit, self.target, *values])
            return cursor.fetchall()

    def _speed(
        self, label: str, came: int, talked: int, missed: int, in_time: int, median: Any, most: Any, real: Any
    ) -> Speed:
        over = talked + missed
        return Speed(
            str(label or ""), came, talked, missed, _hours(median), _hours(most), _real_hours(real),
            round(100 * in_time / over) if over else None,
        )  # fmt: skip


class LeadSpeeds(Speeds):
    """The same of other leads, as far as other systems report them."""

    def _came(self, since: datetime) -> QuerySet[Any]:
        return Lead.objects.filter(program=self.program, submitted_at__gte=since)

    def by_source(self) -> list[Speed]:
        return self._named(F("source"), "–")


def backlog(program: Program, *, now: datetime) -> list[Backlog]:
    """The open calls of each colleague, the most first; one query."""
    calls = FollowUp.objects.open().filter(referral__program=program)
    rows = calls.values_list("owner__first_name", "owner__username").annotate(
        open=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        escalated=Count("pk", filter=Q(told=FollowUp.Told.ESCALATED)),
    )
    ordered = rows.order_by("-open", "owner__username")[:60]
    return [Backlog(first or username or _("nobody"), *counts) for first, username, *counts in ordered]


def _is_talked() -> Case:
    return Case(When(contacted_at=None, then=Value(0)), default=Value(1))


def _place(column: str) -> Window:
    """Which share of the same division waited no longer; those who still wait are apart."""
    return Window(CumeDist(), partition_by=[F("division"), F("is_talked")], order_by=F(column).asc())


def _relabelled(speed: Speed, label: str) -> Speed:
    return Speed(**(speed.__dict__ | {"label": label}))


def _hours(minutes: int | None) -> float | None:
    return None if minutes is None else round(minutes / 60, 1)


def _real_hours(waited: Any) -> float | None:
    """SQLite counts a duration in microseconds, PostgreSQL has a type for it."""
    if waited is None:
        return None
    duration = waited if isinstance(waited, timedelta) else timedelta(microseconds=int(waited))
    return round(duration / timedelta(hours=1), 1)


def _week(label: str) -> str:
    monday = datetime.fromisoformat(label[:10]).date()
    return _("week of %(day)s") % {"day": date_format(monday, "j E Y")}
