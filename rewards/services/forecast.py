from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count

from referrals.models import Event
from rewards.models import RewardRule

YEAR = timedelta(days=365)


class Forecast(NamedTuple):
    """What a rule would have given over a year of real events, in rewards and in minor units of cost."""

    rewards: int
    cost: int
    currency: str


def cost_of_last_year(rule: RewardRule, *, now: datetime) -> Forecast:
    """Replay the last 365 days under this (perhaps unsaved) rule.

    Counts the events it would have matched, the smallest sale, the kind of advocate, the nth friend and
    the limit per advocate taken into account, and the segment as it is today. The tier is not: nobody's
    tier of last year is known.
    """
    events = Event.objects.filter(program=rule.program, kind=rule.when, occurred_at__gt=now - YEAR)
    if rule.kind:
        events = events.filter(advocate__kind=rule.kind)
    if rule.segment:
        events = events.filter(advocate__in=rule.segment.members(now))
    if rule.minimum:
        events = events.filter(data__amount__gte=rule.minimum, data__currency=rule.program.currency)
    what = "referral" if rule.when in RewardRule.ABOUT_FRIENDS else "pk"
    per_advocate = events.values_list("advocate").annotate(count=Count(what, distinct=True))
    counts = [count for _advocate, count in per_advocate.order_by()]
    if rule.nth:
        counts = [1 for count in counts if count >= rule.nth]
    if rule.most and not rule.most_days:
        counts = [min(count, rule.most) for count in counts]
    rewards = sum(counts)
    return Forecast(rewards, rewards * rule.incentive.charge, rule.incentive.unit)
