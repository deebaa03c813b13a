from datetime import date

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
    """What rewards promised within a period may cost the company, in the program's currency."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="budgets", verbose_name=_("program"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    amount = models.PositiveBigIntegerField(_("budget"), help_text=_("In minor units."))
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
        ]
        indexes = [
            # the budget of the day on which something is promised
            models.Index(fields=["program", "starts_on"], name="budget_program_day"),
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

    @property
    def free(self) -> int:
        """What can still be promised, in minor units."""
        return self.amount - self.used
