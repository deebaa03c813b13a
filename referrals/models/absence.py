from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from referrals.models.program import ScopedQuerySet


class AbsenceQuerySet(ScopedQuerySet):
    program_path = "user__memberships__program"

    def for_staff(self, user: Any) -> Any:
        mine = super().for_staff(user)
        return mine if user.is_superuser else mine.distinct()

    def on(self, day: date) -> "AbsenceQuerySet":
        return self.filter(first_day__lte=day, last_day__gte=day)


class Absence(models.Model):
    """Days on which somebody gets no calls, and who takes them meanwhile."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences", verbose_name=_("person")
    )
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("stand-in"),
        help_text=_("Gets what would have been theirs. Empty: whoever is next in turn, else the lead."),
        related_name="+",
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [
            models.CheckConstraint(
                condition=Q(first_day__lte=F("last_day")),
                name="absence_begins_before_it_ends",
                violation_error_message=_("The last day comes before the first."),
            ),
            models.CheckConstraint(
                condition=~Q(stand_in=F("user")),
                name="absence_stand_in_is_another",
                violation_error_message=_("Nobody stands in for themselves. Choose a colleague."),
            ),
        ]
        indexes = [
            # who is away today: asked for each new friend
            models.Index(fields=["user", "last_day"], name="absence_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.first_day} – {self.last_day}"
