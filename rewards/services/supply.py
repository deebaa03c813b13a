"""How long what we promise will last: stock, pools of codes and budgets."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from referrals.models import Program
from rewards.models import Budget, Incentive
from rewards.models.incentive import POINTS
from rewards.models.reward import Reward
from rewards.services.budget import warn_days

PACE_OVER = timedelta(days=30)
# A budget of which less is left wants somebody, however slowly it is spent.
TIGHT_PERCENT = 10


class Supply(NamedTuple):
    """What is left of an incentive, and for how many days at the pace of the last 30."""

    incentive: Incentive
    left: int
    promised_lately: int

    @property
    def days_left(self) -> int | None:
        """Whole days; None when nothing was promised lately, so that nothing can be said."""
        if not self.promised_lately:
            return None
        return self.left * PACE_OVER.days // self.promised_lately

    @property
    def runs_out(self) -> bool:
        """Whether somebody should see to it now."""
        days = self.days_left
        return self.left == 0 or (days is not None and days < warn_days(self.incentive.program))


def supplies(incentives: QuerySet[Incentive], *, now: datetime) -> list[Supply]:
    """The state of every stock and pool among these incentives, in two queries; scarcest first."""
    by_code = Q(fulfilment=Incentive.Fulfilment.CODE)
    free = Count("codes", filter=Q(codes__reward=None))
    limited = incentives.filter(by_code | Q(stock__isnull=False), active=True).annotate(free_codes=free)
    rows = list(limited.select_related("program__scheme"))
    recent = Reward.objects.alive().filter(incentive__in=rows, created_at__gt=now - PACE_OVER)
    pace = dict(recent.values_list("incentive").annotate(Count("pk")).order_by())
    found = [Supply(row, _left(row), pace.get(row.pk, 0)) for row in rows]
    return sorted(found, key=lambda supply: (not supply.runs_out, supply.left))


def _left(incentive: Incentive) -> int:
    codes: int = incentive.free_codes  # type: ignore[attr-defined]
    if incentive.fulfilment != Incentive.Fulfilment.CODE:
        return incentive.stock or 0
    return codes if incentive.stock is None else min(codes, incentive.stock)


class Drain(NamedTuple):
    """A budget of today, and what was promised from it in the last 30 days, in minor units."""

    budget: Budget
    promised_lately: int
    today: date

    @property
    def days_left(self) -> int | None:
        """Whole days at that pace; None when nothing was promised lately."""
        if not self.promised_lately:
            return None
        return self.budget.free * PACE_OVER.days // self.promised_lately

    @property
    def runs_out(self) -> bool:
        """Whether a tenth or less is left, or it will be spent soon and before its last day."""
        budget, days = self.budget, self.days_left
        if budget.used and budget.free * 100 <= budget.amount * TIGHT_PERCENT:
            return True
        soon = days is not None and days < warn_days(budget.program)
        return soon and self.today + timedelta(days=days or 0) < budget.ends_on


def drains(programs: QuerySet[Program] | Iterable[int], *, now: datetime) -> list[Drain]:
    """How fast the budgets of today are spent, in one query; each program has its own today."""
    near = {"starts_on__lte": now + timedelta(days=1), "ends_on__gte": now - timedelta(days=1)}
    dead = [Reward.Status.DECLINED, Reward.Status.REVOKED, Reward.Status.REPAID]
    lately = Q(rewards__created_at__gt=now - PACE_OVER) & ~Q(rewards__status__in=dead)
    pace = Sum("rewards__cost", filter=lately & ~Q(rewards__currency=POINTS), default=0)
    rows = Budget.objects.filter(program__in=programs, **near).annotate(lately=pace)
    found = [(row, row.program.local(now).date()) for row in rows.select_related("program__scheme")]
    return [Drain(row, row.lately, today) for row, today in found if row.covers(today)]


class Spending(NamedTuple):
    """A budget in three numbers, all in minor units of the program's currency."""

    budget: Budget
    promised: int
    spent: int
    free: int


def spending(budgets: QuerySet[Budget]) -> list[Spending]:
    """What each budget has promised and spent, and what is free, in one query."""
    promised = Q(rewards__status__in=[Reward.Status.PENDING, Reward.Status.APPROVED])
    handed_out = Q(
        rewards__status__in=[
            Reward.Status.ISSUED,
            Reward.Status.REDEEMED,
            Reward.Status.CLAIMED,
            Reward.Status.WAIVED,
        ]
    )
    rows = budgets.annotate(
        promised=Sum("rewards__cost", filter=promised, default=0),
        spent=Sum("rewards__cost", filter=handed_out, default=0),
    )
    return [Spending(row, row.promised, row.spent, row.free) for row in rows]
