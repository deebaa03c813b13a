from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from referrals.models import Enrolment, Event, Program, Referral
from referrals.money import format_money
from referrals.transitions import StatusQuerySet, WithStatus
from rewards.models.ledger import LedgerTransaction
from rewards.models.rule import RewardRule
from rewards.signals import rewards_changed

# A friend of such a status earns nobody anything.
NOT_COUNTED = (Referral.Status.REJECTED, Referral.Status.UNDER_REVIEW)


class RewardQuerySet(StatusQuerySet):
    def with_people(self) -> "RewardQuerySet":
        """With all that a line about a reward says, in one query."""
        return self.select_related("program", "rule__incentive", "referral", "enrolment__advocate")

    def to_approve(self) -> "RewardQuerySet":
        return self.filter(status=Reward.Status.PENDING, rule__needs_approval=True)

    def released(self, now: datetime) -> "RewardQuerySet":
        """Promised ones that nothing stands against any more."""
        return self.filter(status=Reward.Status.PENDING).payable(now)

    def payable(self, now: datetime) -> "RewardQuerySet":
        """Those whose waiting time is over, for referrals that count: a doubt is never paid by waiting."""
        return self.filter(due_at__lte=now).exclude(referral__status__in=NOT_COUNTED)

    def to_hand_out(self) -> "RewardQuerySet":
        return self.filter(status=Reward.Status.APPROVED)

    def announce(self, moved: Sequence["Reward"], *, now: datetime, by: Any) -> None:
        rewards = list(Reward.objects.with_people().filter(pk__in=[row.pk for row in moved]))
        before = {row.pk: row.status_before for row in moved}
        for reward in rewards:
            reward.status_before = before[reward.pk]
        book(rewards, now=now, by=by)


class Reward(WithStatus):
    """What one side gets for one referral under one rule. Promised, approved, handed out – once each."""

    class Status(models.TextChoices):
        PENDING = "pending", _("promised")
        APPROVED = "approved", _("approved")
        ISSUED = "issued", _("handed out")
        REDEEMED = "redeemed", _("used")
        DECLINED = "declined", _("declined")
        REVOKED = "revoked", _("taken back")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {"approved", "declined"},
        Status.APPROVED: {"issued", "revoked"},
        Status.ISSUED: {"redeemed"},
        Status.REDEEMED: set(),
        Status.DECLINED: set(),
        Status.REVOKED: set(),
    }

    # Made before the row is stored: whoever finds the own key in the table granted the reward.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    program = models.ForeignKey(Program, models.PROTECT, related_name="rewards", verbose_name=_("program"))
    rule = models.ForeignKey(RewardRule, models.PROTECT, related_name="rewards", verbose_name=_("rule"))
    side = models.CharField(_("who gets it"), max_length=8, choices=RewardRule.Side)
    referral = models.ForeignKey(
        Referral, models.PROTECT, related_name="rewards", verbose_name=_("for the referral of")
    )
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, related_name="rewards", verbose_name=_("advocate")
    )
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", verbose_name=_("because of"))
    amount = models.PositiveBigIntegerField(_("value"), help_text=_("In minor units."))
    currency = models.CharField(_("currency"), max_length=3)
    due_at = models.DateTimeField(_("not before"))
    code = models.CharField(
        _("code"), max_length=80, blank=True, help_text=_("What the person uses: a card's or coupon's code.")
    )
    created_at = models.DateTimeField(_("promised"))

    objects = RewardQuerySet.as_manager()

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints = [
            models.UniqueConstraint(fields=["referral", "rule", "side"], name="reward_once"),
            models.CheckConstraint(
                condition=~Q(status="issued") | Q(status_at__gte=models.F("due_at")),
                name="reward_waits_its_time",
            ),
        ]
        indexes = [
            # promised rewards whose waiting time is over; what waits for approval
            models.Index(fields=["due_at"], condition=Q(status="pending"), name="reward_due"),
            # the admin list and counts by status
            models.Index(fields=["program", "status", "due_at"], name="reward_program_status"),
            # the portal
            models.Index(fields=["enrolment", "side"], name="reward_enrolment"),
        ]

    def __str__(self) -> str:
        return f"{self.rule.incentive.name} – {self.recipient_name}"

    @property
    def recipient_name(self) -> str:
        if self.side == RewardRule.Side.FRIEND:
            return str(self.referral)
        return str(self.enrolment.advocate)

    @property
    def worth(self) -> str:
        return format_money(self.amount, self.currency) if self.amount else ""


def book(rewards: Sequence[Reward], *, now: datetime, by: Any) -> None:
    """Record the status that these rewards have just got, move their money in the ledger, and tell the app above."""
    events = Event.objects.record([_event(reward, now, by) for reward in rewards], now=now)
    LedgerTransaction.objects.book(
        [
            (event, reward, reward.status_before, reward.status)
            for event, reward in zip(events, rewards, strict=True)
        ],
        now=now,
    )
    rewards_changed.send(sender=Reward, rewards=list(rewards), now=now)


def _event(reward: Reward, now: datetime, by: Any) -> Event:
    return Event(
        kind=f"reward.{reward.status}",
        program_id=reward.program_id,
        advocate_id=reward.enrolment.advocate_id,
        referral_id=reward.referral_id,
        actor=by,
        occurred_at=now,
        data={
            "reward": str(reward.pk), "side": reward.side, "rule": reward.rule_id,
            "amount": reward.amount, "currency": reward.currency,
            "reason": reward.status_reason, "note": reward.status_note,
        },
        dedup_key=f"reward:{reward.pk}:{reward.status}",
    )  # fmt: skip
