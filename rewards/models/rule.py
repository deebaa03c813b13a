from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Event, Program
from referrals.models.program import ScopedQuerySet
from referrals.money import format_money
from rewards.models.incentive import Incentive


class RewardRuleQuerySet(ScopedQuerySet):
    def in_force(self, now: datetime) -> "RewardRuleQuerySet":
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now), active=True, incentive__active=True)


class RewardRule(models.Model):
    """When something happens, one side gets an incentive."""

    class Side(models.TextChoices):
        ADVOCATE = "advocate", _("the advocate")
        FRIEND = "friend", _("the friend")

    class When(models.TextChoices):
        SUBMITTED = Event.Kind.REFERRAL_SUBMITTED.value, _("a friend is named")
        QUALIFIED = Event.Kind.REFERRAL_QUALIFIED.value, _("a friend is qualified")
        CONVERSION = Event.Kind.CONVERSION_RECORDED.value, _("a friend becomes a customer")

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
    hold_days = models.PositiveSmallIntegerField(
        _("days to wait"),
        default=14,
        help_text=_("Time for the friend to change their mind before it is handed out."),
    )
    needs_approval = models.BooleanField(_("somebody approves it"), default=True)
    active = models.BooleanField(_("active"), default=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)

    objects = RewardRuleQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("reward rule")
        verbose_name_plural = _("reward rules")
        # the rules that an event may match
        indexes = [models.Index(fields=["program", "when"], name="rule_program_when")]

    def __str__(self) -> str:
        return self.sentence

    def clean(self) -> None:
        if self.incentive_id and self.program_id and self.incentive.program_id != self.program_id:
            raise ValidationError({"incentive": _("Choose an incentive of the same program.")})
        if self.minimum and self.when != self.When.CONVERSION:
            raise ValidationError(
                {"minimum": _("Only a sale has an amount. Set this to 0, or choose another “when”.")}
            )

    @property
    def sentence(self) -> str:
        """What this rule does, in words."""
        text = _now("When %(when)s, %(side)s gets %(incentive)s") % {
            "when": self.get_when_display(), "side": self.get_side_display(), "incentive": self.incentive.name,
        }  # fmt: skip
        if self.minimum:
            text += _now(", if the sale is %(amount)s or more") % {
                "amount": format_money(self.minimum, self.program.currency)
            }
        if self.hold_days:
            text += _now(", after %(days)d days") % {"days": self.hold_days}
        return text + (_now(", once somebody approves it.") if self.needs_approval else ".")
