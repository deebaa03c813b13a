"""Where a reward stands, in the words of whoever gets it – the advocate or the friend: state, why, what comes next."""

from collections.abc import Callable
from datetime import datetime

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from campaigns.services.standing import GOOD, OVER, WAITING, Standing, ask_us
from rewards.models import Incentive, Reward, RewardRule
from rewards.models.reward import HANDED_OUT, NOT_COUNTED
from rewards.services.charity import may_choose_charity

Status, Reason = Reward.Status, Reward.Reason


def of_reward(reward: Reward, *, now: datetime) -> Standing:
    """Where the reward stands, told to its recipient. Reads the reward, its referral, program, incentives,
    tier and charity, and nothing else."""
    standing = WORDS[reward.status](reward, _names(reward), now)
    # A sentence may begin with “your friend”.
    return standing._replace(why=capfirst(standing.why))


def is_for_friend(reward: Reward) -> bool:
    return reward.side == RewardRule.Side.FRIEND


def is_unlocked(reward: Reward, now: datetime) -> bool:
    """Whether its recipient may see the code, how to use it, and the content."""
    return reward.status in HANDED_OUT and not reward.is_wrapped and not _is_expired(reward, now)


def may_open(reward: Reward) -> bool:
    """Whether this is a mystery gift that waits for its recipient to open it."""
    return reward.is_wrapped and reward.status in HANDED_OUT


