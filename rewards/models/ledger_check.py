from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerCheckManager(models.Manager["LedgerCheck"]):
    def newest(self) -> "LedgerCheck | None":
        return self.order_by("-checked_at").first()


class LedgerCheck(models.Model):
    """What recomputing the ledger found, so that pages and digests need not do it again."""

    # More than anyone reads; the command prints them all.
    KEPT = 100

    checked_at = models.DateTimeField(_("checked"), unique=True)
    count = models.PositiveIntegerField(_("differences"))
    sentences = models.JSONField(default=list)

    objects = LedgerCheckManager()

    class Meta:
        verbose_name = _("ledger check")
        verbose_name_plural = _("ledger checks")

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M}: {self.count}"
