from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.program import Program, ScopedQuerySet


class Refund(models.Model):
    """Part of an order was paid back. It may be known before the order is."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="refunds", verbose_name=_("program"))
    order = models.CharField(_("order or deal number"), max_length=80)
    # As the other system numbers its refunds: reported again, it is the same.
    number = models.CharField(_("number of the refund"), max_length=120, blank=True)
    amount = models.PositiveBigIntegerField(_("amount"), help_text=_("In minor units, such as cents."))
    # As it was reported; empty: that of the order.
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "order", "number"], condition=~Q(number=""), name="refund_once"
            )
        ]
        # what was paid back of an order
        indexes = [models.Index(fields=["program", "order"], name="refund_order")]

    def __str__(self) -> str:
        return self.number or self.order
