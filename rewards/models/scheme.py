from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet
from rewards.models.incentive import POINTS


class RewardScheme(models.Model):
    """What kind of program this is for the people in it; pages, mails and rules follow it."""

    class Sides(models.TextChoices):
        NONE = "none", _("no rewards: people recommend because they like to")
        ADVOCATE = "advocate", _("the advocate gets something")
        FRIEND = "friend", _("the friend gets something")
        BOTH = "both", _("both get something")

    program = models.OneToOneField(Program, models.CASCADE, related_name="scheme", verbose_name=_("program"))
    sides = models.CharField(_("who gets rewards"), max_length=8, choices=Sides, default=Sides.BOTH)
    has_ladder = models.BooleanField(
        _("with a ladder"),
        default=False,
        help_text=_("Advocates climb tiers; otherwise each reward stands alone."),
    )
    second_person_above = models.PositiveBigIntegerField(
        _("second approval from"),
        null=True,
        blank=True,
        help_text=_("Rewards worth this much or more, in minor units, need two people. Empty: never."),
    )

    goodwill_a_year = models.PositiveBigIntegerField(
        _("goodwill in a year"),
        null=True,
        blank=True,
        help_text=_(
            "What may be given without a rule in 365 days, in minor units. Empty: as the budget allows."
        ),
    )

    warn_days = models.PositiveSmallIntegerField(
        _("warn ahead (days)"),
        default=14,
        help_text=_(
            "Managers are told when codes, stock or budget will last no longer than this at the present pace."
        ),
    )

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("type of program")
        verbose_name_plural = _("types of program")

    def __str__(self) -> str:
        return str(self.get_sides_display())

    def needs_two(self, amount: int, currency: str) -> bool:
        """Whether two people have to approve a reward of this value; points are no money."""
        limit = self.second_person_above
        return limit is not None and currency != POINTS and amount >= limit

    def rewards(self, side: str) -> bool:
        """Whether this side gets rewards at all."""
        return self.sides in (self.Sides.BOTH, side)
