"""“Where is my reward?”: whoever somebody names, their rewards and friends, each with the answer to give."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q

from campaigns.services.reward_standing import of_reward
from campaigns.services.standing import Standing
from referrals.contacts import clean_phone, email_key, phone_key
from referrals.models import Advocate, Event, Program, Referral
from referrals.roles import programs_granting
from rewards.models import Reward, RewardRule
from rewards.services.explanation import for_staff
from rewards.services.unrewarded import Friend, explain, with_facts, without_reward

# More people than these share a name: ask for the address instead.
PEOPLE = 10
REWARDS = 50
FRIENDS = 20
Side = RewardRule.Side


class Answer(NamedTuple):
    """One reward: what to tell the person, why it is so, and each step that led to it."""

    reward: Reward
    standing: Standing
    reasons: list[str]
    steps: list[Event]


class Found(NamedTuple):
    """Everything about whoever was named, newest first; ``more`` says that some were left out."""

    advocates: list[Advocate]
    friends: list[Referral]
    answers: list[Answer]
    without: list[Friend]
    more: bool

    @property
    def nobody(self) -> bool:
        return not self.advocates and not self.friends


def look_up(asked: str, user: Any, *, now: datetime) -> Found:
    """Who it is by address, phone, name, customer number or share code, in the programs whose rewards this
    staff member may see; at most ten queries."""
    programs = list(programs_granting(user, "view", Reward))
    by_hash = _keys(asked, programs)
    advocates = list(
        Advocate.objects.filter(_advocates(asked, by_hash), enrolments__program__in=programs)
        .distinct()
        .order_by("-created_at")[: PEOPLE + 1]
    )
    friends: list[Any] = list(
        with_facts(Referral.objects.filter(_friends(asked, by_hash), program__in=programs))
        .annotate(got=Exists(Reward.objects.filter(referral=OuterRef("pk"), side=Side.FRIEND)))
        .order_by("-submitted_at")[: PEOPLE + 1]
    )
    more = len(advocates) > PEOPLE or len(friends) > PEOPLE
    advocates, friends = advocates[:PEOPLE], friends[:PEOPLE]
    if not advocates and not friends:
        return Found([], [], [], [], more=False)
    rewards = _rewards(advocates, friends, programs)
    without = explain(_without(advocates, friends, programs))
    return Found(advocates, friends, _answers(rewards, now), without, more or len(rewards) == REWARDS)


def _keys(asked: str, programs: Iterable[Program]) -> Q:
    """The same mailbox or number, however it is spelled."""
    if "@" in asked:
        return Q(email_key=email_key(asked))
    found = set()
    for country in {program.country for program in programs} | {""}:
        try:
            found.add(phone_key(clean_phone(asked, country)))
        except ValidationError:
            continue
    return Q(phone_key__in=found) if found else Q()


def _advocates(asked: str, by_hash: Q) -> Q:
    if "@" in asked:
        return by_hash
    named = Q(name__icontains=asked) | Q(external_id=asked) | Q(enrolments__code__iexact=asked)
    return named | by_hash if by_hash else named


def _friends(asked: str, by_hash: Q) -> Q:
    if "@" in asked:
        return by_hash
    named = Q(name__icontains=asked)
    return named | by_hash if by_hash else named


def _rewards(advocates: list[Advocate], friends: list[Referral], programs: list[Program]) -> list[Reward]:
    mine = Q(side=Side.ADVOCATE, enrolment__advocate__in=advocates) | Q(
        side=Side.FRIEND, referral__in=friends
    )
    rows = Reward.objects.with_people().filter(mine, program__in=programs)
    related = ("event", "rule__program", "rule__incentive", "rule__tier")
    return list(rows.select_related(*related).order_by("-created_at", "-pk")[:REWARDS])


def _answers(rewards: list[Reward], now: datetime) -> list[Answer]:
    keys = {f"reward:{row.pk}:{step}": row for row in rewards for step in range(row.step + 1)}
    steps: dict[Reward, list[Event]] = defaultdict(list)
    events = Event.objects.filter(dedup_key__in=keys).select_related("actor").order_by("occurred_at", "pk")
    for event in events:
        steps[keys[event.dedup_key]].append(event)
    return [Answer(row, of_reward(row, now=now), for_staff(row), [row.event, *steps[row]]) for row in rewards]


def _without(
    advocates: list[Advocate], friends: list[Referral], programs: list[Program]
) -> list[tuple[Referral, str]]:
    named = Referral.objects.filter(enrolment__advocate__in=advocates, program__in=programs)
    rows = with_facts(without_reward(named, Side.ADVOCATE)).order_by("-submitted_at")[:FRIENDS]
    poor = [row for row in friends if not row.got]  # type: ignore[attr-defined]
    return [*((row, Side.ADVOCATE.value) for row in rows), *((row, Side.FRIEND.value) for row in poor)]
