from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from referrals.closed_days import own_days, public_holidays, valid_place


class CallRules(models.Model):
    """Of a program: when its office is closed, who gets a new friend, and what happens when nobody calls."""

    class Assign(models.TextChoices):
        OWNER = "owner", _("the person above")
        ROTATION = "rotation", _("everyone who calls, in turn")
        TERRITORY = "territory", _("whoever has the territory, else in turn")
        ACCOUNT_MANAGER = "account_manager", _("the advocate's account manager, else in turn")

    holiday_country = models.CharField(
        _("public holidays of"),
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}$", _("Two capital letters, such as IT."))],
        help_text=_("Country, such as IT. Empty: none."),
    )
    holiday_region = models.CharField(
        _("region"), max_length=20, blank=True, help_text=_("Where holidays differ by region, such as BY.")
    )
    closed_days = models.TextField(
        _("own closed days"),
        max_length=2000,
        blank=True,
        help_text=_("One a line: 2026-12-24 Christmas Eve, or 2026-08-03 to 2026-08-14 summer."),
    )
    assign_by = models.CharField(_("new friends go to"), max_length=15, choices=Assign, default=Assign.OWNER)
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("lead"),
        help_text=_("Gets the calls that nobody made. Empty: the first manager."),
        related_name="+",
    )
    escalate_after_hours = models.PositiveSmallIntegerField(
        _("escalate after (business hours overdue)"),
        default=4,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
    )
    tell_contacted = models.BooleanField(_("when we have talked to the friend"), default=True)
    tell_qualified = models.BooleanField(_("when the friend is a good fit"), default=True)
    tell_lost = models.BooleanField(_("when it did not work out"), default=True)
    others_hours = models.DecimalField(
        _("other leads: hours to first contact"),
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        help_text=_("The median in business hours, of leads that nobody recommended. Stands beside yours."),
    )
    others_share = models.PositiveSmallIntegerField(
        _("other leads: called in time (%)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
    )

    # The days of the week on which the office is open, as digits; a field of the program.
    working_days: Any

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        try:
            own_days(self.closed_days)
        except ValidationError as error:
            raise ValidationError({"closed_days": error}) from error
        if self.holiday_country:
            valid_place(self.holiday_country, self.holiday_region)

    def is_open_on(self, day: date) -> bool:
        """Whether anybody is in the office on this day."""
        return str(day.isoweekday()) in self.working_days and not self.closed_because(day)

    def closed_because(self, day: date) -> str:
        """The holiday, if this day is one: its name, or a word for a day without one."""
        if day in (own := own_days(self.closed_days)):
            return own[day] or str(_("closed"))
        if not self.holiday_country:
            return ""
        return public_holidays(self.holiday_country, self.holiday_region, day.year).get(day, "")
