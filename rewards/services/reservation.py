"""Taking budget, stock and codes in the transaction that promises a reward, and giving them back.

Rows are locked in one order everywhere – enrolments, rewards, then all budgets and all stocks of the
programs – so that transactions wait for each other and never lock each other up, even if one of them
reserves more than once. Codes are taken from among those that nobody has locked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F, Q, QuerySet

from referrals.models import Program
from referrals.prepared import prepared
from rewards.models import Budget, CouponCode, Incentive, Reward
from rewards.models.incentive import POINTS


class Shelf:
    """What is left to promise, locked for this transaction."""

    def __init__(self, incentives: Iterable[Incentive], programs: Iterable[int]) -> None:
        incentives = list(incentives)
        self.budgets: dict[int, list[Budget]] = defaultdict(list)
        for budget in _locked_budgets(set(programs)):
            self.budgets[budget.program_id].append(budget)
        self.stock = _lock_stock(incentives, programs)
        self.codes: dict[int, list[CouponCode]] = defaultdict(list)
        self.taken: Counter[int] = Counter()
        self.spent: Counter[int] = Counter()

    def fetch_codes(self, rewards: Sequence[Reward]) -> None:
        """Lock as many free codes of each pool as these rewards may need; others skip what is locked."""
        wanted: Counter[int] = Counter()
        for reward in rewards:
            for incentive in {reward.incentive, _other(reward)} - {None}:
                wanted[incentive.pk] += incentive.fulfilment == Incentive.Fulfilment.CODE  # type: ignore[union-attr]
        skip = connection.features.has_select_for_update_skip_locked
        for pool, count in sorted((+wanted).items()):
            free = CouponCode.objects.free().filter(incentive=pool).order_by("pk")
            self.codes[pool] = list(free.select_for_update(skip_locked=skip, no_key=True)[:count])

    def take(self, reward: Reward, now: datetime) -> str:
        """Set aside what this reward needs; returns what has run out, or nothing."""
        incentive, cost = reward.incentive, reward.cost if reward.currency != POINTS else 0
        budget = self._in_force(reward.program, now)
        lapsed = budget is None and self._has_lapsed(reward.program, now)
        by_code = incentive.fulfilment == Incentive.Fulfilment.CODE
        if by_code and not self.codes[incentive.pk]:
            return "codes"
        if self.stock.get(incentive.pk, 1) < 1:
            return "stock"
        if budget and budget.free < cost:
            return "budget"
        if lapsed and cost:
            return "period"
        if by_code:
            self.codes[incentive.pk].pop(0).reward = reward
        if incentive.pk in self.stock:
            self.stock[incentive.pk] -= 1
            self.taken[incentive.pk] += 1
        if budget:
            budget.used += cost
            self.spent[budget.pk] += cost
        reward.budget = budget
        return ""

    def save(self, codes: Sequence[CouponCode]) -> None:
        """Write what was taken."""
        for budget, cost in (+self.spent).items():
            Budget.objects.filter(pk=budget).update(used=F("used") + cost)
        for incentive, count in self.taken.items():
            Incentive.objects.filter(pk=incentive).update(stock=F("stock") - count)
        if codes:
            CouponCode.objects.bulk_update(codes, ["reward"], batch_size=200)

    def _in_force(self, program: Program, now: datetime) -> Budget | None:
        """The budget of the day that it is in the program's office."""
        mine, today = self.budgets.get(program.pk, []), program.local(now).date()
        return next((b for b in mine if b.covers(today)), None)

    def _has_lapsed(self, program: Program, now: datetime) -> bool:
        """Whether the program had a budget, and wants no money spent until there is another."""
        mine, today = self.budgets.get(program.pk, []), program.local(now).date()
        newest = max((b for b in mine if b.starts_on <= today), key=lambda b: b.starts_on, default=None)
        return newest is not None and newest.afterwards != Budget.Afterwards.UNLIMITED


def reserve(rewards: Sequence[Reward], *, now: datetime) -> dict[Reward, str]:
    """Set aside budget, stock and codes for these (stored) rewards, in their order.

    Returns those for which nothing was left, with what ran out: "budget", "period" (no budget
    covers the day), "stock" or "codes". A reward
    whose rule names another incentive for that case gets that one, if there is any of it.
    """
    everything = {i for r in rewards for i in (r.incentive, _other(r)) if i}
    shelf = Shelf(everything, {r.program_id for r in rewards})
    shelf.fetch_codes(rewards)
    held = [code for codes in shelf.codes.values() for code in codes]
    missing = {}
    for reward in rewards:
        lacking = shelf.take(reward, now)
        if lacking and not _take_other(shelf, reward, now):
            missing[reward] = lacking
    shelf.save([code for code in held if code.reward_id])
    return missing


def give_back(rewards: Iterable[Reward]) -> None:
    """Return to budget, stock and pool what rewards that are no longer promised had set aside."""
    rewards = list(rewards)
    if not rewards:
        return
    Shelf([reward.incentive for reward in rewards], {reward.program_id for reward in rewards})
    return_to_budget(rewards)
    stocks = Counter(reward.incentive_id for reward in rewards)
    for incentive, count in sorted(stocks.items()):
        Incentive.objects.filter(pk=incentive, stock__isnull=False).update(stock=F("stock") + count)
    CouponCode.objects.filter(reward__in=rewards).update(reward=None)


def return_to_budget(rewards: Iterable[Reward]) -> None:
    """Free the cost of these rewards in the budgets that had promised it."""
    freed: Counter[int] = Counter()
    for reward in rewards:
        if reward.budget_id and reward.currency != POINTS:
            freed[reward.budget_id] += reward.cost
    for budget, amount in sorted(freed.items()):
        Budget.objects.filter(pk=budget).update(used=F("used") - amount)


@prepared
def _locked_budgets(programs: set[int]) -> QuerySet[Budget]:
    return Budget.objects.filter(program__in=programs).select_for_update(no_key=True).order_by("pk")


def _lock_stock(incentives: Sequence[Incentive], programs: Iterable[int]) -> dict[int, int]:
    """What is in stock, of all that the programs count: nothing, where none of these is counted."""
    counted = [incentive.pk for incentive in incentives if incentive.stock is not None]
    if not counted:
        return {}
    rows = Incentive.objects.filter(Q(program__in=set(programs)) | Q(pk__in=counted), stock__isnull=False)
    locked = rows.select_for_update(no_key=True).order_by("pk")
    return {pk: stock or 0 for pk, stock in locked.values_list("pk", "stock")}


def _other(reward: Reward) -> Incentive | None:
    """What the rule gives instead, when nothing is left."""
    rule = reward.rule
    return rule.fallback_incentive if rule and rule.fallback == rule.Fallback.OTHER else None


def _take_other(shelf: Shelf, reward: Reward, now: datetime) -> bool:
    """Give the rule's other incentive instead; without any of it, the reward stays as it was."""
    other, wanted = _other(reward), reward.incentive
    if other is None or other == wanted:
        return False
    as_it_was = reward.amount, reward.cost, reward.currency
    reward.incentive, reward.amount, reward.cost, reward.currency = (
        other,
        other.value,
        other.charge,
        other.unit,
    )
    if not shelf.take(reward, now):
        return True
    reward.incentive, (reward.amount, reward.cost, reward.currency) = wanted, as_it_was
    return False
