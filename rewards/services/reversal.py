from collections.abc import Sequence
from datetime import datetime

from referrals.models import Event
from rewards.models import Reward
from rewards.services.renewal import queue_up
from rewards.services.reward import promise_again, revoke

Status = Reward.Status
SALE_REVERSED = Reward.Reason.SALE_REVERSED


def take_back(events: Sequence[Event], *, now: datetime) -> None:
    """After a reversed sale: free what was not handed out, claim back what was."""
    reversed_sales = [e.referral_id for e in events if e.kind == Event.Kind.CONVERSION_REVERSED]
    if reversed_sales:
        earned = Reward.objects.alive().filter(
            referral__in=reversed_sales, event__kind=Event.Kind.CONVERSION_RECORDED
        )
        queue_up(earned.values_list("enrolment", flat=True))
        revoke(earned.exclude(status=Status.CLAIMED), reason=SALE_REVERSED, now=now, by=None)


def reinstate(events: Sequence[Event], *, now: datetime) -> None:
    """After a friend bought again: what a reversal took is promised again, or may be kept.

    One referral earns one reward per rule and side, ever; so the row that was taken back lives on.
    """
    sold = {e.referral_id for e in events if e.kind == Event.Kind.CONVERSION_RECORDED}
    if not sold:
        return
    taken = Reward.objects.with_rule().filter(referral__in=sold, status_reason=SALE_REVERSED)
    rows = list(taken.order_by("pk").select_for_update(of=("self",), no_key=True))
    kept = [r.pk for r in rows if r.status == Status.CLAIMED]
    if kept:
        Reward.objects.filter(pk__in=kept).advance(Status.ISSUED, now=now)
    promise_again([r for r in rows if r.status in (Status.DECLINED, Status.REVOKED)], now=now, by=None)
