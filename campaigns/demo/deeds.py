"""What people did beside recommending, and with what they got; each is the service that their click would call."""

from datetime import datetime

from referrals.models import Enrolment, Event
from rewards.models import Charity, Contest, Incentive, Prize, Reward
from rewards.models.reward import HANDED_OUT
from rewards.services.charity import choose_charity
from rewards.services.contest import enter_free
from rewards.services.mystery import open_gift
from rewards.services.points import pick_prize
from rewards.services.reward import hand_out, release_rewards

# so many days ago, what, who
DEEDS = (
    (24, Event.Kind.FOLLOWED, "Alice Moreau"),
    (23, Event.Kind.REVIEW_LEFT, "Callum Fraser"),
    (20, Event.Kind.REVIEW_LEFT, "George Whitfield"),
    (15, Event.Kind.FOLLOWED, "Callum Fraser"),
    (9, Event.Kind.REVIEW_LEFT, "Hannah Lindqvist"),
    (5, Event.Kind.FOLLOWED, "Yasmin Haddad"),
    (4, Event.Kind.REVIEW_LEFT, "Priya Shah"),
)
FREE_ENTRIES = ((12, "Ruth Abernathy"), (10, "Peter Novak"), (2, "Nadia Rahman"))


def do_for_company(enrolment: Enrolment, kind: str, at: datetime) -> None:
    """Somebody followed the company or wrote about it."""
    deed = Event(
        kind=kind, program_id=enrolment.program_id, advocate_id=enrolment.advocate_id, occurred_at=at,
        dedup_key=f"demo:{kind}:{enrolment.pk}",
    )  # fmt: skip
    Event.objects.record([deed], now=at)
    release_rewards(now=at)


def ask_for_chance(enrolment: Enrolment, at: datetime) -> None:
    enter_free(Contest.objects.get(program=enrolment.program_id), enrolment, now=at)


def pick(enrolment: Enrolment, prize: str, at: datetime) -> Reward:
    """Points become a prize."""
    found = Prize.objects.select_related("incentive__program").get(
        program=enrolment.program_id, incentive__name=prize
    )
    return pick_prize(found, enrolment, now=at, key=f"demo:{prize}")


def give_to_charity(enrolment: Enrolment, charity: str, at: datetime) -> None:
    """Points become a donation, the charity is chosen, and the donation is made."""
    reward = pick(enrolment, "a £20 donation", at)
    choose_charity(reward, Charity.objects.get(program=enrolment.program_id, name=charity))
    release_rewards(now=at)
    hand_out(Reward.objects.filter(pk=reward.pk), now=at, by=None)


def open_gifts(enrolment: Enrolment, at: datetime) -> None:
    release_rewards(now=at)
    wrapped = Reward.objects.filter(
        enrolment=enrolment, wrapped_in__kind=Incentive.Kind.MYSTERY, opened_at=None, status__in=HANDED_OUT
    )
    for gift in wrapped:
        open_gift(gift, now=at)
