"""What the company's customers bought, said and got done; and who of them is asked first."""

from datetime import datetime
from typing import Any, NamedTuple

from campaigns.services.finder import call_ten
from referrals.models import Advocate, Enrolment, Event, Program, Segment, Tag
from referrals.services.finder import finder_of
from referrals.services.segment import pick, size_segments
from referrals.services.summary import renew_summaries
from referrals.services.tag import put_tag

Kind = Event.Kind


class Known(NamedTuple):
    """Something outside, so many days ago: what, to whom, and what is said of it."""

    days: int
    kind: str
    name: str
    data: dict[str, Any] = {}


KNOWN = (
    Known(300, Kind.DEAL_WON, "Priya Shah", {"amount": 890000}),
    Known(250, Kind.DEAL_WON, "George Whitfield", {"amount": 640000}),
    Known(200, Kind.DEAL_WON, "Hannah Lindqvist", {"amount": 1120000}),
    Known(190, Kind.DEAL_WON, "Peter Novak", {"amount": 580000}),
    Known(180, Kind.DEAL_WON, "Ruth Abernathy", {"amount": 720000}),
    Known(160, Kind.DEAL_WON, "Yasmin Haddad", {"amount": 930000}),
    Known(70, Kind.PURCHASE, "Hannah Lindqvist", {"amount": 45000}),
    Known(52, Kind.PROJECT_DONE, "Marcus Bello"),
    Known(41, Kind.RESULT, "Priya Shah"),
    Known(33, Kind.SATISFACTION, "Marcus Bello", {"score": 10}),
    Known(30, Kind.SATISFACTION, "George Whitfield", {"score": 8}),
    Known(29, Kind.SATISFACTION, "Callum Fraser", {"score": 10}),
    Known(27, Kind.SATISFACTION, "Peter Novak", {"score": 9}),
    Known(25, Kind.PURCHASE, "Yasmin Haddad", {"amount": 38000}),
    Known(23, Kind.SATISFACTION, "Yasmin Haddad", {"score": 9}),
    Known(21, Kind.SATISFACTION, "Siobhan Keane", {"score": 9}),
    Known(15, Kind.RESULT, "Sofia Karlsson"),
    Known(14, Kind.RESULT, "Alice Moreau"),
    Known(13, Kind.PURCHASE, "The Old Bakery", {"amount": 52000}),
    Known(12, Kind.ENGAGED, "Arthur Pym", {"action": "Came to the open day"}),
    Known(10, Kind.SATISFACTION, "Alice Moreau", {"score": 9}),
    Known(9, Kind.ENGAGED, "Marcus Bello", {"action": "Came to the open day"}),
    Known(8, Kind.SATISFACTION, "Daniel Osei", {"score": 8}),
    Known(6, Kind.RESULT, "Tunde Adeyemi"),
    Known(4, Kind.PROJECT_DONE, "Oliver Grant"),
    Known(2, Kind.ENGAGED, "Lisa Bergman", {"action": "Sent a photo of the roof"}),
)
INNER_CIRCLE = ("Callum Fraser", "Hannah Lindqvist")


def hear(known: Known, program: Program, at: datetime) -> None:
    """The shop, the fitters or a colleague tell of it at that moment."""
    advocate = Advocate.objects.get(name=known.name)
    money = {"currency": program.currency} if "amount" in known.data else {}
    event = Event(
        kind=known.kind, program=program, advocate=advocate, occurred_at=at, data=known.data | money,
        dedup_key=f"demo:{known.kind}:{advocate.pk}:{known.days}",
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
