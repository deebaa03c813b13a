from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Advocate, Event, Program, Segment
from referrals.models.program import ScopedQuerySet
from rewards.models.incentive import Incentive
from rewards.models.tier import Tier
from rewards.sentences import rule_sentence


class RewardRuleQuerySet(ScopedQuerySet):
    def in_force(self, now: datetime | Now) -> "RewardRuleQuerySet":
        """Rules that promise something now: switched on, within their dates, of a side that gets rewards."""
        dates = Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now)
        sides = (
            Q(program__scheme=None)
            | Q(program__scheme__sides="both")
            | Q(program__scheme__sides=models.F("side"))
        )
        return self.filter(*dates, sides, active=True, incentive__active=True)


class RewardRule(models.Model):
    """When something happens, one side gets an incentive."""

    class Side(models.TextChoices):
        ADVOCATE = "advocate", _("the advocate")
        FRIEND = "friend", _("the friend")

    class When(models.TextChoices):
        SUBMITTED = Event.Kind.REFERRAL_SUBMITTED.value, _("a friend is named")
        CONTACTED = Event.Kind.REFERRAL_CONTACTED.value, _("a friend is contacted")
        QUALIFIED = Event.Kind.REFERRAL_QUALIFIED.value, _("a friend is qualified")
        CONVERSION = Event.Kind.CONVERSION_RECORDED.value, _("a friend becomes a customer")
        SURVEY = Event.Kind.SURVEY_ANSWERED.value, _("a survey is answered")
        REVIEW = Event.Kind.REVIEW_LEFT.value, _("a review is left")
        FOLLOWED = Event.Kind.FOLLOWED.value, _("somebody follows the company")
        SHARED = Event.Kind.SHARED.value, _("a post is shared")
        ANNIVERSARY = Event.Kind.ANNIVERSARY.value, _("another year in the program has passed")
        TIER = Event.Kind.TIER_REACHED.value, _("a tier is reached")

    class Approval(models.TextChoices):
        ALWAYS = "always", _("somebody approves it")
        NEVER = "never", _("by itself")
        ABOVE = "above", _("somebody approves it from this value on")

    class Fallback(models.TextChoices):
        WAIT = "wait", _("the waiting list")
        OTHER = "other", _("another incentive")
        NOTHING = "nothing", _("nothing")

    # Events about a friend; the others are about the advocate alone.
    ABOUT_FRIENDS = (When.SUBMITTED, When.CONTACTED, When.QUALIFIED, When.CONVERSION)
    # What other systems tell of as well, perhaps years later and by the thousand.
    DEEDS = (When.SURVEY, When.REVIEW, When.FOLLOWED, When.SHARED)
    TOLD_WITHIN = timedelta(days=30)

    program = models.ForeignKey(
        Program, models.CASCADE, related_name="reward_rules", verbose_name=_("program")
    )
    when = models.CharField(_("when"), max_length=40, choices=When, default=When.CONVERSION)
    side = models.CharField(_("who gets it"), max_length=8, choices=Side)
    incentive = models.ForeignKey(
        Incentive, models.PROTECT, related_name="rules", verbose_name=_("incentive")
    )
    minimum = models.PositiveBigIntegerField(
        _("smallest sale"), default=0, help_text=_("In minor units: 10000 is €100. Zero for any sale.")
    )
    nth = models.PositiveSmallIntegerField(
        _("only the … th customer"),
        default=0,
        help_text=_("5: only for the fifth friend who buys. Zero: each."),
    )
    tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, verbose_name=_("only on tier"), related_name="rules"
    )
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("only in segment"),
        related_name="+",
        help_text=_("Only advocates who are in it at that moment. Empty: all of them."),
    )
    kind = models.CharField(
        _("only for"), max_length=15, choices=Advocate.Kind, blank=True, help_text=_("Empty: every advocate.")
    )
    hold_days = models.PositiveSmallIntegerField(
        _("days to wait"),
        default=14,
        help_text=_("Time for the friend to change their mind before it is handed out."),
    )
    approval = models.CharField(_("approval"), max_length=6, choices=Approval, default=Approval.ALWAYS)
    approve_from = models.PositiveBigIntegerField(
        _("approval from"), default=0, help_text=_("In minor units, for “from this value on”.")
    )
    most = models.PositiveSmallIntegerField(
        _("at most"),
        null=True,
        blank=True,
        help_text=_("Rewards under this rule per advocate. Empty: no limit."),
    )
    most_days = models.PositiveSmallIntegerField(
        _("within (days)"), null=True, blank=True, help_text=_("Empty: ever.")
    )
    fallback = models.CharField(
        _("when budget, stock or codes have run out"), max_length=8, choices=Fallback, default=Fallback.WAIT
    )
    fallback_incentive = models.ForeignKey(
        Incentive,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("another incentive"),
    )
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)

    objects = RewardRuleQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("reward rule")
        verbose_name_plural = _("reward rules")
        # the rules that an event may match
        indexes = [models.Index(fields=["program", "when"], name="rule_program_when")]

    def __str__(self) -> str:
        return f"{self.get_when_display()} → {self.incentive} ({self.get_side_display()})"

    def clean(self) -> None:
        errors = {field: message for field, message in self._contradictions() if message}
        if errors:
            raise ValidationError(errors)

    def _is_foreign(self, row: Any) -> bool:
        return row is not None and self.program_id is not None and row.program_id != self.program_id

    def _contradictions(self) -> list[tuple[str, Any]]:
        """Settings that cannot all be meant, by field."""
        foreign = self.incentive_id and self._is_foreign(self.incentive)
        is_sale = self.when == self.When.CONVERSION
        about_friend = self.when in self.ABOUT_FRIENDS
        other = self.fallback == self.Fallback.OTHER
        ends_first = self.starts_at and self.ends_at and self.ends_at <= self.starts_at
        above = self.approval == self.Approval.ABOVE
        return [
            ("incentive", foreign and _("Choose an incentive of the same program.")),
            (
                "segment",
                self.segment
                and self.segment.program_id
                and self._is_foreign(self.segment)
                and _("Choose a segment of the same program, or one of the whole company."),
            ),
            ("tier", self._is_foreign(self.tier) and _("Choose a tier of the same program.")),
            (
                "fallback_incentive",
                self._is_foreign(self.fallback_incentive) and _("Choose an incentive of the same program."),
            ),
            ("minimum", self.minimum and not is_sale and _("Only a sale has an amount. Set this to 0.")),
            ("nth", self.nth and not is_sale and _("Only sales are counted. Set this to 0.")),
            (
                "side",
                self.side == self.Side.FRIEND
                and not about_friend
                and _("No friend has a part in this. Choose the advocate."),
            ),
            ("ends_at", ends_first and _("The end must come after the start.")),
            ("approve_from", above and not self.approve_from and _("Say from which value on.")),
            (
                "most_days",
                self.most_days and not self.most and _("Say how many at most, or leave the days empty."),
            ),
            (
                "fallback_incentive",
                other and not self.fallback_incentive_id and _("Choose the other incentive."),
            ),
        ]

    def is_old_news(self, event: Event, now: datetime) -> bool:
        """Whether this deed lies before the rule's start, or was told of so late that it is history."""
        if self.when not in self.DEEDS:
            return False
        begun_after = self.starts_at is not None and event.occurred_at < self.starts_at
        return begun_after or event.occurred_at < now - self.TOLD_WITHIN

    @property
    def limit(self) -> int | None:
        """How many rewards under this rule an advocate may have; the fifth friend is only one friend."""
        return 1 if self.nth else self.most

    @property
    def sentence(self) -> str:
        """What this rule does, in words."""
        return rule_sentence(self)

    def is_reached_by(self, sale: Event) -> bool:
        """Whether this recorded sale is as large as the rule asks, in the program's currency."""
        if not self.minimum:
            return True
        amount: int = sale.data.get("amount", 0)
        return sale.data.get("currency") == self.program.currency and amount >= self.minimum

    def fits_sale(self, sale: Event) -> bool:
        """Whether this recorded sale alone would earn: large enough, and within the rule's dates."""
        begun = self.starts_at is None or self.starts_at <= sale.recorded_at
        ended = self.ends_at is not None and self.ends_at <= sale.recorded_at
        return begun and not ended and self.is_reached_by(sale)

    def is_for_place(self, bought: list[int], referral: int | None) -> bool:
        """Whether the rule gives for this friend among those who ``bought``, in their order."""
        return not self.nth or bought[self.nth - 1 : self.nth] == [referral]

    def needs_approval(self, value: int) -> bool:
        """Whether a reward of this value, in minor units, waits for a person."""
        if self.approval == self.Approval.ABOVE:
            return value >= self.approve_from
        return self.approval == self.Approval.ALWAYS
