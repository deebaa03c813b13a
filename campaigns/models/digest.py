from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Whoever sets hour, days or zone gets the next digest by what they have set now."""
        if not kwargs.get("update_fields"):
            self.next_at = self.next_after(timezone.now())
        super().save(*args, **kwargs)

    def next_after(self, moment: datetime) -> datetime:
        """The next time it is due (UTC): at the hour in the person's own zone, or right after, where clocks
        jump over it."""
        zone = ZoneInfo(self.timezone)
        day = moment.astimezone(zone).date()
        while True:
            due = datetime.combine(day, time(self.hour), zone).astimezone(moment.tzinfo)
            if due > moment and day.isoweekday() in self._weekdays:
                return due
            day += timedelta(days=1)

    @property
    def period(self) -> timedelta:
        return timedelta(days=7 if self.every == self.Every.WEEK else 1)

    @property
    def _weekdays(self) -> set[int]:
        return {1} if self.every == self.Every.WEEK else {1, 2, 3, 4, 5}
