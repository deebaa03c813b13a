import re

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet


def numbers(text: str) -> list[int]:
    """The whole numbers of such a list as “1, 7, 14”, each once, the smallest first."""
    return sorted({int(found) for found in re.findall(r"\d+", text)})


A_LIST = RegexValidator(
    r"^\s*[1-9]\d{0,2}(\s*,\s*[1-9]\d{0,2})*\s*$",
    _("Give numbers with commas between them, such as 1, 7, 14."),
)


class RegularMail(models.Model):
    """What a program writes to its advocates by the calendar; one without a row of its own writes as usual."""

    program = models.OneToOneField(
        Program, models.CASCADE, related_name="regular_mail", verbose_name=_("program")
    )
    progress_days = models.CharField(
        _("what became of recommendations, on day"),
        max_length=60,
        default="1, 7, 14, 28, 60, 90, 120",
        blank=True,
        validators=[A_LIST],
        help_text=_(
            "Days after a recommendation; only if there is news that was not told at once. Empty: never."
        ),
    )
    remind_after_days = models.PositiveSmallIntegerField(
        _("a reward waits for you, after days"),
        default=14,
        null=True,
        blank=True,
        help_text=_("Once, to who has a code, a gift to open or a charity to choose. Empty: never."),
    )
    anniversaries = models.BooleanField(_("thanks after each year"), default=True)
    letter_at = models.CharField(
        _("a personal letter at customer number"),
        max_length=60,
        default="3, 10, 25",
        blank=True,
        validators=[A_LIST],
        help_text=_("Of those whom an advocate brought. Empty: never."),
    )

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("regular mail")
        verbose_name_plural = _("regular mail")

    def __str__(self) -> str:
        return str(self.program)
