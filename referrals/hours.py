"""Office hours: when a call is due that must happen within so many working hours."""

from datetime import datetime, timedelta

from referrals.models import Program


def due_within_office_hours(program: Program, start: datetime, hours: float) -> datetime:
    """The moment (UTC) when ``hours`` of the program's office time have passed since ``start``.

    Time counts while the office is open in the program's own zone; a call that comes in at night
    starts counting when the office opens. The days of a clock change have their real length.
    """
    left = timedelta(hours=hours)
    day = program.local(start).date()
    while True:
        if str(day.isoweekday()) in program.working_days:
            opens = datetime.combine(day, program.opens_at, program.zone).astimezone(start.tzinfo)
            closes = datetime.combine(day, program.closes_at, program.zone).astimezone(start.tzinfo)
            begin = max(start, opens)
            if begin + left <= closes:
                return begin + left
            left -= max(closes - begin, timedelta(0))
        day += timedelta(days=1)


def call_by(program: Program, start: datetime) -> datetime:
    """When we call at the latest somebody who came at ``start``, as the clock in the office shows it."""
    return program.local(due_within_office_hours(program, start, program.contact_within_hours))


def next_opening(program: Program, after: datetime) -> datetime:
    """The next time the office opens, on a later day than ``after`` (UTC)."""
    day = program.local(after).date()
    while True:
        day += timedelta(days=1)
        if str(day.isoweekday()) in program.working_days:
            return datetime.combine(day, program.opens_at, program.zone).astimezone(after.tzinfo)
