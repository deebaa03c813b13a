"""Taking budget, stock and codes in the transaction that promises a reward, and giving them back.

Rows are locked in one order everywhere – incentives, then budgets – so that two transactions wait
for each other and never lock each other up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F

from rewards.models import Budget, CouponCode, Incentive, Reward
from rewards.models.incentive import POINTS


class Shelf:
    """What is left to promise, locked for this transaction."""

    def __init__(self, incentives: set[int], programs: set[int], now: datetime) -> None:
        limited = Incentive.objects.filter(pk__in=incentives, stock__isnull=False)
        rows = limited.select_for_update().order_by("pk").values_list("pk", "stock")
        self.stock: dict[int, int] = {pk: stock or 0 for pk, stock in rows}
        budgets = Budget.objects.filter(program__in=programs).in_force(now.date())
        self.budgets = {b.program_id: b for b in budgets.select_for_update().order_by("pk")}
        self.codes: dict[int, list[CouponCode]] = defaultdict(list)
        self.taken: Counter[int] = Counter()

    def fetch_codes(self, wanted: Counter[int]) -> None:
        """Lock as many free codes of each pool as may be needed; others skip what we have locked."""
        skip = connection.features.has_select_for_update_skip_locked
        for incentive, count in sorted(wanted.items()):
            free = CouponCode.objects.free().filter(incentive=incentive).order_by("pk")
            self.codes[incentive] = list(free.select_for_update(skip_locked=skip)[:count])

    def take(self, reward: Reward) -> str:
        """Set aside what this reward needs; returns what has run out, or nothing."""
        incentive, cost = reward.incentive, reward.cost if reward.currency != POINTS else 0
        budget = self.budgets.get(reward.program_id)
        by_code = incentive.fulfilment == Incentive.Fulfilment.CODE
        if by_code and not self.codes[incentive.pk]:
            return "codes"
        if self.stock.get(incentive.pk, 1) < 1:
            return "stock"
        if budget and budget.free < cost:
            return "budget"
        if by_code:
            self.codes[incentive.pk].pop(0).reward = reward
        if incentive.pk in self.stock:
            self.stock[incentive.pk] -= 1
            self.taken[incentive.pk] += 1
        if budget:
            budget.used += cost
            reward.budget = budget
        return ""

    def save(self, codes: Sequence[CouponCode]) -> None:
        """Write what was taken."""
        for incentive, count in self.taken.items():
            Incentive.objects.filter(pk=incentive).update(stock=F("stock") - count)
        for budget in self.budgets.values():
            Budget.objects.filter(pk=budget.pk).update(used=budget.used)
        CouponCode.objects.bulk_update(codes, ["reward"], batch_size=500)


def reserve(rewards: Sequence[Reward], *, now: datetime) -> dict[Reward, str]:
    """Set aside budget, stock and codes for these (stored) rewards, in their order.

    Returns those for which nothing was left, with what ran out: "budget", "stock" or "codes". A reward
    whose rule names another incentive for that case gets that one, if there is any of it.
    """
    spare = {r.rule.fallback_incentive for r in rewards if r.rule and r.rule.fallback_incentive}
    everything = {r.incentive for r in rewards} | spare
    shelf = Shelf({i.pk for i in everything}, {r.program_id for r in rewards}, now)
    pools = {i.pk for i in everything if i.fulfilment == Incentive.Fulfilment.CODE}
    shelf.fetch_codes(Counter({pool: len(rewards) for pool in pools}))
    held = [code for codes in shelf.codes.values() for code in codes]
    missing = {}
    for reward in rewards:
        lacking = shelf.take(reward)
        if lacking and _switch(reward):
            lacking = shelf.take(reward)
        if lacking:
            missing[reward] = lacking
    shelf.save([code for code in held if code.reward_id])
    return missing


def give_back(rewards: Iterable[Reward]) -> None:
    """Return to budget, stock and pool what rewards that are no longer promised had set aside."""
    rewards = list(rewards)
    stocks = Counter(reward.incentive_id for reward in rewards)
    for incentive, count in sorted(stocks.items()):
        Incentive.objects.filter(pk=incentive, stock__isnull=False).update(stock=F("stock") + count)
    spent: Counter[int] = Counter()
    for reward in rewards:
        if reward.budget_id and reward.currency != POINTS:
            spent[reward.budget_id] += reward.cost
    for budget, amount in sorted(spent.items()):
        Budget.objects.filter(pk=budget).update(used=F("used") - amount)
    CouponCode.objects.filter(reward__in=rewards).update(reward=None)


def _switch(reward: Reward) -> bool:
    """Change the reward to the rule's other incentive; False if there is none."""
    rule = reward.rule
    other = rule.fallback_incentive if rule and rule.fallback == rule.Fallback.OTHER else None
    if other is None or other == reward.incentive:
        return False
    reward.incentive, reward.amount, reward.cost, reward.currency = (
        other,
        other.value,
        other.charge,
        other.unit,
    )
    return True
