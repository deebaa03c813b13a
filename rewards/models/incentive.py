from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet
from referrals.money import format_money


class Incentive(models.Model):
    """Something a person can get, as the program describes it to them."""

    class Kind(models.TextChoices):
        GIFT_CARD = "gift_card", _("gift card")
        DISCOUNT = "discount", _("discount")
        CREDIT = "credit", _("store credit")
        THING = "thing", _("a thing")
        LETTER = "letter", _("personal thank-you letter")

    program = models.ForeignKey(Program, models.CASCADE, related_name="incentives", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=80, help_text=_("As people read it: “a €40 gift card”."))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    value = models.PositiveBigIntegerField(
        _("value"),
        default=0,
        help_text=_("To the recipient, in the program's currency and minor units: 4000 is €40."),
    )
    how_to_use = models.TextField(
        _("how to use it"), max_length=600, blank=True, help_text=_("Stands in the mail that hands it out.")
    )
    active = models.BooleanField(_("active"), default=True)

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("incentive")
        verbose_name_plural = _("incentives")
        constraints = [models.UniqueConstraint(fields=["program", "name"], name="incentive_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def worth(self) -> str:
        """The value in words, such as €40.00; empty where there is none."""
        return format_money(self.value, self.program.currency) if self.value else ""
