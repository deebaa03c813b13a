from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from referrals.models.advocate import Enrolment
from referrals.models.channel import Channel
from referrals.models.program import ScopedQuerySet


class ClickQuerySet(ScopedQuerySet):
    program_path = "enrolment__program"

    def by_people(self) -> "ClickQuerySet":
        """Visits that a person confirmed: the open page reported back, or somebody acted on it."""
        return self.filter(confirmed_at__isnull=False)


class Click(models.Model):
    """A visit to a share link. Append-only; only ``confirmed_at`` is ever added."""

    # Time-ordered, so that the table can be partitioned by month.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, db_index=False)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True, db_index=False)
    at = models.DateTimeField(_("at"))
    visitor = models.CharField(
        max_length=32, help_text=_("Keyed hash of address and browser, another one each day.")
    )
    is_bot = models.BooleanField(_("machine"))
    confirmed_at = models.DateTimeField(_("seen by a person"), null=True)

    objects = ClickQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        indexes = [
            # clicks of an advocate on the portal and in the admin
            models.Index(fields=["enrolment", "at"], name="click_enrolment"),
            # did this visitor open many links within seconds?
            models.Index(fields=["visitor", "at"], name="click_visitor"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_bot=False) | models.Q(confirmed_at=None), name="click_bot_is_no_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
