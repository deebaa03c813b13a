from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from referrals.models import Enrolment, Event, Program
from referrals.models.program import ScopedQuerySet
from referrals.money import format_money
from referrals.upsert import insert_all
from rewards.models.incentive import POINTS


class Account(models.TextChoices):
    """Where the cost of a reward stands. Every step moves it from one account to the next."""

    BUDGET = "budget", _("budget")
    PROMISED = "promised", _("promised")
    OWED = "owed", _("owed")
    PAID = "paid", _("handed out")
    CLAIMED = "claimed", _("to be paid back")
    SPENT = "spent", _("spent on prizes")


@dataclass
class Movement:
    """An amount to move between accounts because of an event; ``currency`` may be points."""

    event: Event
    program_id: int
    reward_id: UUID
    enrolment_id: int
    source: Account
    target: Account
    amount: int
    currency: str


class LedgerQuerySet(ScopedQuerySet):
    def book(self, movements: Iterable[Movement], *, now: datetime) -> None:
        """Write one transaction of two entries for each movement that moves anything."""
        transactions, entries = [], []
        for move in movements:
            if move.source == move.target or not move.amount:
                continue
            booked = LedgerTransaction(
                event=move.event,
                reward_id=move.reward_id,
                program_id=move.program_id,
                currency=move.currency,
                recorded_at=now,
            )
            transactions.append(booked)
            entries += [
                LedgerEntry(
                    transaction=booked,
                    program_id=booked.program_id,
                    enrolment_id=move.enrolment_id,
                    account=account,
                    amount=amount,
                    currency=move.currency,
                )
                for account, amount in ((move.source, -move.amount), (move.target, move.amount))
            ]
        insert_all(transactions)
        insert_all(entries)


class LedgerTransaction(models.Model):
    """One movement, caused by one event; its entries sum to zero. Append-only, by database trigger."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(
        Event, models.PROTECT, related_name="ledger_transactions", verbose_name=_("because of")
    )
    reward = models.ForeignKey(
        "rewards.Reward", models.PROTECT, related_name="ledger_transactions", verbose_name=_("reward")
    )
    program = models.ForeignKey(Program, models.PROTECT, related_name="+", verbose_name=_("program"))
    currency = models.CharField(_("currency"), max_length=3)
    recorded_at = models.DateTimeField(_("recorded"))

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger transaction")
        verbose_name_plural = _("ledger")
        constraints = [
            # One event moves money once, and points once: this keeps retries from paying twice.
            models.UniqueConstraint(fields=["event", "currency"], name="transaction_once_per_event")
        ]

    def __str__(self) -> str:
        return str(self.event)

    @property
    def path(self) -> str:
        """From which account to which, in words; reads the entries."""
        rows = sorted(self.entries.all(), key=lambda entry: entry.amount)
        return " → ".join(str(entry.get_account_display()) for entry in rows)

    @property
    def amount_in_words(self) -> str:
        """What was moved, as people write money or points; reads the entries."""
        return units(max((entry.amount for entry in self.entries.all()), default=0), self.currency)


def units(amount: int, currency: str) -> str:
    """A signed amount of money or points as people read it, nothing included: “-€40.00”, “0 points”."""
    if currency == POINTS:
        return str(_("%(count)s points") % {"count": amount})
    return format_money(amount, currency)


class LedgerEntryQuerySet(ScopedQuerySet):
    def balance(self, account: str, currency: str) -> int:
        """What stands in the account, in minor units or points: the sum of its entries."""
        rows = self.filter(account=account, currency=currency)
        total: int = rows.aggregate(total=models.Sum("amount", default=0))["total"]
        return total


class LedgerEntry(models.Model):
    """A signed amount in one account. Never changed, never deleted: corrections are entries of their own."""

    transaction = models.ForeignKey(LedgerTransaction, models.PROTECT, related_name="entries")
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="+", db_index=False, verbose_name=_("program")
    )
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, related_name="+", db_index=False, verbose_name=_("advocate")
    )
    account = models.CharField(_("account"), max_length=10, choices=Account)
    amount = models.BigIntegerField(_("amount"), help_text=_("In minor units, or points; signed."))
    currency = models.CharField(_("currency"), max_length=3)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["transaction", "account"], name="entry_once_per_account")
        ]
        indexes = [
            # what stands in each account, read from the index alone
            models.Index(fields=["program", "currency", "account", "amount"], name="entry_balances"),
            # the points of an advocate
            models.Index(
                fields=["enrolment", "account"], condition=models.Q(currency="PTS"), name="entry_points"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount} {self.currency}"
