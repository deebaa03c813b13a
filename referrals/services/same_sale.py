"""One sale that was written down twice: by a colleague without an order number, and by the shop with one."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from referrals.models import Conversion, Event, Referral

WITHIN = timedelta(days=7)
# A friend with more sales than this is looked through as far as here.
MOST_SALES = 50
Kind = Event.Kind


class Doubt(NamedTuple):
    """Two sales to one friend within days, one of them without a number, with different amounts."""

    by_hand: Conversion
    other: Conversion


def same_by_hand(
    known: Iterable[Conversion], *, amount: int, currency: str, at: datetime
) -> Conversion | None:
    """What a colleague recorded of this sale before it was reported, if they did: the nearest in time."""
    same = [
        sold for sold in known
        if sold.has_no_number and sold.reversed_at is None and (sold.amount, sold.currency) == (amount, currency)
        and _apart(sold.occurred_at, at) <= WITHIN
    ]  # fmt: skip
    return min(same, key=lambda sold: _apart(sold.occurred_at, at), default=None)


def reported_before(sale: Conversion) -> Conversion | None:
    """The sale from outside that a colleague means who records this one without a number. Where they have
    recorded one before, that is meant."""
    mine = sale.referral.conversions.filter(reversed_at=None, currency=sale.currency)
    near = mine.filter(occurred_at__range=(sale.occurred_at - WITHIN, sale.occurred_at + WITHIN))
    found = list(near.order_by("occurred_at", "pk")[:MOST_SALES])
    if any(sold.has_no_number for sold in found):
        return None
    same = [sold for sold in found if sold.amount == sale.amount]
    return min(same, key=lambda sold: _apart(sold.occurred_at, sale.occurred_at), default=None)


def joined(
    sold: Conversion, referral: Referral, *, number: str, by_hand_at: datetime, at: datetime, first: str,
    now: datetime, by: Any,
) -> Event:  # fmt: skip
    """The row that says why two reports are one sale. ``number`` is what stood for the order number by hand,
    ``at`` when it was sold by the report from outside, ``first`` which of the two came first."""
    return Event(
        kind=Kind.CONVERSION_JOINED, program_id=sold.program_id, advocate_id=referral.enrolment.advocate_id,
        referral=referral, actor=by, occurred_at=now, dedup_key=f"conversion:{sold.pk}:joined",
        data={
            "order": sold.external_id, "amount": sold.amount, "currency": sold.currency, "conversion": sold.pk,
            "number": number, "by_hand_at": by_hand_at.isoformat(), "at": at.isoformat(), "came_first": first,
            "days": _apart(by_hand_at, at).days,
        },
    )  # fmt: skip


def joined_as(sale: Conversion) -> Event | None:
    """How this sale came to stand for two reports, unless a person has told them apart."""
    kinds = (Kind.CONVERSION_JOINED, Kind.CONVERSION_TOLD_APART)
    told = Event.objects.filter(referral=sale.referral_id, kind__in=kinds, data__conversion=sale.pk)
    newest = told.order_by("-recorded_at", "-pk").first()
    return newest if newest and newest.kind == Kind.CONVERSION_JOINED else None


def doubts_of(referral: Referral) -> list[Doubt]:
    """Sales of a friend that may be one, where the amounts differ and nobody has said that they are two."""
    sales = list(referral.conversions.filter(reversed_at=None).order_by("-occurred_at", "pk")[:MOST_SALES])
    by_hand = [sold for sold in sales if sold.has_no_number]
    if not by_hand or len(sales) < 2:
        return []
    told = Event.objects.filter(referral=referral, kind=Kind.CONVERSION_TOLD_APART)
    settled = {event.data.get("conversion") for event in told}
    return [
        Doubt(sold, other)
        for sold in by_hand for other in sales
        if other != sold and other.currency == sold.currency and other.amount != sold.amount
        and _apart(sold.occurred_at, other.occurred_at) <= WITHIN and sold.pk not in settled
    ]  # fmt: skip


def _apart(one: datetime, other: datetime) -> timedelta:
    return abs(one - other)
