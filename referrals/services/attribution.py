"""Whom a sale counts for: decided from facts alone, so that the order in which they arrive changes nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models import Program
from referrals.models.attribution import Way

STRENGTH = {way: strength for strength, way in enumerate(reversed(Way), start=1)}
# Made together with the sale, a customer's record says nothing about who was there first.
KNOWN_BEFORE = timedelta(days=1)


class Verdict(models.TextChoices):
    """What was said to a touch."""

    COUNTS = "counts", _("this one counts")
    OWN = "own", _("it is the friend's own")
    SETTLED = "settled", _("this recommendation does not count")
    AFTER = "after", _("it came after the sale")
    TOO_OLD = "too_old", _("it was too long before the sale")
    CUSTOMER = "customer", _("the friend was a customer already")
    FOLLOWS = "follows", _("their first order decides")
    WEAKER = "weaker", _("there is a stronger one")
    NOT_LAST = "not_last", _("a later one of its kind counts")
    NOT_FIRST = "not_first", _("an earlier one of its kind counts")


class Rule(models.TextChoices):
    """Why the chosen touch was chosen."""

    ONLY = "only", _("it is the only one that can count")
    STRONGEST = "strongest", _("it is the strongest one")
    LAST = "last", _("of several of its kind it is the last")
    FIRST = "first", _("of several of its kind it is the first")
    FOLLOWS = "follows", _("an earlier order of the friend came by this advocate")
    BY_HAND = "by_hand", _("a colleague said so")
    NOBODY = "nobody", _("no recommendation can count")


@dataclass(frozen=True)
class TouchFact:
    """A touch, as far as the rule asks. ``key`` is its own and stays the same, however it was reported."""

    key: str
    way: str
    enrolment: int
    at: datetime
    referral: int | None = None
    is_own: bool = False
    is_settled: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known about a person who bought: what brought them, and since when they are a customer."""

    touches: tuple[TouchFact, ...] = ()
    customer_since: datetime | None = None


class SaleFact(NamedTuple):
    """An order. ``counts_for`` is set where a person has said for whom it counts; ``touches`` came with it
    and speak for no other order."""

    order: str
    at: datetime
    counts_for: int | None = None
    touches: tuple[TouchFact, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The touch that counts, if any; the rule that chose it; and every touch with what was said to it."""

    enrolment: int | None = None
    touch: TouchFact | None = None
    rule: str = Rule.NOBODY
    considered: tuple[tuple[TouchFact, str], ...] = field(default=())


def attribute(program: Program, facts: Facts, at: datetime, *, follows: int | None = None) -> Decision:
    """Whom a sale at this moment counts for. ``follows`` is the enrolment of the person's first order.

    A stronger way beats a weaker one. Of the strongest the last counts, or the first if the program says so;
    touches of one moment are told apart by their keys. Reads nothing but what it is given.
    """
    touches = sorted(facts.touches, key=lambda touch: (touch.at, touch.key))
    verdicts = {touch: _why_not(program, facts, touch, at, follows) for touch in touches}
    able = [touch for touch in touches if not verdicts[touch]]
    if follows is not None:
        return Decision(follows, None, Rule.FOLLOWS, _considered(verdicts))
    if not able:
        return Decision(considered=_considered(verdicts))
    best = max(STRENGTH[Way(touch.way)] for touch in able)
    strongest = [touch for touch in able if STRENGTH[Way(touch.way)] == best]
    is_first = program.which_touch == Program.WhichTouch.FIRST
    chosen = strongest[0 if is_first else -1]
    for touch in able:
        same_kind = Verdict.NOT_FIRST if is_first else Verdict.NOT_LAST
        verdicts[touch] = same_kind if touch in strongest else Verdict.WEAKER
    verdicts[chosen] = Verdict.COUNTS
    rule = Rule.ONLY if len(able) == 1 else Rule.STRONGEST
    if len(strongest) > 1:
        rule = Rule.FIRST if is_first else Rule.LAST
    return Decision(chosen.enrolment, chosen, rule, _considered(verdicts))


def attribute_all(program: Program, facts: Facts, sales: Iterable[SaleFact]) -> dict[str, Decision]:
    """The answer for each order of one person: later orders follow the first one that came by somebody."""
    found: dict[str, Decision] = {}
    follows: int | None = None
    for sale in sorted(sales, key=lambda sale: (sale.at, sale.order)):
        own = Facts((*facts.touches, *sale.touches), facts.customer_since)
        decision = attribute(program, own, sale.at, follows=follows)
        if sale.counts_for is not None:
            decision = Decision(sale.counts_for, None, Rule.BY_HAND, decision.considered)
        found[sale.order] = decision
        follows = decision.enrolment if follows is None else follows
    return found


def _considered(verdicts: dict[TouchFact, str]) -> tuple[tuple[TouchFact, str], ...]:
    return tuple(verdicts.items())


def _why_not(program: Program, facts: Facts, touch: TouchFact, at: datetime, follows: int | None) -> str:
    """The first thing that stands against this touch; nothing, if it can count."""
    reasons: Sequence[tuple[str, Callable[[], bool]]] = (
        (Verdict.OWN, lambda: touch.is_own),
        (Verdict.AFTER, lambda: touch.at > at),
        (Verdict.FOLLOWS, lambda: follows is not None),
        (Verdict.SETTLED, lambda: touch.is_settled),
        (Verdict.TOO_OLD, lambda: at - touch.at > window(program, touch.way)),
        (Verdict.CUSTOMER, lambda: _was_customer(facts, touch)),
    )
    return next((verdict for verdict, holds in reasons if holds()), "")


def window(program: Program, way: str) -> timedelta:
    """How long before the sale a touch may have been; what a colleague decided has no end."""
    if way == Way.DECIDED:
        return timedelta.max
    days = program.click_days if way == Way.LINK and program.click_days else program.attribution_days
    return timedelta(days=days)


def _was_customer(facts: Facts, touch: TouchFact) -> bool:
    # For a friend whom somebody named, this was settled when they were named.
    if touch.way == Way.DECIDED or touch.referral is not None or facts.customer_since is None:
        return False
    return facts.customer_since < touch.at - KNOWN_BEFORE
