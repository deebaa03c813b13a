from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from referrals.models import Conversion, Enrolment, Event, Referral
from referrals.prepared import prepared
from referrals.upsert import insert_new
from rewards.models import Incentive, Reward, RewardRule, Standing
from rewards.models.reward import NOT_COUNTED, book
from rewards.services.mystery import draw_contents
from rewards.services.reservation import reserve

EARNING = set(RewardRule.When.values)

# What settling a reward may change.
SETTLED = (
    "status", "status_reason", "inputs", "budget_id", "incentive_id", "wrapped_in_id", "amount", "cost",
    "currency", "needs_approval",
)  # fmt: skip


def grant_rewards(
    events: Sequence[Event], *, now: datetime, tiers: Mapping[UUID, int | None] | None = None
) -> list[Reward]:
    """Promise what the rules give for these events: one reward per referral (or event), rule and side, ever.

    What budget, stock or codes do not cover follows the rule's fallback. ``tiers`` are those at which single
    events of the batch found their advocates, where it is not the present one. Returns the rewards that are
    new. Runs in the transaction that recorded the events, in a number of queries that does not grow with them.
    """
    earning = [event for event in events if event.kind in EARNING and event.advocate_id]
    earning += _held_back(events)
    if not earning:
        return []
    rules = _rules(earning, now)
    if not rules:
        return []
    world = World(earning, rules, now, tiers or {})
    wanted = [
        _reward(rule, event, world, now) for event in earning for rule in rules if world.earns(event, rule)
    ]
    return promise(wanted, now=now)


def _held_back(events: Sequence[Event]) -> list[Event]:
    """What happened to friends who count only now: being named earns what it would have earned then."""
    released = [event.referral_id for event in events if event.kind == Event.Kind.REFERRAL_RELEASED]
    if not released:
        return []
    named = Event.objects.filter(referral__in=released, kind=Event.Kind.REFERRAL_SUBMITTED)
    return list(named.select_related("referral"))


def promise(wanted: Sequence[Reward], *, now: datetime) -> list[Reward]:
    """Store these rewards, set aside what they need, and record them; returns the ones that are new."""
    if not wanted:
        return []
    for reward in wanted:
        reward.status_before, reward.status, reward.step = "", Reward.Status.PENDING, 1
        reward.needs_approval = reward.needs_approval or needs_approval(reward)
    fresh = insert_new(wanted)
    if fresh:
        settle(fresh, now=now)
        book(fresh, now=now, by=None)
    return fresh


def settle(rewards: Sequence[Reward], *, now: datetime) -> None:
    """Reserve for stored rewards, and let those for which nothing is left wait or lapse."""
    stored = {reward: _settled(reward) for reward in rewards}
    draw_contents(rewards)
    missing = reserve(rewards, now=now)
    for reward in rewards:
        # The draw, or another incentive in its place, may have made it worth more.
        reward.needs_approval = reward.needs_approval or needs_approval(reward)
        if reward in missing:
            # What no rule gave, such as a prize of a contest, was won all the same.
            waits = reward.rule is None or reward.rule.fallback == RewardRule.Fallback.WAIT
            reward.status = Reward.Status.WAITING if waits else Reward.Status.DECLINED
            reward.status_reason = Reward.Reason.EXHAUSTED
            reward.inputs = {**reward.inputs, "missing": missing[reward]}
    differs = {
        n for reward, before in stored.items() for n, old in before.items() if _settled(reward)[n] != old
    }
    if differs:
        Reward.objects.bulk_update(
            rewards, sorted(name.removesuffix("_id") for name in differs), batch_size=200
        )


def _settled(reward: Reward) -> dict[str, Any]:
    """What settling may have changed about the reward."""
    return {name: getattr(reward, name) for name in SETTLED}


