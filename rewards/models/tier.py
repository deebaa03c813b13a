from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Enrolment, Program
from referrals.models.program import ScopedQuerySet
from referrals.models.translated import Translated, lines_of


class Tier(Translated):
    """A rung of the ladder: what it takes, and what it brings."""

    TRANSLATED = ("name", "perks")

    class Measure(models.TextChoices):
        CONVERSIONS = "conversions", _("friends who became customers")
        VALUE = "value", _("what friends bought")
        POINTS = "points", _("points earned")

    program = models.ForeignKey(Program, models.CASCADE, related_name="tiers", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=40)
    measure = models.CharField(_("measured by"), max_length=12, choices=Measure, default=Measure.CONVERSIONS)
    threshold = models.PositiveBigIntegerField(
        _("from"), help_text=_("Friends, points, or minor units of what friends bought.")
    )
    perks = models.TextField(_("what it brings"), max_length=400, blank=True, help_text=_("One perk a line."))
    within_days = models.PositiveSmallIntegerField(
        _("counted over (days)"),
        null=True,
        blank=True,
        help_text=_("Empty: ever. With a number, people who stop recommending come down again."),
    )

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("ladder")
        ordering = ["threshold"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "threshold"],
                name="tier_threshold_once",
                violation_error_message=_("Another tier begins there already. Give each its own threshold."),
            ),
            models.UniqueConstraint(fields=["program", "name"], name="tier_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not self.program_id:
            return
        other = Tier.objects.filter(program=self.program_id).exclude(pk=self.pk).first()
        if other and (other.measure, other.within_days) != (self.measure, self.within_days):
            raise ValidationError(
                _("One ladder has one measure: “%(measure)s”, over the same days on every tier."),
                params={"measure": other.get_measure_display()},
            )

    @property
    def perk_lines(self) -> list[str]:
        return lines_of(self.told.perks)


class StandingQuerySet(ScopedQuerySet):
    program_path = "enrolment__program"


class Standing(models.Model):
    """On which tier an advocate stands, and since when."""

    enrolment = models.OneToOneField(Enrolment, models.CASCADE, related_name="standing")
    tier = models.ForeignKey(Tier, models.SET_NULL, null=True, blank=True, verbose_name=_("tier"))
    since = models.DateTimeField(_("since"))

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")

    def __str__(self) -> str:
        return str(self.tier or "–")
