from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.advocate import Advocate


class AdvocateSummary(models.Model):
    """What the event log says about an advocate, added up for segments and for whom to ask next.

    Nobody edits these rows: ``referrals.services.summary`` computes them from the events, at most a minute
    late. Somebody of whom nothing is recorded has no row.
    """

    advocate = models.OneToOneField(Advocate, models.CASCADE, primary_key=True, related_name="summary")
    purchases = models.PositiveIntegerField(_("purchases and deals"), default=0)
    first_purchase_at = models.DateTimeField(_("first purchase"), null=True)
    last_purchase_at = models.DateTimeField(_("last purchase"), null=True)
    last_deal_at = models.DateTimeField(_("last deal won"), null=True)
    last_project_at = models.DateTimeField(_("last project finished"), null=True)
    last_result_at = models.DateTimeField(_("last result"), null=True)
    satisfaction = models.PositiveSmallIntegerField(
        _("satisfaction"), null=True, help_text=_("0 to 10, as they said last.")
    )
    satisfied_at = models.DateTimeField(_("said so"), null=True)
    engagements = models.PositiveIntegerField(_("times engaged"), default=0)
    engaged_at = models.DateTimeField(_("last engaged"), null=True)
    referrals = models.PositiveIntegerField(_("friends named"), default=0)
    customers = models.IntegerField(_("friends who became customers"), default=0)
    referred_at = models.DateTimeField(_("became a customer by a recommendation"), null=True)
    asked_at = models.DateTimeField(_("last asked"), null=True)
    declined_at = models.DateTimeField(_("said no to being asked"), null=True)
    contact_at = models.DateTimeField(_("last contact"), null=True)

    class Meta:
        verbose_name = _("facts about an advocate")
        verbose_name_plural = _("facts about advocates")
        indexes = [
            # segments: people who bought lately, who were satisfied, who brought customers
            models.Index(fields=["last_purchase_at"], name="summary_last_purchase"),
            models.Index(fields=["satisfaction"], name="summary_satisfaction"),
            models.Index(fields=["purchases"], name="summary_purchases"),
            models.Index(fields=["customers"], condition=models.Q(customers__gt=0), name="summary_customers"),
        ]

    def __str__(self) -> str:
        return str(self.advocate)


class Spending(models.Model):
    """What an advocate spent, in minor units of one currency; currencies are never added together."""

    advocate = models.ForeignKey(Advocate, models.CASCADE, related_name="spending")
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("spent"), help_text=_("In minor units, such as cents."))

    class Meta:
        verbose_name = _("spending")
        verbose_name_plural = _("spending")
        constraints = [models.UniqueConstraint(fields=["advocate", "currency"], name="spending_once")]
        indexes = [
            # segments: who spent at least so much
            models.Index(fields=["currency", "amount"], name="spending_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class StaleSummary(models.Model):
    """An advocate whose summary is older than the log: something was recorded since.

    Rows are only added, in the transaction of the event, and taken away by whoever counts anew. So nobody
    who records waits for anybody, and nothing is forgotten.
    """

    advocate = models.ForeignKey(Advocate, models.CASCADE, db_index=False, related_name="+")

    class Meta:
        verbose_name = _("summary to be renewed")
        verbose_name_plural = _("summaries to be renewed")

    def __str__(self) -> str:
        return str(self.advocate_id)
