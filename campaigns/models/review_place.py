from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet, check_site
from referrals.models.translated import Translated


class ReviewPlaceQuerySet(ScopedQuerySet):
    def of(self, program: Program) -> "ReviewPlaceQuerySet":
        """Where a program would like to be reviewed, the dearest first."""
        return self.filter(program=program, is_active=True).order_by("position", "pk")

    def dearest_of(self, program: Program) -> str:
        """The name of the first of them; nothing where there is none."""
        first = self.of(program).first()
        return first.name if first else ""


class ReviewPlace(Translated):
    """A site where customers can write about the company, and what they should know before they do."""

    TRANSLATED = ("words",)

    program = models.ForeignKey(
        Program, models.CASCADE, related_name="review_places", verbose_name=_("program")
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("As people know it, such as Google."))
    url = models.URLField(
        _("address"), validators=[check_site], help_text=_("The page on which one writes a review of you.")
    )
    words = models.CharField(
        _("what to know"),
        max_length=200,
        blank=True,
        help_text=_(
            "Such as: “You need a Google account. Choose the stars first.” In the program's language."
        ),
    )
    position = models.PositiveSmallIntegerField(_("place in the list"), default=1)
    is_active = models.BooleanField(_("shown"), default=True)

    objects = ReviewPlaceQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("review place")
        verbose_name_plural = _("review places")

    def __str__(self) -> str:
        return self.name
