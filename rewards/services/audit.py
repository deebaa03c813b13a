from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Max, Min, Q, Sum

from rewards.models import Account, Budget, LedgerCheck, LedgerEntry, LedgerTransaction, Reward
from rewards.models.incentive import POINTS
from rewards.models.reward import STANDS_IN

# Checks of a month show since when something is wrong.
KEPT_FOR = timedelta(days=31)
BATCH = 1000


def check_ledger(*, now: datetime) -> int:
    """Recompute the ledger and keep what was found; returns the number of differences. Repeatable."""
    found = ledger_differences()
    kept = {"count": len(found), "sentences": found[: LedgerCheck.KEPT]}
    LedgerCheck.objects.update_or_create(checked_at=now, defaults=kept)
    LedgerCheck.objects.filter(checked_at__lt=now - KEPT_FOR).delete()
    return len(found)


def ledger_differences() -> list[str]:
    """Everything in the ledger that does not add up, as sentences for staff; empty when all is well.

    Recomputed from the entries: a handful of statements, and one for each thousand rewards.
    """
    return [*_unbalanced(), *_off_status(), *_off_budget(), *_overspent()]


def _unbalanced() -> Iterator[str]:
    """Transactions whose entries do not sum to zero, are not two, or mix currencies."""
    sums = LedgerEntry.objects.order_by().values_list("transaction")
    rows = sums.annotate(total=Sum("amount"), lines=Count("pk"), first=Min("currency"), last=Max("currency"))
    for key, total, lines, *_ in rows.filter(~Q(total=0) | ~Q(lines=2) | ~Q(first=F("last"))).iterator():
        yield f"Transaction {key}: {lines} entries sum to {total}."
    strange = LedgerEntry.objects.exclude(currency=F("transaction__currency"))
    for key in strange.values_list("transaction", flat=True).iterator():
        yield f"Transaction {key}: an entry is in another currency."
    for key in LedgerTransaction.objects.filter(entries=None).values_list("pk", flat=True).iterator():
        yield f"Transaction {key}: 0 entries."


def _off_status() -> Iterator[str]:
    """Rewards whose cost does not stand in the account of their status, or stands in another as well."""
    last = UUID(int=0)
    fields = ("pk", "status", "cost", "currency")
    while rows := list(Reward.objects.filter(pk__gt=last).order_by("pk").values_list(*fields)[:BATCH]):
        booked = _booked([pk for pk, *_ in rows])
        for pk, status, cost, currency in rows:
            account = STANDS_IN[Reward.Status(status)]
            stands = booked.get((pk, currency, account.value), 0)
            if stands != (0 if account == Account.BUDGET else cost):
                yield f"Reward {pk} ({status}): cost {cost}, booked {stands}."
        last = rows[-1][0]


def _booked(rewards: list[UUID]) -> dict[tuple[UUID, str, str], int]:
    """What stands where for each of these rewards, by reward, currency and account."""
    entries = LedgerEntry.objects.filter(transaction__reward__in=rewards).order_by()
    keys = ("transaction__reward", "currency", "account")
    sums = entries.values_list(*keys).annotate(total=Sum("amount"))
    return {(reward, currency, account): total for reward, currency, account, total in sums}


def _off_budget() -> Iterator[str]:
    """Budgets whose counter differs from what their rewards cost."""
    alive = [status for status, account in STANDS_IN.items() if account != Account.BUDGET]
    cost = Sum("rewards__cost", filter=Q(rewards__status__in=alive) & ~Q(rewards__currency=POINTS), default=0)
    for budget in Budget.objects.annotate(cost=cost).exclude(used=F("cost")):
        yield f"Budget {budget}: {budget.used} marked as used, rewards cost {budget.cost}."


def _overspent() -> Iterator[str]:
    """Advocates who spent more points than they ever had. What was claimed back since is a debt."""
    rows = LedgerEntry.objects.filter(account__in=[Account.PAID, Account.CLAIMED], currency=POINTS)
    repaid = Reward.objects.filter(currency=POINTS, status=Reward.Status.REPAID)
    for row in (
        rows.order_by().values("enrolment").annotate(total=Sum("amount")).filter(total__lt=0).iterator()
    ):
        gone = repaid.filter(enrolment=row["enrolment"]).aggregate(sum=Sum("cost", default=0))["sum"]
        if row["total"] + gone < 0:
            yield f"Enrolment {row['enrolment']}: {row['total']} points."
