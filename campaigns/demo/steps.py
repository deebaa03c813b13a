"""The steps a referral of the demo may take; each is the service that a person's click would call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User

from referrals.forms import agreement_of_friend
from referrals.models import FollowUp, Referral
from referrals.services.conversion import record_conversion
from referrals.services.follow_up import LEADS_TO, log_call
from referrals.services.referral import accept, decline, erase_friend
from rewards.models import Reward, RewardRule
from rewards.services import reward as rewards_service


class Staff(NamedTuple):
    """Who decides, and who calls."""

    manager: User
    caller: User


def take_step(referral: Referral, step: str, detail: str, *, staff: Staff, now: datetime) -> None:
    if step in STEPS:
        STEPS[step](referral, detail, staff=staff, now=now)
    else:
        _talked(referral, step, detail, staff=staff, now=now)


def _talked(referral: Referral, outcome: str, detail: str, *, staff: Staff, now: datetime) -> None:
    """A call that was due is logged; once they are talking, the outcome is what moves the referral."""
    calls = FollowUp.objects.open().select_related("referral__program", "referral__enrolment")
    if call := calls.filter(referral=referral).first():
        log_call(call, outcome, now=now, by=staff.caller, note=detail)
    else:
        status, reason = LEADS_TO[outcome]
        referral.advance(status, now=now, by=staff.caller, reason=reason, note=detail)


def _yes(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    accept(referral, agreement=str(agreement_of_friend(referral.program)), note=detail, now=now)


def _no(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    decline(referral, now=now)


def _erase(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    erase_friend(referral, now=now)


def _review(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    referral.advance(
        Referral.Status.UNDER_REVIEW,
        now=now,
        by=staff.manager,
        reason=Referral.Reason.SUSPICIOUS,
        note=detail,
    )


def _sold(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    record_conversion(
        referral, external_id=f"FS-2{referral.pk:04d}", amount=int(detail) * 100,
        currency=referral.program.currency, now=now, by=staff.caller,
    )  # fmt: skip
    rewards_service.release_rewards(now=now)


def _approve(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    rewards_service.approve(_rewards(referral).to_approve(), now=now, by=staff.manager)


def _decline_reward(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    rewards = _rewards(referral).to_approve()
    rewards_service.decline(
        rewards, reason=Reward.Reason.NOT_ELIGIBLE, note=detail, now=now, by=staff.manager
    )


def _hand_out(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    for side, code in ((RewardRule.Side.ADVOCATE, detail), (RewardRule.Side.FRIEND, "")):
        rewards_service.hand_out(_rewards(referral).filter(side=side), now=now, by=staff.manager, code=code)


def _use(referral: Referral, detail: str, *, staff: Staff, now: datetime) -> None:
    _rewards(referral).advance(Reward.Status.REDEEMED, now=now, by=staff.manager)


def _rewards(referral: Referral) -> Any:
    """What the sale earned; points for naming the friend look after themselves."""
    return Reward.objects.filter(referral=referral, rule__when=RewardRule.When.CONVERSION)


STEPS: dict[str, Callable[..., None]] = {
    "yes": _yes,
    "no": _no,
    "erase": _erase,
    "review": _review,
    "sold": _sold,
    "approve": _approve,
    "decline_reward": _decline_reward,
    "hand_out": _hand_out,
    "use": _use,
}
