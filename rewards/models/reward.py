from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from referrals.models import Enrolment, Event, Program, Referral
from referrals.transitions import StatusQuerySet, WithStatus
from rewards.models.budget import Budget
from rewards.models.charity import Charity
from rewards.models.incentive import POINTS, Incentive, worth
from rewards.models.ledger import Account, LedgerTransaction, Movement
from rewards.models.prize import Prize
from rewards.models.rule import RewardRule
from rewards.signals import rewards_changed

# A friend of such a status earns nobody anything.
NOT_COUNTED = (Referral.Status.REJECTED, Referral.Status.UNDER_REVIEW)


class RewardQuerySet(StatusQuerySet):
    def with_people(self) -> "RewardQuerySet":
        """With all that a line about a reward says, in one query."""
        return self.select_related(
            "program",
            "incentive",
            "wrapped_in",
            "rule",
            "prize",
            "referral",
            "enrolment__advocate",
            "charity",
        )

    def with_rule(self) -> "RewardQuerySet":
        """With what deciding about it asks for."""
        return self.select_related(
            "program__scheme",
            "incentive__program",
            "rule__fallback_incentive__program",
            "referral",
            "prize",
            "enrolment__advocate",
        )

    def to_approve(self) -> "RewardQuerySet":
        return self.filter(status=Reward.Status.PENDING, needs_approval=True)

    def released(self, now: datetime) -> "RewardQuerySet":
        """Promised ones that nothing stands against any more and nobody has to approve."""
        return self.filter(status=Reward.Status.PENDING, needs_approval=False).payable(now)

    def payable(self, now: datetime) -> "RewardQuerySet":
        """Those whose waiting time is over, for referrals that count: a doubt is never paid by waiting."""
        return self.filter(due_at__lte=now).exclude(referral__status__in=NOT_COUNTED)

    def to_hand_out(self) -> "RewardQuerySet":
        return self.filter(status=Reward.Status.APPROVED)

    def to_hand_out_by_person(self, now: datetime) -> "RewardQuerySet":
        """The work list: approved, their time has come, and nothing but a person brings them."""
        mine = self.to_hand_out().filter(due_at__lte=now)
        return mine.filter(incentive__fulfilment=Incentive.Fulfilment.PERSON)

    def awaiting_second(self) -> "RewardQuerySet":
        """Approved by one person, and of a value that needs two."""
        return self.to_approve().filter(first_approval__isnull=False)

    def alive(self) -> "RewardQuerySet":
        """Promised or more, and not taken back: what limits count."""
        over = (Reward.Status.DECLINED, Reward.Status.REVOKED, Reward.Status.REPAID)
        return self.exclude(status__in=over)

    def announce(self, moved: Sequence["Reward"], *, now: datetime, by: Any) -> None:
        book(moved, now=now, by=by)


