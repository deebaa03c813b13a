"""Budgets and the calendar: which are about to end, and which begin anew by themselves."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from referrals.models import Program
from rewards.models import Budget

# A budget that begins anew is there a week before, so that somebody can look at it.
AHEAD = timedelta(days=7)


class Ending(NamedTuple):
    """A budget after which nothing is promised any more. ``days_left`` counts today; 0 when it is over."""

    budget: Budget
    days_left: int

    @property
    def sentence(self) -> str:
        """What that means, for staff."""
        day = date_format(self.budget.ends_on, "j F Y")
        if self.days_left:
            return _("The budget ends on %(day)s; from then on rewards wait for the next one") % {"day": day}
        return _("The budget ended on %(day)s; rewards wait until there is another") % {"day": day}


def ending_budgets(programs: QuerySet[Program] | Iterable[int], *, now: datetime) -> list[Ending]:
    """Budgets of live programs that are over or end within the program's days of warning, and that no
    other follows; in one query."""
    rows = Budget.objects.filter(program__in=programs, program__status=Program.Status.LIVE)
    found = []
    for budgets in _by_program(rows.select_related("program__scheme")):
        today = budgets[0].program.local(now).date()
        if (last := _current(budgets, today)) is None or last.afterwards != Budget.Afterwards.WAIT:
            continue
        left = max((last.next_day - today).days, 0)
        if left <= warn_days(last.program) and not any(b.starts_on == last.next_day for b in budgets):
            found.append(Ending(last, left))
    return found


def warn_days(program: Program) -> int:
    """How long before something runs out its managers want to know."""
    scheme = getattr(program, "scheme", None)
    return 14 if scheme is None else scheme.warn_days


def renew_budgets(*, now: datetime) -> int:
    """Begin the next period of budgets that renew themselves, a week ahead. Repeatable, and a clock that
    stood still makes up for it; returns how many were made."""
    rows = Budget.objects.filter(program__status=Program.Status.LIVE)
    made = 0
    for budgets in _by_program(rows.select_related("program")):
        today = budgets[0].program.local(now).date()
        while new := _next(budgets, today + AHEAD):
            budgets.append(new)
            # A period that nobody can spend anything in any more is passed over.
            made += new.ends_on >= today and _store(new)
    return made


def _store(new: Budget) -> bool:
    _stored, is_new = Budget.objects.get_or_create(
        program=new.program, starts_on=new.starts_on,
        defaults={"ends_on": new.ends_on, "amount": new.amount, "afterwards": new.afterwards},
    )  # fmt: skip
    return is_new


def _next(budgets: list[Budget], by_day: date) -> Budget | None:
    """The period that has to begin by that day and is not there, up to the one that somebody planned."""
    last = _current(budgets, by_day)
    if last is None or last.covers(by_day) or last.afterwards not in Budget.MONTHS:
        return None
    ends = _months_after(last.next_day, Budget.MONTHS[last.afterwards]) - timedelta(days=1)
    planned = [b.starts_on - timedelta(days=1) for b in budgets if b.starts_on > last.starts_on]
    return Budget(
        program=last.program, starts_on=last.next_day, ends_on=min([ends, *planned]), amount=last.amount,
        afterwards=last.afterwards,
    )  # fmt: skip


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))


def _current(budgets: Iterable[Budget], day: date) -> Budget | None:
    """The newest that has begun by that day."""
    begun = [budget for budget in budgets if budget.starts_on <= day]
    return max(begun, key=lambda budget: budget.starts_on, default=None)


def _by_program(rows: QuerySet[Budget]) -> Iterable[list[Budget]]:
    for _program, budgets in groupby(rows.order_by("program_id", "starts_on"), lambda b: b.program_id):
        yield list(budgets)
