from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from referrals.models import Event, Program
from referrals.models.program import ScopedQuerySet


class Account(models.TextChoices):
    """Where the money of a reward stands. Every step moves it from one account to the next."""

    BUDGET = "budget", _("budget")
    PROMISED = "promised", _("promised")
    OWED = "owed", _("owed")
    PAID = "paid", _("paid out")


# In which account the money of a reward of this status stands.
STANDS_IN = {
    "": Account.BUDGET,
    "pending": Account.PROMISED,
    "approved": Account.OWED,
    "issued": Account.PAID,
    "redeemed": Account.PAID,
    "declined": Account.BUDGET,
    "revoked": Account.BUDGET,
}


class LedgerQuerySet(ScopedQuerySet):
    def book(self, steps: Sequence[tuple[Event, Any, str, str]], *, now: datetime) -> None:
        """Move money for each (event, reward, status before, status after): one transaction of two entries."""
        transactions, entries = [], []
        for event, reward, before, after in steps:
            source, target = STANDS_IN[before], STANDS_IN[after]
            if source == target or not reward.amount:
                continue
            booked = LedgerTransaction(
                event=event, reward=reward, program_id=reward.program_id, recorded_at=now
            )
            transactions.append(booked)
            for account, amount in ((source, -reward.amount), (target, reward.amount)):
                entries.append(
                    LedgerEntry(transaction=booked, account=account, amount=amount, currency=reward.currency)
                )
        self.bulk_create(transactions)
        LedgerEntry.objects.bulk_create(entries)


class LedgerTransaction(models.Model):
    """One movement of money, caused by one event; its entries sum to zero. Append-only, by database trigger."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # One event moves money once: this constraint, not a check, keeps retries from paying twice.
    event = models.OneToOneField(
        Event, models.PROTECT, related_name="ledger_transaction", verbose_name=_("because of")
    )
    reward = models.ForeignKey(
        "rewards.Reward", models.PROTECT, related_name="ledger_transactions", verbose_name=_("reward")
    )
    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"))
    recorded_at = models.DateTimeField(_("recorded"))

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger transaction")
        verbose_name_plural = _("ledger")

    def __str__(self) -> str:
        return str(self.event)


class LedgerEntryQuerySet(ScopedQuerySet):
    program_path = "transaction__program"

    def balance(self, account: Account) -> int:
        """What stands in the account, in minor units: the sum of its entries."""
        total: int = self.filter(account=account).aggregate(total=models.Sum("amount", default=0))["total"]
        return total


class LedgerEntry(models.Model):
    """A signed amount in one account. Never changed, never deleted: corrections are entries of their own."""

    transaction = models.ForeignKey(LedgerTransaction, models.PROTECT, related_name="entries")
    account = models.CharField(_("account"), max_length=10, choices=Account)
    amount = models.BigIntegerField(_("amount"), help_text=_("In minor units; signed."))
    currency = models.CharField(_("currency"), max_length=3)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["transaction", "account"], name="entry_once_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount} {self.currency}"
