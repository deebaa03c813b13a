"""Who is told what about a reward when it moves, and before it expires; in bounded queries for any number."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects
from django.utils.formats import date_format
from django.utils.translation import override

from campaigns.links import link_to
from campaigns.models import Message, Purpose
from campaigns.services import outbox
from campaigns.services.notices import to_advocate, to_friend
from campaigns.services.reward_standing import is_for_friend, is_unlocked, of_reward
from rewards.models import Reward

Status = Reward.Status
DROPPED = (Status.DECLINED, Status.REVOKED)
AHEAD, NOT_WITHIN, BATCH = timedelta(days=7), timedelta(days=1), 500
# Of these there is one for each reward, whatever becomes of it.
ONCE = {Purpose.REWARD_EXPIRING, Purpose.REWARD_REMINDER}
NEEDED = (
    "program",
    "incentive",
    "wrapped_in",
    "referral",
    "charity",
    "enrolment__advocate",
)


def write_reward_notices(rewards: Sequence[Reward], *, now: datetime) -> None:
    """Tell people what has just become of their rewards, and what comes next."""
    told = [(reward, purpose) for reward in rewards if (purpose := _step(reward))]
    _queue(told, now)


def remind_expiring(*, now: datetime) -> int:
    """Remind everyone, once, of what can be used for a week more. Returns how many reminders are new.

    Whoever got it within the last day knows."""
    soon = Reward.objects.filter(
        status=Status.ISSUED, expires_at__gt=now, expires_at__lte=now + AHEAD, status_at__lte=now - NOT_WITHIN
    )
    return _tell_once(soon, Purpose.REWARD_EXPIRING, now)


def remind_of(rewards: QuerySet[Reward], *, now: datetime) -> int:
    """Tell the recipients of these once that a reward still waits for them. Returns how many are new."""
    return _tell_once(rewards, Purpose.REWARD_REMINDER, now)


def _tell_once(rewards: QuerySet[Reward], purpose: Purpose, now: datetime) -> int:
    told, last, count = rewards.select_related(*NEEDED), None, 0
    while rows := list((told.filter(pk__gt=last) if last else told).order_by("pk")[:BATCH]):
        keys = {_key(purpose, row): row for row in rows}
        keys |= {_key(Purpose.FRIEND_REWARD, row, purpose): row for row in rows}
        before = Message.objects.filter(key__in=keys).values_list("key", flat=True)
        reminded = {keys[key].pk for key in before}
        count += _queue([(row, purpose) for row in rows if row.pk not in reminded], now)
        last = rows[-1].pk
    return count


def _step(reward: Reward) -> Purpose | None:
    """What this step is to its recipient; None for steps that change nothing for them."""
    status, before = reward.status, reward.status_before
    if status == Status.PENDING and not before:
        return _picked_or_won(reward)
    if status == Status.PENDING and before in (Status.WAITING, *DROPPED):
        return Purpose.REWARD_PROMISED
    if status in DROPPED and before:
        return Purpose.REWARD_DECLINED
    return SIMPLE.get(status)


def _picked_or_won(reward: Reward) -> Purpose | None:
    if reward.prize_id:
        return Purpose.PRIZE_PICKED
    return Purpose.CONTEST_WON if "contest" in reward.inputs else None


SIMPLE: dict[str, Purpose] = {
    Status.WAITING: Purpose.REWARD_WAITING,
    Status.ISSUED: Purpose.REWARD_ADVOCATE,
    Status.CLAIMED: Purpose.REWARD_CLAIMED,
}


def _queue(told: Sequence[tuple[Reward, Purpose]], now: datetime) -> int:
    prefetch_related_objects([reward for reward, _purpose in told], *NEEDED)
    for reward, _purpose in told:
        reward.enrolment.program = reward.program
    return outbox.queue([_write(reward, purpose, now) for reward, purpose in told], now=now)


def _write(reward: Reward, purpose: Purpose, now: datetime) -> Message:
    write: Callable[[Reward, Purpose], Message] = _for_friend if is_for_friend(reward) else _for_advocate
    message = write(reward, purpose)
    with override(message.language):
        message.context |= _facts(reward, now)
    return message


def _for_advocate(reward: Reward, purpose: Purpose) -> Message:
    message = to_advocate(
        purpose,
        reward.enrolment,
        reward.referral,
        friend_first_name=reward.referral.first_name if reward.referral else "",
        link=link_to("portal-reward", reward.pk),
    )
    message.key = _key(purpose, reward)
    return message


def _for_friend(reward: Reward, purpose: Purpose) -> Message:
    """A friend gets two kinds of mail: the reward itself, and news of it."""
    assert reward.referral is not None  # noqa: S101 - a friend's reward is for a referral
    handed_out = purpose == Purpose.REWARD_ADVOCATE
    kind = Purpose.REWARD_FRIEND if handed_out else Purpose.FRIEND_REWARD
    link = link_to("friend-reward", reward.referral.token, reward.pk)
    message = to_friend(kind, reward.referral, reward.enrolment, link=link)
    message.key = _key(kind, reward, purpose)
    return message


def _key(kind: Purpose, reward: Reward, about: Purpose | None = None) -> str:
    """What is handed out or expires is told once; other steps may come again after an undo."""
    if kind in (Purpose.REWARD_ADVOCATE, Purpose.REWARD_FRIEND):
        return f"{kind}:{reward.pk}"
    step = "" if ONCE & {kind, about} else reward.step
    return f"{kind}:{reward.pk}:{about or ''}:{step}"


def _facts(reward: Reward, now: datetime) -> dict[str, Any]:
    """The reward in words, without a word about what is still wrapped or not theirs yet."""
    standing, unlocked = of_reward(reward, now=now), is_unlocked(reward, now)
    until = reward.expires_at and date_format(reward.program.local(reward.expires_at), "DATE_FORMAT")
    return {
        "reward": reward.shown.told.name,
        "worth": reward.worth,
        "code": reward.code if unlocked else "",
        "how_to_use": reward.incentive.told.how_to_use if unlocked else "",
        "why": standing.why,
        "next_step": standing.then,
        "valid_until": until or "",
    }
