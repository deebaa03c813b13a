from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from referrals.transitions import Moved
from rewards.models import Reward
from rewards.models.reward import RewardQuerySet
from rewards.services.renewal import queue_up
from rewards.services.reservation import return_to_budget

Status = Reward.Status


class Outcome(models.TextChoices):
    """How a claim ends."""

    REPAID = "repaid", _("it was paid back")
    WAIVED = "waived", _("we do not ask for it")
    KEPT = "issued", _("taking it back was a mistake: it is theirs again")


def settle_claims(rewards: RewardQuerySet, *, outcome: str, note: str = "", now: datetime, by: Any) -> Moved:
    """End claims. Paid back, the cost leaves the claims for the budget, which may promise it again; waived,
    it counts as spent; kept, it is handed out as before. The code, if there was one, stays given away. A claim
    is settled once."""
    with transaction.atomic():
        queue_up(rewards.values_list("enrolment", flat=True))
        claims = rewards.filter(status=Status.CLAIMED)
        others = list(rewards.exclude(status=Status.CLAIMED).with_people())
        moved, refused = claims.advance(Outcome(outcome).value, now=now, by=by, note=note)
        if outcome == Outcome.REPAID:
            return_to_budget(moved)
        return Moved(moved, [*refused, *others])
