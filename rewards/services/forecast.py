from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from referrals.models import Conversion, Event, Referral
from rewards.models import RewardRule
from rewards.models.reward import NOT_COUNTED

YEAR = timedelta(days=365)


class Forecast(NamedTuple):
    """What a rule would have given over a year of real events, in rewards and in minor units of cost."""

    rewards: int
    cost: int
    currency: str


def cost_of_last_year(rule: RewardRule, *, now: datetime) -> Forecast:
    """Replay the last 365 days under this (perhaps unsaved) rule.

    Counts the events it would have matched – not those of friends who do not count, nor sales that were taken
    back –, the smallest sale, the kind of advocate, the nth friend and
    the limit per advocate taken into account, and the segment as it is today. The tier is not: nobody's
    tier of last year is known.
    """
    events = _that_count(rule, now)
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


def _that_count(rule: RewardRule, now: datetime) -> QuerySet[Event]:
    """The year's events of the rule's kind, without those for which nobody would keep a reward."""
    events = Event.objects.filter(program=rule.program, kind=rule.when, occurred_at__gt=now - YEAR)
    if rule.when not in RewardRule.ABOUT_FRIENDS:
        return events
    events = events.exclude(referral__status__in=NOT_COUNTED)
    if rule.when == RewardRule.When.CONVERSION:
        sold = Conversion.objects.filter(
            program=OuterRef("program"), external_id=OuterRef("order"), referral=OuterRef("referral")
        )
        return events.alias(order=KT("data__order")).filter(Exists(sold.filter(reversed_at=None)))
    # A sale that was taken back is no step forward.
    before = Coalesce(KT("data__from"), Value("", output_field=TextField()))
    return events.alias(before=before).exclude(before=Referral.Status.CONVERTED)
