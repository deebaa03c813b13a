from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.models import Enrolment, Event
from referrals.transitions import Refused
from rewards.models import Account, LedgerEntry, Prize, Reward
from rewards.models.incentive import POINTS
from rewards.models.rule import RewardRule
from rewards.services.grant import promise


def balance(enrolment: Enrolment) -> int:
    """Points the advocate has to spend: what was credited less what prizes took, summed from the ledger."""
    return LedgerEntry.objects.filter(enrolment=enrolment).balance(Account.PAID, POINTS)


def pick_prize(prize: Prize, enrolment: Enrolment, *, now: datetime, key: str, by: Any = None) -> Reward:
    """Exchange points for a prize, which is then approved and handed out like any reward.

    ``key`` names this wish: the same key again gives the first reward back and takes no points.
    Raises Refused with a sentence when the points do not suffice or nothing is left of the prize.
    """
    with transaction.atomic():
        # Wishes of one advocate queue up here, so that points are never spent twice.
        Enrolment.objects.select_for_update(no_key=True).only("pk").get(pk=enrolment.pk)
        dedup_key = f"prize:{enrolment.pk}:{key}"
        before = Reward.objects.filter(event__dedup_key=dedup_key).first()
        if before is not None:
            return before
        if not prize.active or prize.program_id != enrolment.program_id:
            raise Refused(_("This prize is not offered any more. Your points are untouched."))
        missing = prize.points - balance(enrolment)
        if missing > 0:
            raise Refused(
                _("You need %(count)d more points for this. They come with each friend.") % {"count": missing}
            )
        [event] = Event.objects.record(
            [
                Event(
                    kind=Event.Kind.PRIZE_PICKED,
                    program_id=enrolment.program_id,
                    advocate_id=enrolment.advocate_id,
                    actor=by,
                    occurred_at=now,
                    data={"prize": prize.pk, "points": prize.points},
                    dedup_key=dedup_key,
                )
            ],
            now=now,
        )
        [reward] = promise([_reward(prize, enrolment, event, now)], now=now)
        if reward.status != Reward.Status.PENDING:
            raise Refused(_("Nothing is left of this prize. Your points are untouched."))
        return reward


def _reward(prize: Prize, enrolment: Enrolment, event: Event, now: datetime) -> Reward:
    incentive = prize.incentive
    return Reward(
        program_id=enrolment.program_id,
        prize=prize,
        incentive=incentive,
        side=RewardRule.Side.ADVOCATE,
        enrolment=enrolment,
        event=event,
        amount=incentive.value,
        cost=incentive.charge,
        currency=incentive.unit,
        needs_approval=False,
        due_at=now,
        status_at=now,
        created_at=now,
        inputs={"points": prize.points},
    )
