from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from referrals.models import Conversion, Event
from referrals.prepared import prepared
from rewards.models import Reward
from rewards.services.grant import friends_in_order
from rewards.services.renewal import queue_up
from rewards.services.reward import promise_again, revoke

Status = Reward.Status
SALE_REVERSED = Reward.Reason.SALE_REVERSED
NOT_GIVEN_YET = (Status.WAITING, Status.PENDING, Status.APPROVED)
GONE = (SALE_REVERSED, Reward.Reason.SALE_REDUCED)
SOLD, REVERSED = Event.Kind.CONVERSION_RECORDED, Event.Kind.CONVERSION_REVERSED
REDUCED = Event.Kind.CONVERSION_REDUCED


def take_back(events: Sequence[Event], *, now: datetime) -> None:
    """After a reversed sale, or one of which too little is left for the rule: free what that sale earned and was
    not handed out, claim back what was.

    A later sale of the same friend that fits the rule stands in for the one that is gone: then the reward
    stays, and waits its time from that sale on.
    """
    undone = {(e.referral_id, e.data.get("order")): e for e in events if e.kind in (REVERSED, REDUCED)}
    if not undone:
        return
    earned = Reward.objects.alive().exclude(status=Status.CLAIMED)
    earned = earned.filter(referral__in={referral for referral, _order in undone}, event__kind=SOLD)
    queue_up(earned.values_list("enrolment", flat=True))
    rows = earned.select_related("event", "rule__program").order_by("pk")
    locked = rows.select_for_update(of=("self",), no_key=True)
    why = {row: undone.get((row.referral_id, row.event.data.get("order"))) for row in locked}
    lost = [row for row, event in why.items() if event and _is_too_little(row, event)]
    standing = _sales_that_stand({row.referral_id for row in lost})
    kept = [row for row in lost if _stand_in(row, standing[row.referral_id])]
    Reward.objects.bulk_update(kept, ["event", "inputs", "due_at"], batch_size=200)
    gone = [row for row in lost if row not in kept]
    for reason, kind in ((SALE_REVERSED, REVERSED), (Reward.Reason.SALE_REDUCED, REDUCED)):
        if keys := [row.pk for row in gone if why[row].kind == kind]:  # type: ignore[union-attr]
            revoke(Reward.objects.filter(pk__in=keys), reason=reason, now=now, by=None)


def _is_too_little(reward: Reward, undone: Event) -> bool:
    """Whether nothing, or less than the rule's minimum, is left of the sale that earned this."""
    if undone.kind == REVERSED:
        return True
    least = reward.rule.minimum if reward.rule else 0
    return bool(least > undone.data["left"])


def _sales_that_stand(referrals: Iterable[int | None]) -> dict[int | None, list[Event]]:
    """The sales of each of these friends that were not taken back, oldest first, as they were recorded."""
    live = Conversion.objects.filter(referral__in=referrals, reversed_at=None)
    columns = live.values_list("referral", "external_id", F("amount") - F("refunded")) if referrals else ()
    orders = {(referral, order): left for referral, order, left in columns}
    found: dict[int | None, list[Event]] = defaultdict(list)
    if orders:
        recorded = Event.objects.filter(referral__in={referral for referral, _order in orders}, kind=SOLD)
        for event in recorded.order_by("pk"):
            order = (event.referral_id, event.data.get("order"))
            if order in orders:
                event.data = event.data | {"amount": orders[order]}
                found[event.referral_id].append(event)
    return found


def _stand_in(reward: Reward, standing: Sequence[Event]) -> bool:
    """Let the first later sale that fits the rule carry the reward. An earlier one earned it then or never."""
    later = (e for e in standing if e.pk > reward.event_id and reward.rule and reward.rule.fits_sale(e))
    sale = next(later, None)
    if sale is None:
        return False
    _carry(reward, sale)
    if reward.status in NOT_GIVEN_YET:
        wait = timedelta(days=reward.inputs.get("hold_days") or 0)
        reward.due_at = max(reward.due_at, sale.recorded_at + wait)
    return True


def _carry(reward: Reward, sale: Event) -> None:
    """Say from which sale the reward comes now, and from which it came."""
    reward.inputs |= {
        "sale": sale.data.get("amount"),
        "sale_currency": sale.data.get("currency"),
        "order": sale.data.get("order"),
        "instead_of": reward.event.data.get("order"),
    }
    reward.event = sale


def reinstate(events: Sequence[Event], *, now: datetime) -> None:
    """After a friend bought again: what a reversal took is promised again, or may be kept, if this sale
    earns it too.

    One referral earns one reward per rule and side, ever; so the row that was taken back lives on.
    """
    sold = {e.referral_id: e for e in events if e.kind == SOLD}
    if not sold:
        return
    keys = dict(_gone(list(sold)))
    if not keys:
        return
    queue_up(keys.values())
    taken = Reward.objects.with_rule().filter(pk__in=keys, status_reason__in=GONE)
    taken = taken.select_related("event").order_by("pk")
    rows = _earned_again(list(taken.select_for_update(of=("self",), no_key=True)), sold)
    if not rows:
        return
    Reward.objects.bulk_update(rows, ["event", "inputs"], batch_size=200)
    kept = [r.pk for r in rows if r.status == Status.CLAIMED]
    if kept:
        Reward.objects.filter(pk__in=kept).advance(Status.ISSUED, now=now)
    promise_again([r for r in rows if r.status in (Status.DECLINED, Status.REVOKED)], now=now, by=None)


@prepared
def _gone(referrals: list[int]) -> QuerySet[Reward, tuple[Any, int]]:
    gone = Reward.objects.filter(referral__in=referrals, status_reason__in=GONE)
    return gone.values_list("pk", "enrolment")


def _earned_again(taken: Sequence[Reward], sold: dict[int | None, Event]) -> list[Reward]:
    """Those that the new sale earns, now carried by it."""
    rows = [r for r in taken if r.rule and r.rule.fits_sale(sold[r.referral_id])]
    counted = {row.enrolment_id for row in rows if row.rule and row.rule.nth}
    order = friends_in_order(counted) if counted else {}
    rows = [r for r in rows if r.rule and r.rule.is_for_place(order.get(r.enrolment_id, []), r.referral_id)]
    for row in rows:
        _carry(row, sold[row.referral_id])
    return rows
