from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Program
from referrals.models.program import ScopedQuerySet


class Survey(models.Model):
    """Questions to advocates of one program; each answer counts as what they said about being satisfied."""

    class Kind(models.TextChoices):
        SATISFACTION = "satisfaction", _("how satisfied they are")
        BEFORE_AFTER = "before_after", _("their story: before and after")
        PROGRAM = "program", _("what they think of the program")

    program = models.ForeignKey(Program, models.CASCADE, related_name="surveys", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=80, help_text=_("For colleagues; nobody else reads it."))
    kind = models.CharField(_("it asks"), max_length=12, choices=Kind, default=Kind.SATISFACTION)
    is_open = models.BooleanField(
        _("takes answers"), default=True, help_text=_("Untick it to close the survey: its links say so.")
    )
    valid_days = models.PositiveSmallIntegerField(
        _("a link is good for (days)"),
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
    )
    change_days = models.PositiveSmallIntegerField(
        _("an answer may be changed for (days)"), default=14, validators=[MaxValueValidator(365)]
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"],
                name="survey_name_once",
                violation_error_message=_("There is a survey of this name already. Give this one another."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def valid(self) -> timedelta:
        return timedelta(days=self.valid_days)

    @property
    def may_change(self) -> timedelta:
        return timedelta(days=self.change_days)


class SurveyTextQuerySet(ScopedQuerySet):
    program_path = "survey__program"


class SurveyText(models.Model):
    """Words of the program's own in one place of a survey, in one language; without them the usual ones stand
    there. A question of its own is asked where it has words."""

    class Place(models.TextChoices):
        TITLE = "title", _("headline")
        INTRO = "intro", _("sentence under the headline")
        RECOMMEND = "recommend", _("question: 0 to 10")
        REASON = "reason", _("question: why that number")
        BEFORE = "before", _("question: how it went before")
        PROBLEM = "problem", _("question: what problem")
        HESITATION = "hesitation", _("question: what made them hesitate")
        NOW = "now", _("question: how it goes now")
        HELPED = "helped", _("question: what helped")
        EASIER = "easier", _("question: what would make recommending easier")
        OWN_1 = "own_1", _("question of your own: first")
        OWN_2 = "own_2", _("question of your own: second")
        OWN_3 = "own_3", _("question of your own: third")
        OWN_4 = "own_4", _("question of your own: fourth")
        OWN_5 = "own_5", _("question of your own: fifth")
        THANKS = "thanks", _("thanks, after the answer")

    survey = models.ForeignKey(
        Survey, models.CASCADE, db_index=False, related_name="texts", verbose_name=_("survey")
    )
    place = models.CharField(_("where"), max_length=10, choices=Place)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    text = models.CharField(_("words"), max_length=300)

    objects = SurveyTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("words")
        verbose_name_plural = _("words of your own")
        ordering = ["pk"]
        constraints = [
            # Also finds all words of a survey, for its page.
            models.UniqueConstraint(
                fields=["survey", "place", "language"],
                name="survey_text_once",
                violation_error_message=_("These words are there twice. Keep one of them."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_place_display()} ({self.language})"