class World:
    """What the rules ask about, fetched once for a batch of events."""

    def __init__(
        self,
        events: Sequence[Event],
        rules: Sequence[RewardRule],
        now: datetime,
        tiers: Mapping[UUID, int | None],
    ) -> None:
        self.now, self.tiers_then = now, tiers
        advocates = {event.advocate_id for event in events}
        programs = {event.program_id for event in events}
        self.enrolments = _places_at_hand(events) if not any(rule.limit for rule in rules) else {}
        if not self.enrolments:
            enrolments = Enrolment.objects.filter(advocate__in=advocates).select_related("advocate")
            if any(rule.limit for rule in rules):
                # Two sales at once by friends of one advocate queue up here, so that limits hold.
                enrolments = enrolments.select_for_update(of=("self",), no_key=True)
            rows = enrolments.filter(program__in=programs).order_by("pk")
            self.enrolments = {(e.program_id, e.advocate_id): e for e in rows}
        self.tiers = self._tiers() if any(rule.tier_id for rule in rules) else {}
        self.members = {rule.pk: self._members(rule) for rule in rules if rule.segment}
        self.climbed = self._climbed([rule for rule in rules if rule.when == RewardRule.When.TIER])
        self.given = self._given(rules)
        self.had = self._had(events, [rule for rule in rules if rule.limit])
        self.bought = friends_in_order(self.enrolments.values()) if any(rule.nth for rule in rules) else {}

    def earns(self, event: Event, rule: RewardRule) -> bool:
        """Whether the rule gives something for this event; counts it against the rule's limit."""
        enrolment = self.enrolment(event)
        if (event.program_id, event.kind) != (rule.program_id, rule.when) or enrolment is None:
            return False
        if event.referral and event.referral.status in NOT_COUNTED:
            return False
        if event.data.get("from") == Referral.Status.CONVERTED:
            # A sale was taken back, which is no step forward.
            return False
        if not rule.is_reached_by(event) or rule.is_old_news(event, self.now):
            return False
        if not self._is_for(enrolment, event, rule):
            return False
        if not rule.is_for_place(self.bought.get(enrolment.pk, []), event.referral_id):
            return False
        if rule.limit and self.given[rule.pk, enrolment.pk] >= rule.limit:
            return False
        if event.referral_id and (rule.pk, event.referral_id) in self.had:
            return False
        self.had.add((rule.pk, event.referral_id))
        self.given[rule.pk, enrolment.pk] += 1
        return True

    def _is_for(self, enrolment: Enrolment, event: Event, rule: RewardRule) -> bool:
        """Whether this advocate is one of those whom the rule is for."""
        if rule.kind and enrolment.advocate.kind != rule.kind:
            return False
        if rule.tier_id and self._tier(enrolment, event) != rule.tier_id:
            return False
        if (rule.pk, enrolment.pk, event.data.get("tier_id")) in self.climbed:
            # Whoever came down and up again has had it.
            return False
        return rule.segment_id is None or enrolment.advocate_id in self.members[rule.pk]

    def _tier(self, enrolment: Enrolment, event: Event) -> int | None:
        if event.kind == Event.Kind.TIER_REACHED:
            return event.data.get("tier_id")
        return self.tiers_then.get(event.pk, self.tiers.get(enrolment.pk))

    def enrolment(self, event: Event) -> Enrolment | None:
        return self.enrolments.get((event.program_id, event.advocate_id))

    def _given(self, rules: Iterable[RewardRule]) -> Counter[tuple[int, int]]:
        limited = [rule for rule in rules if rule.limit]
        return given_under(limited, self.enrolments.values(), self.now) if limited else Counter()

    def _had(self, events: Sequence[Event], limited: Sequence[RewardRule]) -> set[tuple[int, int | None]]:
        """The friends for whom a limited rule has given something, which does not count a second time."""
        friends = {event.referral_id for event in events if event.referral_id}
        if len(events) < 2 or not (friends and limited):
            return set()
        had = Reward.objects.filter(rule__in=limited, referral__in=friends)
        return set(had.values_list("rule", "referral"))

    def _tiers(self) -> dict[int, int]:
        standings = Standing.objects.filter(enrolment__in=self.enrolments.values(), tier__isnull=False)
        return dict(standings.values_list("enrolment", "tier"))

    def _climbed(self, rules: Sequence[RewardRule]) -> set[tuple[int, int, int]]:
        """The tiers whose reward each advocate has, by (rule, enrolment, tier)."""
        if not rules:
            return set()
        had = Reward.objects.alive().filter(rule__in=rules, enrolment__in=self.enrolments.values())
        return set(had.values_list("rule", "enrolment", "event__data__tier_id"))

    def _members(self, rule: RewardRule) -> set[int]:
        """Those of the batch's advocates who are in the rule's segment now."""
        assert rule.segment is not None  # noqa: S101 - for the type checker
        people = {enrolment.advocate_id for enrolment in self.enrolments.values()}
        return set(rule.segment.members(self.now).filter(pk__in=people).values_list("pk", flat=True))


