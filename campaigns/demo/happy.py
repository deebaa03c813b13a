"""What the company's customers bought, said and got done; and who of them is asked first."""

from datetime import datetime, timedelta
from typing import Any

from campaigns.services.finder import call_ten
from referrals.models import Advocate, Enrolment, Event, Segment, Tag
from referrals.services.finder import finder_of
from referrals.services.segment import pick, size_segments
from referrals.services.summary import renew_summaries
from referrals.services.tag import put_tag

Kind = Event.Kind

# so many days ago, what, who, and what was said of it
KNOWN: tuple[tuple[int, str, str, dict[str, Any]], ...] = (
    (300, Kind.DEAL_WON, "Priya Shah", {"amount": 890000}),
    (41, Kind.RESULT, "Priya Shah", {}),
    (250, Kind.DEAL_WON, "George Whitfield", {"amount": 640000}),
    (30, Kind.SATISFACTION, "George Whitfield", {"score": 8}),
    (200, Kind.DEAL_WON, "Hannah Lindqvist", {"amount": 1120000}),
    (70, Kind.PURCHASE, "Hannah Lindqvist", {"amount": 45000}),
    (52, Kind.PROJECT_DONE, "Marcus Bello", {}),
    (9, Kind.ENGAGED, "Marcus Bello", {}),
    (180, Kind.DEAL_WON, "Ruth Abernathy", {"amount": 720000}),
    (14, Kind.RESULT, "Alice Moreau", {}),
    (10, Kind.SATISFACTION, "Alice Moreau", {"score": 9}),
    (4, Kind.PROJECT_DONE, "Oliver Grant", {}),
)
INNER_CIRCLE = ("Callum Fraser", "Hannah Lindqvist")


def know_people(enrolments: dict[str, Enrolment], now: datetime) -> None:
    """Record what happened outside, at its own moment."""
    for days, kind, name, data in KNOWN:
        place, at = enrolments[name], now - timedelta(days=days)
        told = data | {"currency": place.program.currency} if "amount" in data else data
        event = Event(
            kind=kind, program=place.program, advocate=place.advocate, occurred_at=at, data=told,
            dedup_key=f"demo:{kind}:{place.pk}:{days}",
        )  # fmt: skip
        Event.objects.record([event], now=at)


def find_happy(enrolments: dict[str, Enrolment], by: Any, now: datetime) -> None:
    """The manager picks an inner circle, saves a segment, and puts the best on the call list."""
    program = enrolments["Priya Shah"].program
    renew_summaries(now=now)
    chosen = [enrolments[name].advocate_id for name in INNER_CIRCLE]
    pick(Advocate.objects.filter(pk__in=chosen), program=program, now=now, by=by)
    put_tag(Advocate.objects.filter(name="Priya Shah"), Tag.objects.create(name="case study"), now=now, by=by)
    rows = [{"field": "satisfaction", "is": "at_least", "value": 9}]
    Segment.objects.create(name="Promoters", program=program, conditions=rows)
    size_segments(now=now)
    call_ten(program, finder_of(program), None, now=now, by=by)
