"""“She called and mentioned Anna”: a colleague says whose friend somebody is who is here already."""

from datetime import datetime
from typing import Any

from django.db import transaction

from referrals.models import Enrolment, Referral
from referrals.services.twin import give_to
from referrals.transitions import Moved
from rewards.models import Reward, RewardRule
from rewards.models.reward import HANDED_OUT
from rewards.services import reward as rewards


def attach(referrals: Any, enrolment: Enrolment, *, now: datetime, by: Any, note: str) -> Moved:
    """These friends, with all they bought, count for this advocate because a colleague says so; no later fact
    changes that. What was promised to whoever they counted for is taken back; what they got for naming stays.

    Raises Refused with a sentence when a reward has been handed out for one of them.
    """
    with transaction.atomic():
        others = list(referrals.exclude(enrolment=enrolment).values_list("pk", flat=True))
        theirs = [give_to(row, enrolment, now=now, by=by, note=note) for row in _rows(others)]
        earned = Reward.objects.alive().filter(referral__in=others, side=RewardRule.Side.ADVOCATE)
        left = earned.exclude(status__in=HANDED_OUT).filter(referral__status=Referral.Status.REJECTED)
        rewards.revoke(left, reason=Reward.Reason.MISTAKE, note=note, now=now, by=by)
    return Moved(theirs, list(referrals.exclude(pk__in=others)))


def _rows(keys: list[int]) -> Any:
    return (
        Referral.objects.filter(pk__in=keys).select_related("program", "enrolment__advocate").order_by("pk")
    )