def friends_in_order(enrolments: Iterable[Enrolment | int]) -> dict[int, list[int]]:
    """Friends of each advocate who bought and did not take it back, in the order of their first sale."""
    sales = Conversion.objects.filter(referral__enrolment__in=enrolments, reversed_at=None)
    first = sales.values_list("referral__enrolment", "referral").annotate(first=Min("pk"))
    bought: dict[int, list[int]] = defaultdict(list)
    for enrolment, referral, _first in first.order_by("first"):
        bought[enrolment].append(referral)
    return bought


def needs_approval(reward: Reward) -> bool:
    """Whether the rule asks for a person, or the program for two."""
    if reward.rule is not None and reward.rule.needs_approval(reward.amount):
        return True
    scheme = getattr(reward.program, "scheme", None)
    return scheme is not None and scheme.needs_two(reward.amount, reward.currency)


def given_under(
    rules: Sequence[RewardRule], enrolments: Iterable[Enrolment], now: datetime
) -> Counter[tuple[int, int]]:
    """How many rewards each advocate has under each of these limited rules, by (rule, enrolment)."""
    recent = Q()
    for rule in rules:
        since = now - timedelta(days=rule.most_days) if rule.most_days else None
        recent |= Q(rule=rule, created_at__gt=since) if since else Q(rule=rule)
    counted = Reward.objects.alive().filter(recent, enrolment__in=enrolments)
    rows = counted.values_list("rule", "enrolment").annotate(Count("pk"))
    return Counter({(rule, enrolment): count for rule, enrolment, count in rows})


def _places_at_hand(events: Sequence[Event]) -> dict[tuple[Any, Any], Enrolment]:
    """The places of these advocates in their programs, if whoever recorded the events had them all."""
    friends = [event.referral for event in events if Event.referral.is_cached(event) and event.referral]
    places = [friend.enrolment for friend in friends if Referral.enrolment.is_cached(friend)]
    found = {(e.program_id, e.advocate_id): e for e in places if Enrolment.advocate.is_cached(e)}
    return found if all((event.program_id, event.advocate_id) in found for event in events) else {}


@prepared
def _in_force(programs: set[int], kinds: set[str], now: datetime) -> QuerySet[RewardRule]:
    rules = RewardRule.objects.in_force(now).filter(program__in=programs, when__in=kinds)
    return rules.select_related("program__scheme", "incentive", "fallback_incentive", "segment")


def _rules(events: Sequence[Event], now: datetime) -> list[RewardRule]:
    rules = _in_force({e.program_id for e in events}, {e.kind for e in events}, now)
    # Sorted here: of so many columns, the ORM takes longer to say it than the database to do it.
    rules.sort(key=lambda rule: rule.pk)
    for rule in rules:
        for incentive in (rule.incentive, rule.fallback_incentive):
            if incentive and incentive.program_id == rule.program_id:
                # Read once: what it is worth is said in the program's currency.
                incentive.program = rule.program
    return rules


def _reward(rule: RewardRule, event: Event, world: World, now: datetime) -> Reward:
    incentive: Incentive = rule.incentive
    enrolment = world.enrolment(event)
    return Reward(
        program=rule.program,
        rule=rule,
        incentive=incentive,
        side=rule.side,
        referral=event.referral,
        enrolment=enrolment,
        event=event,
        amount=incentive.value,
        cost=incentive.charge,
        currency=incentive.unit,
        needs_approval=False,
        due_at=now + timedelta(days=rule.hold_days),
        status_at=now,
        created_at=now,
        inputs={
            "when": event.kind,
            "sale": event.data.get("amount"),
            "sale_currency": event.data.get("currency"),
            "order": event.data.get("order"),
            "minimum": rule.minimum,
            "hold_days": rule.hold_days,
            "nth": rule.nth,
            "tier": str(rule.tier or ""),
        },
    )