class Reward(WithStatus):
    """What one side gets, once: for a referral or another happening under a rule, or for points."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("on the waiting list")
        PENDING = "pending", _("promised")
        APPROVED = "approved", _("approved")
        ISSUED = "issued", _("handed out")
        REDEEMED = "redeemed", _("used")
        DECLINED = "declined", _("declined")
        REVOKED = "revoked", _("taken back")
        CLAIMED = "claimed", _("to be paid back")
        REPAID = "repaid", _("paid back")
        WAIVED = "waived", _("not asked back")

    COUNTING = ("step",)
    TOLD_WITH = (
        "program",
        "incentive",
        "wrapped_in",
        "rule",
        "prize",
        "referral",
        "enrolment__advocate",
        "charity",
    )
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.WAITING: {"pending", "declined"},
        Status.PENDING: {"approved", "issued", "declined"},
        Status.APPROVED: {"issued", "revoked", "pending"},
        Status.ISSUED: {"redeemed", "claimed"},
        Status.REDEEMED: {"claimed"},
        # Undoing a decision takes budget, stock and code anew.
        Status.DECLINED: {"pending", "waiting"},
        Status.REVOKED: {"pending", "waiting"},
        # Sold again: what was handed out may stay.
        Status.CLAIMED: {"issued", "repaid", "waived"},
    }

    class Reason(models.TextChoices):
        EXHAUSTED = "exhausted", _("nothing is left of it")
        SALE_REVERSED = "sale_reversed", _("the sale was taken back")
        SALE_REDUCED = "sale_reduced", _("part of the sale was refunded")
        NOT_ELIGIBLE = "not_eligible", _("does not meet the terms")
        DUPLICATE = "duplicate", _("was rewarded before")
        SUSPICIOUS = "suspicious", _("looks suspicious")
        MISTAKE = "mistake", _("was a mistake")
        OTHER = "other", _("another reason")

    # Made before the row is stored: whoever finds the own key in the table granted the reward.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    # Counts the steps, so that each has its own event however often a decision is undone.
    step = models.PositiveSmallIntegerField(default=0, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="rewards", verbose_name=_("program"))
    rule = models.ForeignKey(
        RewardRule, models.PROTECT, null=True, related_name="rewards", verbose_name=_("rule")
    )
    prize = models.ForeignKey(
        Prize, models.PROTECT, null=True, blank=True, related_name="rewards", verbose_name=_("prize")
    )
    incentive = models.ForeignKey(Incentive, models.PROTECT, related_name="rewards", verbose_name=_("what"))
    # A mystery gift: what it looked like before it was opened.
    wrapped_in = models.ForeignKey(
        Incentive, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True, editable=False)
    side = models.CharField(_("who gets it"), max_length=8, choices=RewardRule.Side)
    referral = models.ForeignKey(
        Referral, models.PROTECT, null=True, related_name="rewards", verbose_name=_("for the referral of")
    )
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, related_name="rewards", verbose_name=_("advocate")
    )
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", verbose_name=_("because of"))
    budget = models.ForeignKey(Budget, models.PROTECT, null=True, editable=False, related_name="rewards")
    amount = models.PositiveBigIntegerField(_("value"), help_text=_("In minor units, or points."))
    cost = models.PositiveBigIntegerField(_("cost"), help_text=_("In minor units, or points."))
    currency = models.CharField(_("currency"), max_length=3)
    needs_approval = models.BooleanField(_("waits for approval"), default=True)
    first_approval = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    due_at = models.DateTimeField(_("not before"))
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    code = models.CharField(
        _("code"), max_length=80, blank=True, help_text=_("What the person uses: a card's or coupon's code.")
    )
    charity = models.ForeignKey(Charity, models.PROTECT, null=True, blank=True, related_name="rewards")
    # The rule's inputs as they were, from which the decision can be explained.
    inputs = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(_("promised"))

    objects = RewardQuerySet.as_manager()

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints = [
            models.UniqueConstraint(
                fields=["referral", "rule", "side"], condition=Q(referral__isnull=False), name="reward_once"
            ),
            models.UniqueConstraint(fields=["event", "rule", "side"], name="reward_once_per_event"),
            models.CheckConstraint(
                condition=~Q(status="issued") | Q(status_at__gte=F("due_at")), name="reward_waits_its_time"
            ),
        ]
        indexes = [
            # promised rewards whose waiting time is over; what waits for approval
            models.Index(fields=["due_at"], condition=Q(status="pending"), name="reward_due"),
            # the admin list and counts by status
            models.Index(fields=["program", "status", "due_at"], name="reward_program_status"),
            # the portal; the limits of a rule
            models.Index(fields=["enrolment", "side"], name="reward_enrolment"),
            # the API's list, page by page
            models.Index(fields=["program", "id"], name="reward_program"),
        ]

    def __str__(self) -> str:
        return f"{self.incentive.name} – {self.recipient_name}"

    @property
    def recipient_name(self) -> str:
        if self.side == RewardRule.Side.FRIEND:
            return str(self.referral)
        return str(self.enrolment.advocate)

    @property
    def is_wrapped(self) -> bool:
        """Whether this is a mystery gift that its recipient has not opened yet."""
        return self.wrapped_in_id is not None and self.opened_at is None

    @property
    def shown(self) -> Incentive:
        """The incentive as its recipient may see it."""
        return self.wrapped_in if self.is_wrapped else self.incentive  # type: ignore[return-value]

    @property
    def worth(self) -> str:
        """The value in words; empty for none, and for a gift that is still wrapped."""
        return "" if self.is_wrapped else worth(self.amount, self.currency)


# What a person holds in their hands, used or not.
HANDED_OUT = (Reward.Status.ISSUED, Reward.Status.REDEEMED)


# In which account the cost of a reward of this status stands.
STANDS_IN = {
    "": Account.BUDGET,
    Reward.Status.WAITING: Account.BUDGET,
    Reward.Status.PENDING: Account.PROMISED,
    Reward.Status.APPROVED: Account.OWED,
    Reward.Status.ISSUED: Account.PAID,
    Reward.Status.REDEEMED: Account.PAID,
    Reward.Status.DECLINED: Account.BUDGET,
    Reward.Status.REVOKED: Account.BUDGET,
    Reward.Status.CLAIMED: Account.CLAIMED,
    Reward.Status.REPAID: Account.BUDGET,
    Reward.Status.WAIVED: Account.PAID,
}


def book(rewards: Sequence[Reward], *, now: datetime, by: Any) -> None:
    """Record the status that these rewards just got, move their cost in the ledger, tell the app above."""
    events = Event.objects.record([_event(reward, now, by) for reward in rewards], now=now)
    LedgerTransaction.objects.book(
        [move for event, reward in zip(events, rewards, strict=True) for move in _movements(event, reward)],
        now=now,
    )
    rewards_changed.send(sender=Reward, rewards=list(rewards), now=now)


def _movements(event: Event, reward: Reward) -> list[Movement]:
    source, target = STANDS_IN[reward.status_before], STANDS_IN[reward.status]
    whose = (event, reward.program_id, reward.pk, reward.enrolment_id)
    moves = [Movement(*whose, source, target, reward.cost, reward.currency)]
    if reward.prize and source != target and Account.BUDGET in (source, target):
        # A prize takes its points when it is promised and gives them back when it is declined.
        points = (Account.PAID, Account.SPENT) if source == Account.BUDGET else (Account.SPENT, Account.PAID)
        moves.append(Movement(*whose, *points, reward.inputs["points"], POINTS))
    return moves


def _event(reward: Reward, now: datetime, by: Any) -> Event:
    return Event(
        kind=f"reward.{reward.status}",
        program_id=reward.program_id,
        advocate_id=reward.enrolment.advocate_id,
        referral_id=reward.referral_id,
        actor=by,
        occurred_at=now,
        data={
            "reward": str(reward.pk),
            "side": reward.side,
            "for": reward.rule.when if reward.rule else "",
            "incentive": reward.incentive_id,
            "amount": reward.amount,
            "currency": reward.currency,
            "from": reward.status_before,
            "to": reward.status,
            "reason": reward.status_reason,
            "note": reward.status_note,
        },
        dedup_key=f"reward:{reward.pk}:{reward.step}",
    )
