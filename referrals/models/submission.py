from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.channel import Channel
from referrals.models.program import Program
from referrals.tokens import link_token


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def waiting(self, now: datetime) -> "SubmissionQuerySet":
        return self.filter(confirmed_at=None, expires_at__gt=now)

    def forgotten(self, now: datetime) -> "SubmissionQuerySet":
        """Those whose time has run out, and whose friends' names must go."""
        return self.filter(expires_at__lte=now)


class Submission(models.Model):
    """Friends named by someone whose address is not proved yet. Nothing is sent to them until it is."""

    program = models.ForeignKey(Program, models.CASCADE)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True)
    token = models.CharField(max_length=40, unique=True, default=link_token)
    name = models.CharField(max_length=60)
    email = models.EmailField()
    language = models.CharField(max_length=5)
    friends = models.JSONField(help_text=_("As the form cleaned them."))
    agreement = models.TextField(help_text=_("The words that were agreed to."))
    created_at = models.DateTimeField()
    # purging what was never confirmed
    expires_at = models.DateTimeField(db_index=True)
    confirmed_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("unconfirmed recommendation")
        verbose_name_plural = _("unconfirmed recommendations")

    def __str__(self) -> str:
        return f"{self.program} #{self.pk}"
