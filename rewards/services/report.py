"""Which incentive works: friends who bought, out of friends named while it was promised."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from referrals.models import Program, Referral
from rewards.models import Incentive, RewardRule
from rewards.models.reward import NOT_COUNTED

# Two-sided 95 %.
Z = 1.96
# Below this many friends a side, a difference says nothing: with a share of 10 % the interval of
# Newcombe's method is then wider than ±6 percentage points.
ENOUGH = 100


@dataclass
class Effect:
    """Friends named while something was promised, and how many of them bought."""

    label: str
    named: int = 0
    bought: int = 0

    @property
    def share(self) -> float:
        return self.bought / self.named if self.named else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.bought, self.named)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share. E. B. Wilson, JASA 22 (1927), 209–212."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, Z * Z / total
    centre = (share + square / 2) / (1 + square)
    width = Z * sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    return max(0.0, centre - width), min(1.0, centre + width)


def difference(one: Effect, other: Effect) -> tuple[float, float, float]:
    """The difference of two shares and its 95 % interval. R. G. Newcombe, Statistics in Medicine 17
    (1998), 873–890, method 10."""
    gap = one.share - other.share
    (low1, high1), (low2, high2) = one.interval, other.interval
    below = sqrt((one.share - low1) ** 2 + (high2 - other.share) ** 2)
    above = sqrt((high1 - one.share) ** 2 + (other.share - low2) ** 2)
    return gap, gap - below, gap + above


def effects(program: Program, side: str, *, now: datetime) -> list[Effect]:
    """For each incentive promised to ``side`` on a sale: friends named while it was the only one, and those
    who bought. Best share first; two queries."""
    rules = _rules(program).filter(side=side)
    return sorted(_compare(program, [(r.incentive.name, r) for r in rules], now), key=lambda e: -e.share)


def by_kind_of_value(program: Program, *, now: datetime) -> tuple[Effect, Effect]:
    """Monetary against other incentives, either side, promised on a sale: friends named while only the one
    or only the other was promised. Two queries."""
    money, other = _("money and discounts"), _("everything else")
    labelled = [
        (money if rule.incentive.kind in Incentive.MONETARY else other, rule) for rule in _rules(program)
    ]
    found = {effect.label: effect for effect in _compare(program, labelled, now)}
    return found.get(money, Effect(money)), found.get(other, Effect(other))


def verdict(one: Effect, other: Effect) -> str:
    """The comparison in a sentence that claims no more than the numbers do."""
    fewest = min(one.named, other.named)
    if fewest < ENOUGH:
        return _("Too little data: %(count)d friends on one side so far, %(enough)d are needed.") % {
            "count": fewest,
            "enough": ENOUGH,
        }
    gap, low, high = difference(one, other)
    points = {"gap": abs(gap) * 100, "low": low * 100, "high": high * 100}
    if low <= 0 <= high:
        return (
            _("No difference that the numbers can tell: %(low)+.1f to %(high)+.1f percentage points.")
            % points
        )
    better, worse = (one, other) if gap > 0 else (other, one)
    text = _("“%(better)s” works better than “%(worse)s”: %(gap).1f percentage points more friends buy")
    return (
        text % {"better": better.label, "worse": worse.label, **points}
        + _(
            " (%(low)+.1f to %(high)+.1f). The two were not assigned by chance, so other causes are possible."
        )
        % points
    )


def _rules(program: Program) -> QuerySet[RewardRule]:
    rules = RewardRule.objects.filter(program=program, when=RewardRule.When.CONVERSION)
    return rules.select_related("incentive").order_by("pk")


def _compare(program: Program, labelled: Iterable[tuple[str, RewardRule]], now: datetime) -> list[Effect]:
    """Friends by label, each counted once; whoever was promised two things at a time is in neither."""
    promised: dict[str, Q] = {}
    for label, rule in labelled:
        promised[label] = promised.get(label, Q()) | _while(rule, now)
    alone = []
    for label, mine in promised.items():
        for other in promised:
            mine = mine if other == label else mine & ~promised[other]
        alone.append(mine)
    bought = Q(status=Referral.Status.CONVERTED)
    friends = Referral.objects.filter(program=program).exclude(status__in=NOT_COUNTED)
    counts = friends.aggregate(
        **{f"named_{n}": Count("pk", filter=mine) for n, mine in enumerate(alone)},
        **{f"bought_{n}": Count("pk", filter=mine & bought) for n, mine in enumerate(alone)},
    ) if alone else {}  # fmt: skip
    return [Effect(label, counts[f"named_{n}"], counts[f"bought_{n}"]) for n, label in enumerate(promised)]


def _while(rule: RewardRule, now: datetime) -> Q:
    """Friends who were named while this rule promised something."""
    during = Q(submitted_at__gte=rule.starts_at or rule.created_at, submitted_at__lt=rule.ends_at or now)
    return during & Q(enrolment__advocate__kind=rule.kind) if rule.kind else during
