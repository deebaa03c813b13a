from datetime import time
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Quiet(NamedTuple):
    """When nobody is written to unasked, by the clock on their own wall."""

    starts: time
    ends: time
    days: str


class ContactPolicyQuerySet(models.QuerySet["ContactPolicy"]):
    def current(self) -> "ContactPolicy":
        """The one in force; the usual one, as long as nobody has decided."""
        return self.first() or ContactPolicy()


class ContactPolicy(models.Model):
    """How much one person gets that they did not ask for, and when: one budget, all programs together."""

    # There is one: a person has one mailbox, however many programs write to it.
    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    per_week = models.PositiveSmallIntegerField(
        _("at most a week"),
        default=2,
        validators=[MinValueValidator(1)],
        help_text=_("In any seven days, all programs and channels together."),
    )
    per_month = models.PositiveSmallIntegerField(
        _("at most a month"),
        default=6,
        validators=[MinValueValidator(1)],
        help_text=_("In any thirty days, all programs and channels together."),
    )
    quiet_from = models.TimeField(_("quiet from"), default=time(20))
    quiet_until = models.TimeField(_("quiet until"), default=time(8))
    quiet_days = models.CharField(
        _("quiet days"),
        max_length=6,
        default="7",
        blank=True,
        validators=[RegexValidator(r"^[1-7]{0,6}$", _("Digits from 1 (Monday) to 7 (Sunday)."))],
        help_text=_("1 is Monday, 7 is Sunday; nothing at all leaves on these. Six at most."),
    )

    objects = ContactPolicyQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("contact policy")
        verbose_name_plural = _("contact policy")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="contact_policy_is_one"),
            models.CheckConstraint(
                condition=Q(per_week__gte=1) & Q(per_month__gte=1), name="contact_policy_allows_something"
            ),
        ]

    def __str__(self) -> str:
        return str(_("How often we write, and when"))

    def clean(self) -> None:
        for name in ("quiet_from", "quiet_until"):
            at = getattr(self, name)
            if at and (at.minute % 15 or at.second or at.microsecond):
                # Clocks are changed at full quarters too: so every quiet time begins and ends at one.
                sentence = _("Give a full, half or quarter hour, such as 20:00 or 20:15.")
                raise ValidationError({name: sentence})

    @property
    def quiet(self) -> Quiet:
        return Quiet(self.quiet_from, self.quiet_until, self.quiet_days)
