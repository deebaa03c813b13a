from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.models.program import valid_timezone


class DigestSubscriptionQuerySet(models.QuerySet["DigestSubscription"]):
    def due(self, now: datetime) -> "DigestSubscriptionQuerySet":
        return self.filter(next_at__lte=now, user__is_active=True)


class DigestSubscription(models.Model):
    """When a staff member gets the digest of their own programs."""

    class Every(models.TextChoices):
        DAY = "day", _("every working day")
        WEEK = "week", _("every Monday")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="digest", verbose_name=_("person")
    )
    every = models.CharField(_("how often"), max_length=5, choices=Every, default=Every.DAY)
    hour = models.PositiveSmallIntegerField(_("at (hour)"), default=8, validators=[MaxValueValidator(23)])
    timezone = models.CharField(_("time zone"), max_length=40, default="UTC", validators=[valid_timezone])
    # what is due; empty until it is first worked out, at saving
    next_at = models.DateTimeField(_("next"), null=True, blank=True, editable=False, db_index=True)
    last_at = models.DateTimeField(_("last"), null=True, blank=True, editable=False)

    objects = DigestSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")

    def __str__(self) -> str:
        return f"{self.user}, {self.get_every_display()}"
