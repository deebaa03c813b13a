from collections.abc import Iterable

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from referrals.transitions import Refused
from rewards.models import Charity, Incentive, Reward
from rewards.models.reward import HANDED_OUT

OVER = (
    Reward.Status.DECLINED,
    Reward.Status.REVOKED,
    Reward.Status.CLAIMED,
    Reward.Status.REPAID,
    Reward.Status.WAIVED,
)


def may_choose_charity(reward: Reward) -> bool:
    """Whether its recipient may say to whom this donation goes: until it has been given."""
    if reward.is_wrapped or reward.incentive.kind != Incentive.Kind.DONATION or reward.status in OVER:
        return False
    return reward.charity_id is None or reward.status not in HANDED_OUT


def choose_charity(reward: Reward, charity: Charity) -> None:
    """Give this donation to that charity. Choosing the same again changes nothing.

    Raises Refused, with a sentence, when it has been given already or the charity is not offered.
    """
    if reward.charity_id == charity.pk:
        return
    if not may_choose_charity(reward):
        raise Refused(_("This donation has been given, so it can no longer be changed."))
    if not charity.active or charity.program_id != reward.program_id:
        raise Refused(_("This charity is not on our list any more. Choose another one."))
    open_ones = Reward.objects.filter(pk=reward.pk).exclude(status__in=OVER)
    # Two windows at once: what was given to somebody stays with them.
    changed = open_ones.filter(Q(charity=None) | ~Q(status__in=HANDED_OUT)).update(charity=charity)
    if not changed:
        raise Refused(_("This donation has been given, so it can no longer be changed."))
    reward.charity = charity


def given_to(programs: Iterable[int]) -> list[tuple[str, int, str]]:
    """What each charity was given so far by everyone in these programs: name, amount, currency; in one query."""
    given = Reward.objects.filter(
        program__in=list(programs), charity__isnull=False, incentive__kind=Incentive.Kind.DONATION,
        status__in=HANDED_OUT, amount__gt=0,
    )  # fmt: skip
    rows = given.values_list("charity__name", "currency").annotate(total=Sum("amount"))
    return [(name, total, currency) for name, currency, total in rows.order_by("-total", "charity__name")]
