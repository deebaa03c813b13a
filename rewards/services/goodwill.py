from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from referrals.models import Enrolment, Event
from referrals.money import format_money
from referrals.transitions import Refused
from rewards.models import Incentive, Reward, RewardRule, RewardScheme
from rewards.models.incentive import POINTS
from rewards.services.grant import promise

A_YEAR = timedelta(days=365)


def give_goodwill(
    enrolment: Enrolment, incentive: Incentive, *, key: str, note: str, now: datetime, by: Any
) -> Reward:
    """Promise an advocate something without a rule, because it is fair; a second person approves it.

    It takes from the budget like any reward, and from what the program sets aside for goodwill in a year.
    ``key`` names the cause: the same key again gives the first reward back. Raises Refused with a sentence
    when nothing is left for it.
    """
    with transaction.atomic():
        dedup_key = f"goodwill:{key}"
        if before := Reward.objects.filter(event__dedup_key=dedup_key).first():
            return before
        _refuse_beyond(enrolment, incentive, now)
        given = Event(
            kind=Event.Kind.GOODWILL_GIVEN, program_id=enrolment.program_id, advocate_id=enrolment.advocate_id,
            actor=by, occurred_at=now, data={"note": note}, dedup_key=dedup_key,
        )  # fmt: skip
        [event] = Event.objects.record([given], now=now)
        [reward] = promise([_reward(enrolment, incentive, event, now)], now=now)
        if reward.status != Reward.Status.PENDING:
            raise Refused(_("Nothing is left of it, or of the budget. Choose something else."))
        return reward


def goodwill_left(program_id: int, *, now: datetime) -> int | None:
    """What may still be given in minor units, of the year that ends now; None where there is no limit."""
    scheme = RewardScheme.objects.filter(program=program_id).first()
    return (
        None
        if scheme is None or scheme.goodwill_a_year is None
        else scheme.goodwill_a_year - _given(program_id, now)
    )


def _given(program_id: int, now: datetime) -> int:
    rewards = Reward.objects.alive().filter(
        program=program_id, event__kind=Event.Kind.GOODWILL_GIVEN, created_at__gt=now - A_YEAR
    )
    total = rewards.exclude(currency=POINTS).aggregate(total=Sum("cost"))["total"]
    return total or 0


def _refuse_beyond(enrolment: Enrolment, incentive: Incentive, now: datetime) -> None:
    # Goodwill of one program is given one after the other, so that the limit holds.
    list(RewardScheme.objects.select_for_update(no_key=True).filter(program=enrolment.program_id))
    left = goodwill_left(enrolment.program_id, now=now)
    if incentive.program_id != enrolment.program_id or not incentive.active:
        raise Refused(_("This is not given in this program any more. Choose something else."))
    if left is not None and incentive.unit != POINTS and incentive.charge > left:
        raise Refused(
            _("Of what is set aside for goodwill in a year, %(left)s is left. Choose something smaller.")
            % {"left": format_money(max(left, 0), enrolment.program.currency)}
        )


def _reward(enrolment: Enrolment, incentive: Incentive, event: Event, now: datetime) -> Reward:
    return Reward(
        program_id=enrolment.program_id, incentive=incentive, side=RewardRule.Side.ADVOCATE, enrolment=enrolment,
        event=event, amount=incentive.value, cost=incentive.charge, currency=incentive.unit, needs_approval=True,
        due_at=now, status_at=now, created_at=now, inputs={"goodwill": True},
    )  # fmt: skip
