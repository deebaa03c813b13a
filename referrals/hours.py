"""Office hours: when a call is due that must happen within so many working hours.

Weekends, public holidays and the program's own closed days do not count.
"""

from datetime import UTC, date, datetime, time, timedelta

from referrals.models import Program


def due_within_office_hours(program: Program, start: datetime, hours: float) -> datetime:
    """The moment (UTC) when ``hours`` of the program's office time have passed since ``start``.

    Time counts while the office is open in the program's own zone; a call that comes in at night
    starts counting when the office opens. The days of a clock change have their real length.
    """
    left = timedelta(hours=hours)
    day = program.local(start).date()
    while True:
        if program.is_open_on(day):
            opens, closes = _office_day(program, day)
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
        if program.is_open_on(day):
            return _office_day(program, day)[0]


def is_open(program: Program, moment: datetime) -> bool:
    """Whether somebody is in the office at this moment."""
    day = program.local(moment).date()
    opens, closes = _office_day(program, day)
    return program.is_open_on(day) and opens <= moment < closes


def opened_at(program: Program, moment: datetime) -> datetime:
    """When the office opens on the day of this moment (UTC)."""
    return _office_day(program, program.local(moment).date())[0]


def open_from(program: Program, moment: datetime) -> datetime:
    """The moment itself while the office is open, else when it opens next (UTC)."""
    day = program.local(moment).date()
    opens, _closes = _office_day(program, day)
    if program.is_open_on(day) and moment < opens:
        return opens
    return moment if is_open(program, moment) else next_opening(program, moment)


def office_time_between(program: Program, start: datetime, end: datetime) -> timedelta:
    """How long the office was open from ``start`` to ``end``."""
    total, day = timedelta(0), program.local(start).date()
    while day <= program.local(end).date():
        if program.is_open_on(day):
            opens, closes = _office_day(program, day)
            total += max(min(end, closes) - max(start, opens), timedelta(0))
        day += timedelta(days=1)
    return total


def office_hours_before(program: Program, end: datetime, hours: float) -> datetime:
    """The latest moment (UTC) since which ``hours`` of office time have passed by ``end``."""
    left, day = timedelta(hours=hours), program.local(end).date()
    while True:
        if program.is_open_on(day):
            opens, closes = _office_day(program, day)
            until = min(end, closes)
            if until - left >= opens:
                return until - left
            left -= max(until - opens, timedelta(0))
        day -= timedelta(days=1)


def times_to_call(program: Program, now: datetime) -> list[datetime]:
    """When to try again somebody who was not reached: in two hours, and twice on the next working day."""
    soon = due_within_office_hours(program, now, 2)
    next_day = next_opening(program, now)
    opens, closes = _office_day(program, program.local(next_day).date())
    later = [next_day + timedelta(hours=1), opens + (closes - opens) * 3 / 4]
    return [_to_quarter(moment) for moment in (soon, *later) if moment >= soon]


def _to_quarter(moment: datetime) -> datetime:
    """The next full quarter of an hour."""
    rest = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return moment - rest + timedelta(minutes=15) if rest else moment


def _office_day(program: Program, day: date) -> tuple[datetime, datetime]:
    """When the office opens and closes on this day (UTC)."""
    opens, closes = (_at(program, day, at) for at in (program.opens_at, program.closes_at))
    return opens, closes


def _at(program: Program, day: date, at: time) -> datetime:
    return datetime.combine(day, at, program.zone).astimezone(UTC)
