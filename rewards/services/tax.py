from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from referrals.locks import hold
from referrals.models import Enrolment, Event
from referrals.money import format_money
from referrals.transitions import Moved
from rewards.models import Reward, TaxThreshold
from rewards.models.reward import HANDED_OUT
from rewards.models.rule import RewardRule


def held_for_tax(rewards: Sequence[Reward], *, now: datetime) -> dict[UUID, str]:
    """For each reward that would lift its advocate over the year's threshold: a sentence that says so.

    Counts what was handed out to the advocate in this calendar year (UTC), and what is approved to be, in
    the threshold's currency. An advocate whose papers are in (``tax_cleared_year``) is not held.
    """
    mine = [r for r in rewards if r.side == RewardRule.Side.ADVOCATE and r.status == Reward.Status.PENDING]
    countries = {reward.program.country for reward in mine} - {""}
    if not countries:
        return {}
    thresholds = {t.country: t for t in TaxThreshold.objects.filter(country__in=countries, year=now.year)}
    if not thresholds:
        return {}
    advocates = {reward.enrolment.advocate_id for reward in mine}
    # Two decisions about one advocate at a time, or each would count without the other.
    hold(f"tax:{advocate}" for advocate in advocates)
    totals = year_totals(advocates, now.year)
    held = {}
    for reward in mine:
        threshold = thresholds.get(reward.program.country)
        if threshold is None or reward.currency != threshold.currency:
            continue
        key = (reward.enrolment.advocate_id, reward.currency)
        total = totals.get(key, 0) + reward.amount
        if total >= threshold.amount and reward.enrolment.tax_cleared_year != now.year:
            held[reward.pk] = _held(threshold)
        else:
            totals[key] = total
    return held


def hold_for_tax(rewards: Sequence[Reward], *, now: datetime) -> list[Reward]:
    """Those of these promised rewards that no threshold stands against; the others wait for approval,
    where the reason is given."""
    held = held_for_tax(rewards, now=now)
    if held:
        Reward.objects.filter(pk__in=held).update(needs_approval=True)
    return [reward for reward in rewards if reward.pk not in held]


def note_papers(enrolments: QuerySet[Enrolment], *, now: datetime, by: Any) -> Moved:
    """The tax papers of these advocates are in for the year (UTC): their rewards are held no longer.

    Counts in the programs of these enrolments only; those that said so before come back as refused.
    """
    rows = list(enrolments.select_related("advocate", "program").order_by("pk"))
    before = [row for row in rows if row.tax_cleared_year == now.year]
    Enrolment.objects.filter(pk__in=[row.pk for row in rows]).update(tax_cleared_year=now.year)
    return Moved([row for row in rows if row not in before], before)


def year_totals(advocates: set[Any], year: int) -> dict[tuple[int, str], int]:
    """Value of what each advocate got in the year or is about to get, by (advocate, currency); minor units."""
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    # The log knows when something was handed out; the row itself only when it changed last.
    issued = Event.objects.filter(
        advocate__in=advocates, kind=Event.Kind.REWARD_ISSUED, occurred_at__gte=start, occurred_at__lt=end
    )
    keys = set(issued.values_list("data__reward", flat=True))
    rows = Reward.objects.filter(
        Q(status=Reward.Status.APPROVED) | Q(status__in=HANDED_OUT, pk__in=keys),
        enrolment__advocate__in=advocates,
        side=RewardRule.Side.ADVOCATE,
    )
    totals = rows.values_list("enrolment__advocate", "currency").annotate(total=Sum("amount"))
    return {(advocate, currency): total for advocate, currency, total in totals}


class Nearing(NamedTuple):
    """An advocate whose rewards of the year come near to what their program's country wants reported."""

    place: Enrolment
    threshold: TaxThreshold
    total: int


def nearing(*, now: datetime) -> list[Nearing]:
    """Whoever has reached the share of a threshold at which it warns, and whose papers are not in; one
    query, and three for each country with a threshold this year."""
    found = []
    for threshold in TaxThreshold.objects.filter(year=now.year):
        owed = Reward.objects.filter(
            program__country=threshold.country, currency=threshold.currency, side=RewardRule.Side.ADVOCATE,
            status__in=(Reward.Status.APPROVED, *HANDED_OUT),
        )  # fmt: skip
        places = Enrolment.objects.filter(pk__in=owed.values("enrolment")).exclude(tax_cleared_year=now.year)
        rows = list(places.select_related("advocate", "program").order_by("pk"))
        totals = year_totals({row.advocate_id for row in rows}, now.year)
        least = threshold.amount * threshold.warn_at_percent
        for row in rows:
            total = totals.get((row.advocate_id, threshold.currency), 0)
            if total * 100 >= least:
                found.append(Nearing(row, threshold, total))
    return found


def _held(threshold: TaxThreshold) -> str:
    return _(
        "with it, rewards of this year reach %(amount)s, which %(country)s wants reported; "
        "note on the advocate's enrolment that the papers are in, then approve it"
    ) % {"amount": format_money(threshold.amount, threshold.currency), "country": threshold.country}
