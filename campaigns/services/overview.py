"""What an advocate sees beside single rewards: ladder, points, contests – in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from referrals.models import Advocate, Enrolment, Program, Referral
from referrals.money import format_money
from rewards.models import (
    Account,
    Charity,
    Contest,
    ContestEntry,
    LedgerEntry,
    Prize,
    Reward,
    RewardRule,
    Tier,
)
from rewards.models.incentive import POINTS
from rewards.services.tier import progress

# So long a contest that is over stays in sight.
AFTERWARDS = timedelta(days=30)


def places_of(advocate: Advocate, *, program: Program | None = None) -> list[Enrolment]:
    """Every place of the advocate, or that in one program, the newest first, with ``named``, ``customers``,
    ``rewards_count``, ``points``, ``has_prizes`` and ``has_charities``; in one query."""
    referrals = Referral.objects.filter(enrolment=OuterRef("pk"))
    rewards = Reward.objects.filter(enrolment=OuterRef("pk"), side=RewardRule.Side.ADVOCATE)
    points = LedgerEntry.objects.filter(enrolment=OuterRef("pk"), account=Account.PAID, currency=POINTS)
    prizes = Prize.objects.filter(program=OuterRef("program"), active=True, incentive__active=True)
    rows = Enrolment.objects.for_page().select_related("program__scheme", "program__voice", "standing__tier")
    rows = rows.filter(program=program) if program else rows
    return list(
        rows.filter(advocate=advocate)
        .annotate(
            named=_per_place(referrals, Count("pk")),
            customers=_per_place(referrals.filter(status=Referral.Status.CONVERTED), Count("pk")),
            rewards_count=_per_place(rewards, Count("pk")),
            points=_per_place(points, Sum("amount")),
            has_prizes=Exists(prizes),
            has_charities=Exists(Charity.objects.filter(program=OuterRef("program"))),
        )
        .order_by("-joined_at")
    )


class Rung(NamedTuple):
    tier: Tier
    takes: str
    reached: bool
    current: bool


class Ladder(NamedTuple):
    """The tiers of a program with the advocate's place among them."""

    program: object
    rungs: list[Rung]
    next: Tier | None
    distance: str
    done: int


def ladders_of(enrolments: Sequence[Enrolment], *, now: datetime) -> list[Ladder]:
    """The ladders that these places have: one query for the tiers, one a ladder for the way that was made."""
    climbing = {e.program_id: e for e in enrolments if _has_ladder(e)}
    if not climbing:
        return []
    tiers: dict[int, list[Tier]] = {program: [] for program in climbing}
    for tier in Tier.objects.filter(program__in=climbing).select_related("program").order_by("threshold"):
        tiers[tier.program_id].append(tier)
    return [_ladder(climbing[program], rows, now) for program, rows in tiers.items() if rows]


def contests_of(advocate: Advocate, enrolments: Iterable[Enrolment], *, now: datetime) -> list[Contest]:
    """Contests that run, or ended lately, with ``chances``: the advocate's own; in one query."""
    mine = ContestEntry.objects.filter(contest=OuterRef("pk"), enrolment__advocate=advocate)
    chances = mine.order_by().values("contest").annotate(total=Sum("weight")).values("total")
    begun = Contest.objects.filter(program__in=[e.program_id for e in enrolments], starts_at__lte=now)
    lately = begun.filter(Q(ends_at__gt=now - AFTERWARDS)).select_related("program")
    return list(lately.annotate(chances=Subquery(chances)).order_by("ends_at", "pk"))


def way_to(tier: Tier, done: int) -> str:
    """How far it is, such as “2 more friends who become customers”."""
    missing = max(tier.threshold - done, 0)
    if tier.measure == Tier.Measure.VALUE:
        return _("friends' purchases of %(amount)s more") % {
            "amount": format_money(missing, tier.program.currency)
        }
    if tier.measure == Tier.Measure.POINTS:
        return ngettext("%(count)d more point", "%(count)d more points", missing) % {"count": missing}
    return ngettext(
        "%(count)d more friend who becomes a customer", "%(count)d more friends who become customers", missing
    ) % {"count": missing}


def _per_place(
    rows: QuerySet[Referral] | QuerySet[Reward] | QuerySet[LedgerEntry], what: Count | Sum
) -> Subquery:
    return Subquery(rows.order_by().values("enrolment").annotate(total=what).values("total"))


def _has_ladder(enrolment: Enrolment) -> bool:
    scheme = getattr(enrolment.program, "scheme", None)
    return scheme is not None and scheme.has_ladder


def _ladder(enrolment: Enrolment, tiers: list[Tier], now: datetime) -> Ladder:
    done = progress([enrolment], tiers, now).get(enrolment.pk, 0)
    standing = getattr(enrolment, "standing", None)
    current = standing.tier if standing else None
    height = current.threshold if current else -1
    above = next((tier for tier in tiers if tier.threshold > height), None)
    rungs = [
        Rung(tier, _takes(tier), tier.threshold <= height, current is not None and tier.pk == current.pk)
        for tier in tiers
    ]
    return Ladder(enrolment.program, rungs, above, way_to(above, done) if above else "", done)


def _takes(tier: Tier) -> str:
    if tier.measure == Tier.Measure.VALUE:
        return _("friends' purchases of %(amount)s") % {
            "amount": format_money(tier.threshold, tier.program.currency)
        }
    if tier.measure == Tier.Measure.POINTS:
        return ngettext("%(count)d point", "%(count)d points", tier.threshold) % {"count": tier.threshold}
    if not tier.threshold:
        return _("from the start")
    return ngettext("%(count)d new customer", "%(count)d new customers", tier.threshold) % {
        "count": tier.threshold
    }
