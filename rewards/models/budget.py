from datetime import date, timedelta
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet


class BudgetQuerySet(ScopedQuerySet):
    def in_force(self, day: date) -> "BudgetQuerySet":
        return self.filter(starts_on__lte=day, ends_on__gte=day)


class Budget(models.Model):
    """What rewards promised within a period may cost the company, in the program's currency.

    A program that has begun to work with budgets spends nothing on a day that none of them covers.
    """

    class Afterwards(models.TextChoices):
        WAIT = "wait", _("rewards wait for the next budget")
        MONTH = "month", _("the same again for the next month")
        QUARTER = "quarter", _("the same again for the next quarter")
        YEAR = "year", _("the same again for the next year")
        UNLIMITED = "unlimited", _("there is no limit any more")

    # For how many months a budget that renews itself begins anew.
    MONTHS: ClassVar[dict[str, int]] = {Afterwards.MONTH: 1, Afterwards.QUARTER: 3, Afterwards.YEAR: 12}

    program = models.ForeignKey(Program, models.CASCADE, related_name="budgets", verbose_name=_("program"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    amount = models.PositiveBigIntegerField(_("budget"), help_text=_("In minor units."))
    afterwards = models.CharField(
        _("after the last day"), max_length=9, choices=Afterwards, default=Afterwards.WAIT
    )
    # Promised and spent, kept beside the limit so that the database can compare them; the ledger
    # says the same as a sum, and check_ledger compares the two.
    used = models.PositiveBigIntegerField(_("promised and spent"), default=0, editable=False)

    objects = BudgetQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(used__lte=F("amount")),
                name="budget_never_exceeded",
                violation_error_message=_("More than this has been promised already."),
            ),
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")),
                name="budget_ends_after_it_starts",
                violation_error_message=_("The last day must not be before the first."),
            ),
            # A period is renewed once, whoever does it at the same moment. Also the index for the budget of
            # the day on which something is promised.
            models.UniqueConstraint(
                fields=["program", "starts_on"],
                name="budget_once_a_period",
                violation_error_message=_("There is a budget that begins on this day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program}, {self.starts_on} – {self.ends_on}"

    def clean(self) -> None:
        if not (self.starts_on and self.ends_on and self.program_id):
            return
        others = Budget.objects.filter(program=self.program_id).exclude(pk=self.pk)
        overlapping = others.filter(starts_on__lte=self.ends_on, ends_on__gte=self.starts_on).first()
        if overlapping:
            raise ValidationError(
                _(
                    "There is a budget for %(period)s already. Let this one begin after it, or change that one."
                ),
                params={"period": overlapping},
            )

    def covers(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    @property
    def next_day(self) -> date:
        """The first day that it does not cover any more."""
        return self.ends_on + timedelta(days=1)

    @property
    def free(self) -> int:
        """What can still be promised, in minor units."""
        return self.amount - self.used
