"""What may not be promised a second time, although it was once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext as _

from referrals.models import Enrolment
from rewards.models import Account, LedgerEntry, Reward
from rewards.models.incentive import POINTS
from rewards.services.grant import given_under


def queue_up(enrolments: Iterable[int]) -> None:
    """Lock these advocates' places: what limits and points allow is decided for one after the other.

    To be called before rewards of theirs are locked: in the other order two would wait for each other.
    """
    rows = Enrolment.objects.filter(pk__in=set(enrolments)).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def refuse_over_limit(rewards: Sequence[Reward], *, now: datetime) -> None:
    """Refuse what was taken back, and whose place under the rule's limit another reward has now."""
    counted = [r for r in rewards if r.rule and r.rule.limit and r.status != Reward.Status.WAITING]
    if not counted:
        return
    rules = {reward.rule for reward in counted if reward.rule}
    given = given_under(list(rules), [reward.enrolment for reward in counted], now)
    for reward in counted:
        key = (reward.rule_id, reward.enrolment_id)
        if given[key] >= reward.rule.limit:  # type: ignore[index, operator, union-attr]
            reward.refusal = _("the advocate has as many of these as the rule allows")
        given[key] += 1  # type: ignore[index]


def refuse_unpaid(rewards: Sequence[Reward]) -> None:
    """Refuse prizes for whose price the points are not there any more."""
    prizes = [reward for reward in rewards if reward.prize]
    if not prizes:
        return
    places = {reward.enrolment_id for reward in prizes}
    rows = LedgerEntry.objects.filter(enrolment__in=places, account=Account.PAID, currency=POINTS)
    left = Counter(dict(rows.values_list("enrolment").annotate(Sum("amount"))))
    for reward in prizes:
        points = reward.inputs["points"]
        if left[reward.enrolment_id] < points:
            reward.refusal = _("the advocate has spent the points on something else")
        else:
            left[reward.enrolment_id] -= points
