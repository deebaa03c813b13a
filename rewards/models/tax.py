from django.db import models
from django.utils.translation import gettext_lazy as _


class TaxThreshold(models.Model):
    """From which value of rewards in a year a country wants to be told; data, not advice."""

    country = models.CharField(_("country"), max_length=2, help_text=_("Two capital letters, such as US."))
    year = models.PositiveSmallIntegerField(_("year"))
    amount = models.PositiveBigIntegerField(_("threshold"), help_text=_("In minor units."))
    currency = models.CharField(_("currency"), max_length=3)
    warn_at_percent = models.PositiveSmallIntegerField(_("warn at (%)"), default=80)
    source = models.CharField(_("source"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("tax threshold")
        verbose_name_plural = _("tax thresholds")
        constraints = [models.UniqueConstraint(fields=["country", "year"], name="tax_threshold_once")]

    def __str__(self) -> str:
        return f"{self.country} {self.year}"
