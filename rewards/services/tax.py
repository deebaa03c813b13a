from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from referrals.models import Enrolment
from referrals.money import format_money
from referrals.transitions import Moved
from rewards.models import Reward, TaxThreshold
from rewards.models.rule import RewardRule

COUNTED = (Reward.Status.APPROVED, Reward.Status.ISSUED, Reward.Status.REDEEMED)


def held_for_tax(rewards: Sequence[Reward], *, now: datetime) -> dict[UUID, str]:
    """For each reward that would lift its advocate over the year's threshold: a sentence that says so.

    Counts what was approved or handed out to the advocate in this calendar year (UTC), in the
    threshold's currency. An advocate whose papers are in (``tax_cleared_year``) is not held.
    """
    mine = [reward for reward in rewards if reward.side == RewardRule.Side.ADVOCATE]
    countries = {reward.program.country for reward in mine} - {""}
    if not countries:
        return {}
    thresholds = {t.country: t for t in TaxThreshold.objects.filter(country__in=countries, year=now.year)}
    if not thresholds:
        return {}
    totals = year_totals({r.enrolment.advocate_id for r in mine}, now.year)
    held = {}
    for reward in mine:
        threshold = thresholds.get(reward.program.country)
        if threshold is None or reward.currency != threshold.currency:
            continue
        key = (reward.enrolment.advocate_id, reward.currency)
        totals[key] = totals.get(key, 0) + reward.amount
        if totals[key] >= threshold.amount and reward.enrolment.tax_cleared_year != now.year:
            held[reward.pk] = _held(threshold)
    return held


def note_papers(enrolments: QuerySet[Enrolment], *, now: datetime, by: Any) -> Moved:
    """The tax papers of these advocates are in for the year (UTC): their rewards are held no longer.

    Counts in the programs of these enrolments only; those that said so before come back as refused.
    """
    rows = list(enrolments.select_related("advocate", "program").order_by("pk"))
    before = [row for row in rows if row.tax_cleared_year == now.year]
    Enrolment.objects.filter(pk__in=[row.pk for row in rows]).update(tax_cleared_year=now.year)
    return Moved([row for row in rows if row not in before], before)


def year_totals(advocates: set[Any], year: int) -> dict[tuple[int, str], int]:
    """Value of what each advocate was given in the year, by (advocate, currency), in minor units."""
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    given = Reward.objects.filter(
        enrolment__advocate__in=advocates, side=RewardRule.Side.ADVOCATE, status__in=COUNTED
    ).filter(status_at__gte=start, status_at__lt=end)
    rows = given.values_list("enrolment__advocate", "currency").annotate(total=Sum("amount"))
    return {(advocate, currency): total for advocate, currency, total in rows}


def _held(threshold: TaxThreshold) -> str:
    return _(
        "with it, rewards of this year reach %(amount)s, which %(country)s wants reported; "
        "note on the advocate's enrolment that the papers are in, then approve it"
    ) % {"amount": format_money(threshold.amount, threshold.currency), "country": threshold.country}
