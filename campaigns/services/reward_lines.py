from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.urls import reverse

from campaigns.offers import odds_path
from campaigns.services.reward_standing import is_for_friend, is_unlocked, may_open, of_reward
from campaigns.services.standing import Standing
from rewards.models import Reward
from rewards.services.charity import may_choose_charity


class RewardLine(NamedTuple):
    """A reward, what its recipient reads about it, and what they can do. ``unlocked``: code and content may
    be seen."""

    row: Reward
    standing: Standing
    path: str
    unlocked: bool
    may_open: bool
    may_choose: bool
    odds: str


def lines_of(rewards: Iterable[Reward], *, now: datetime) -> list[RewardLine]:
    """For rewards that come ``with_people()``; asks the database nothing."""
    return [line_of(reward, now=now) for reward in rewards]


def line_of(reward: Reward, *, now: datetime) -> RewardLine:
    return RewardLine(
        row=reward,
        standing=of_reward(reward, now=now),
        path=_path(reward),
        unlocked=is_unlocked(reward, now),
        may_open=may_open(reward),
        may_choose=may_choose_charity(reward),
        odds=odds_path(reward.program, reward.wrapped_in or reward.incentive),
    )


def _path(reward: Reward) -> str:
    if is_for_friend(reward) and reward.referral:
        return reverse("friend-reward", args=[reward.referral.token, reward.pk])
    return reverse("portal-reward", args=[reward.pk])
