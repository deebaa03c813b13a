from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet
from referrals.models.referral import Referral


class Conversion(models.Model):
    """A sale to a friend, counted once however often it is reported."""

    program = models.ForeignKey(
        Program, models.PROTECT, related_name="conversions", verbose_name=_("program")
    )
    referral = models.ForeignKey(
        Referral, models.PROTECT, related_name="conversions", verbose_name=_("referral")
    )
    external_id = models.CharField(_("order or deal number"), max_length=80)
    amount = models.PositiveBigIntegerField(_("amount"), help_text=_("In minor units, such as cents."))
    currency = models.CharField(_("currency"), max_length=3)
    # The sum of its refunds; when nothing is left, the sale is taken back.
    refunded = models.PositiveBigIntegerField(_("refunded"), default=0, editable=False)
    occurred_at = models.DateTimeField(_("sold"))
    recorded_at = models.DateTimeField(_("recorded"))
    reversed_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    reversal_reason = models.CharField(_("why it was taken back"), max_length=120, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("sale")
        verbose_name_plural = _("sales")
        constraints = [
            models.UniqueConstraint(fields=["program", "external_id"], name="conversion_once"),
            models.CheckConstraint(
                condition=models.Q(refunded__lte=models.F("amount")), name="conversion_refunded_within"
            ),
        ]
        # the API's list of sales, page by page
        indexes = [models.Index(fields=["program", "id"], name="conversion_program")]

    def __str__(self) -> str:
        return self.external_id

    @staticmethod
    def without_number(referral_id: int) -> str:
        """What stands for the order number where a colleague gave none."""
        return f"referral-{referral_id}"

    @property
    def has_no_number(self) -> bool:
        return self.external_id == self.without_number(self.referral_id)

    @property
    def left(self) -> int:
        """What was paid and not paid back, in minor units."""
        return self.amount - self.refunded
