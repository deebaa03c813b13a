from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models

from referrals.models import Event
from referrals.transitions import Moved
from rewards.models import Reward, RewardRule
from rewards.models.reward import NOT_COUNTED, RewardQuerySet, book

EARNING = set(RewardRule.When.values)


def grant_rewards(events: Sequence[Event], *, now: datetime) -> list[Reward]:
    """Promise what the rules give for these events; one reward per referral, rule and side, ever.

    Returns the rewards that are new. Runs in the transaction that recorded the events.
    """
    earning = [event for event in events if event.kind in EARNING and event.referral_id]
    if not earning:
        return []
    rules = list(
        RewardRule.objects.in_force(now)
        .filter(program__in={e.program_id for e in earning}, when__in={e.kind for e in earning})
        .select_related("incentive", "program")
    )
    wanted = [_reward(rule, event, now) for event in earning for rule in rules if _earns(event, rule)]
    if not wanted:
        return []
    Reward.objects.bulk_create(wanted, ignore_conflicts=True)
    fresh = list(Reward.objects.with_people().filter(pk__in=[reward.pk for reward in wanted]))
    for reward in fresh:
        reward.status_before = ""
    if fresh:
        book(fresh, now=now, by=None)
    return fresh


def release_rewards(*, now: datetime) -> list[Reward]:
    """Approve every promised reward whose waiting time is over and which nobody has to approve."""
    due: RewardQuerySet = Reward.objects.released(now).filter(rule__needs_approval=False)
    return due.advance(Reward.Status.APPROVED, now=now).moved


def hand_out(rewards: models.QuerySet[Reward], *, now: datetime, by: Any, code: str = "") -> Moved:
    """Hand out approved rewards, with the code the person uses where there is one.

    Those not approved, still within their waiting time, or for a referral in doubt, are returned as refused.
    """
    asked = list(rewards.values_list("pk", flat=True))
    ready = Reward.objects.filter(pk__in=asked).payable(now)
    moved = ready.advance(Reward.Status.ISSUED, now=now, by=by, code=code).moved
    return Moved(moved, list(Reward.objects.filter(pk__in=asked).exclude(pk__in=[r.pk for r in moved])))


def _earns(event: Event, rule: RewardRule) -> bool:
    if (event.program_id, event.kind) != (rule.program_id, rule.when):
        return False
    if event.referral is None or event.referral.status in NOT_COUNTED:
        return False
    return rule.minimum == 0 or (
        event.data.get("currency") == rule.program.currency and event.data.get("amount", 0) >= rule.minimum
    )


def _reward(rule: RewardRule, event: Event, now: datetime) -> Reward:
    assert event.referral is not None  # noqa: S101 - grant_rewards() keeps events without one out
    return Reward(
        program_id=rule.program_id,
        rule=rule,
        side=rule.side,
        referral=event.referral,
        enrolment_id=event.referral.enrolment_id,
        event=event,
        amount=rule.incentive.value,
        currency=rule.program.currency,
        due_at=now + timedelta(days=rule.hold_days),
        status_at=now,
        created_at=now,
    )
