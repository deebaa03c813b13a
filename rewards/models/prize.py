from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet
from rewards.models.incentive import Incentive


class Prize(models.Model):
    """Something advocates pick themselves and pay for with points."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="prizes", verbose_name=_("program"))
    incentive = models.ForeignKey(Incentive, models.PROTECT, related_name="prizes", verbose_name=_("what"))
    points = models.PositiveIntegerField(_("price in points"), validators=[MinValueValidator(1)])
    active = models.BooleanField(_("active"), default=True)

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        ordering = ["points"]
        constraints = [models.UniqueConstraint(fields=["program", "incentive"], name="prize_once")]

    def __str__(self) -> str:
        return str(self.incentive)