def _waiting(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    why = _("You have earned it, and just now there is none left. You are in line since %(since)s.") % names
    return Standing(
        WAITING,
        _("On the waiting list"),
        why,
        _("As soon as there is more, it is set aside for you, and we write to you."),
    )


def _pending(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    if reward.referral and reward.referral.status in NOT_COUNTED:
        why = _("Somebody here looks at the recommendation first. You have nothing to do.")
        return Standing(WAITING, _("Being looked at"), why)
    if reward.due_at > now:
        why = _time_to_change_their_mind(reward) % names
        return Standing(WAITING, _("Being checked until %(due)s") % names, why, _after_waiting(reward))
    return Standing(WAITING, _("Being checked"), _promised(reward) % names, _after_checking(reward))


def _approved(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    if reward.due_at > now:
        return Standing(WAITING, _("Approved"), _("It is yours."), _("We send it after %(due)s.") % names)
    then = _("A mail from us brings it in the next days.")
    if may_choose_charity(reward) and not reward.charity_id:
        then = _("Choose whom it goes to; then we give it.")
    return Standing(WAITING, _("On its way"), _("It is yours."), then)


def _issued(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    if _is_expired(reward, now):
        why = _("It could be used until %(until)s.") % names
        return Standing(OVER, _("Expired"), why, _("You could not use it in time? Write to us."))
    if reward.is_wrapped:
        return Standing(GOOD, _("Yours to open"), _thanks(reward) % names, _("Open it whenever you like."))
    then = _("Use it until %(until)s.") % names if reward.expires_at else ""
    if reward.incentive.kind == Incentive.Kind.DONATION:
        return _donated(reward, names)
    return Standing(GOOD, _("Yours since %(since)s") % names, _thanks(reward) % names, then)


def _donated(reward: Reward, names: dict[str, str]) -> Standing:
    if reward.charity is None:
        then = _("Choose whom it goes to.")
        return Standing(GOOD, _("Yours to give"), _thanks(reward) % names, then)
    why = _("It went to %(charity)s, in your name. Thank you.") % {"charity": reward.charity}
    return Standing(GOOD, _("Given on %(since)s") % names, why)


def _redeemed(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    then = _("Open it whenever you like.") if reward.is_wrapped else ""
    return Standing(GOOD, _("Used on %(since)s") % names, _thanks(reward) % names, then)


def _not_given(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    reason = reward.status_note or (_reason(reward) % names)
    why = _("We looked at it on %(since)s and could not give it.") % names
    return Standing(OVER, _("Not given"), f"{why} {_sentence(reason)}".strip(), ask_us())


def _revoked(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    reason = reward.status_note or (_reason(reward) % names)
    why = _("We had to take it back on %(since)s.") % names
    return Standing(OVER, _("Taken back"), f"{why} {_sentence(reason)}".strip(), ask_us())


def _claimed(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    reason = reward.status_note or (_reason(reward) % names)
    why = f"{_sentence(reason)} {_('So this one no longer counts.')}".strip()
    then = _("If you have not used it, please leave it unused. If you have, write to us and we find a way.")
    return Standing(WAITING, _("To be given back"), why, then)


def _repaid(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    why = _("It was given back on %(since)s. Thank you for settling it.") % names
    return Standing(OVER, _("Settled"), why)


def _waived(reward: Reward, names: dict[str, str], now: datetime) -> Standing:
    why = _("It no longer counted, but we do not ask for it back. Keep it.")
    return Standing(OVER, _("Settled"), why)


WORDS: dict[str, Callable[[Reward, dict[str, str], datetime], Standing]] = {
    Status.WAITING: _waiting,
    Status.PENDING: _pending,
    Status.APPROVED: _approved,
    Status.ISSUED: _issued,
    Status.REDEEMED: _redeemed,
    Status.DECLINED: _not_given,
    Status.REVOKED: _revoked,
    Status.CLAIMED: _claimed,
    Status.REPAID: _repaid,
    Status.WAIVED: _waived,
}


def _promised(reward: Reward) -> str:
    """Where it comes from, once nothing has to be waited for."""
    if reward.prize_id:
        return _("You picked it for your points.")
    if "contest" in reward.inputs:
        return _("You won it in our contest.")
    if "goodwill" in reward.inputs:
        return _("We give it to you to say thank you all the same.")
    if reward.inputs.get("hold_days") and reward.referral and not is_for_friend(reward):
        return _("The waiting time for %(friend)s is over.")
    return _("It is set aside for you.")


def _time_to_change_their_mind(reward: Reward) -> str:
    if reward.referral is None:
        return _("It is set aside for you until we have checked it.")
    if is_for_friend(reward):
        return _("You have that long to change your mind about what you bought.")
    return _("%(friend)s has that long to change their mind.")


def _after_waiting(reward: Reward) -> str:
    if reward.needs_approval:
        return _("Then somebody here approves it, and a mail from us brings it.")
    return _("Then a mail from us brings it.")


def _after_checking(reward: Reward) -> str:
    if reward.needs_approval:
        return _("As soon as somebody here has approved it, a mail from us brings it.")
    return _("A mail from us brings it soon.")


def _reason(reward: Reward) -> str:
    if reward.status_reason == Reason.SALE_REVERSED:
        if is_for_friend(reward):
            return _("What you bought was cancelled or given back.")
        return _("What %(friend)s bought was cancelled or given back.")
    if reward.status_reason == Reason.SALE_REDUCED:
        if is_for_friend(reward):
            return _("Part of what you bought was given back, and the rest is less than this asks for.")
        return _("Part of what %(friend)s bought was given back, and the rest is less than this asks for.")
    if reward.status_reason == Reason.NOT_ELIGIBLE and reward.referral and not is_for_friend(reward):
        return _("What %(friend)s bought does not meet the terms for it.")
    return str(REASONS[reward.status_reason]()) if reward.status_reason in REASONS else ""


REASONS: dict[str, Callable[[], str]] = {
    Reason.EXHAUSTED: lambda: _("There was nothing left of it."),
    Reason.NOT_ELIGIBLE: lambda: _("The terms for it were not met."),
    Reason.DUPLICATE: lambda: _("The same was rewarded before."),
    Reason.SUSPICIOUS: lambda: _("We could not verify what it was for."),
    Reason.MISTAKE: lambda: _("It was promised by mistake. We are sorry."),
}


def _thanks(reward: Reward) -> str:
    if reward.prize_id:
        return _("You picked it for your points.")
    if "contest" in reward.inputs:
        return _("You won it in our contest.")
    if "goodwill" in reward.inputs:
        return _("We give it to you to say thank you all the same.")
    if is_for_friend(reward):
        return _("Thank you for coming to us.")
    return _("Thank you for %(friend)s.") if reward.referral else _("Thank you.")


def _sentence(text: str) -> str:
    """Staff's own words, closed with a full stop where they did not."""
    text = text.strip()
    return f"{text}." if text and text[-1] not in ".!?…" else text


def _is_expired(reward: Reward, now: datetime) -> bool:
    return reward.status == Status.ISSUED and reward.expires_at is not None and reward.expires_at <= now


def _names(reward: Reward) -> dict[str, str]:
    friend = reward.referral.first_name if reward.referral else ""
    return {
        "friend": friend or _("your friend"),
        "due": _day(reward, reward.due_at),
        "since": _day(reward, reward.status_at),
        "until": _day(reward, reward.expires_at) if reward.expires_at else "",
    }


def _day(reward: Reward, at: datetime) -> str:
    return date_format(reward.program.local(at), "MONTH_DAY_FORMAT")
