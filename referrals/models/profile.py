from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models.program import Program, ScopedQuerySet
from referrals.models.translated import Translated, lines_of


class IdealCustomerProfile(Translated):
    """Who is a good fit, in words and criteria; stands at the top of the referral form."""

    TRANSLATED = ("headline", "description", "criteria")

    program = models.OneToOneField(Program, models.CASCADE, related_name="profile", verbose_name=_("program"))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    headline = models.CharField(_("headline"), max_length=120, help_text=_("“Who is it for?” in one line."))
    description = models.TextField(_("description"), max_length=1000, blank=True)
    criteria = models.TextField(
        _("criteria"), max_length=1000, blank=True, help_text=_("One a line, as a customer would say it.")
    )

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("ideal customer")
        verbose_name_plural = _("ideal customers")

    def __str__(self) -> str:
        return self.headline

    @property
    def criteria_lines(self) -> list[str]:
        return lines_of(self.told.criteria)


class Choice(NamedTuple):
    """One answer to choose, and the fit points it gives."""

    label: str
    points: int


class QuestionQuerySet(ScopedQuerySet):
    program_path = "profile__program"


class Question(Translated):
    """A qualifying question about the friend; its answers make the fit score."""

    TRANSLATED = ("text", "labels")

    class Kind(models.TextChoices):
        YES_NO = "yes_no", _("yes or no")
        CHOICE = "choice", _("one of several")
        TEXT = "text", _("a line of text (no points)")
        POSTCODE = "postcode", _("postcode (no points)")

    profile = models.ForeignKey(IdealCustomerProfile, models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    text = models.CharField(_("question"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.YES_NO)
    choices = models.TextField(
        _("answers"),
        max_length=600,
        blank=True,
        help_text=_("For “one of several”: one a line with its points, such as “10 to 50 people = 3”."),
    )
    points = models.PositiveSmallIntegerField(_("points for yes"), default=1)
    required = models.BooleanField(_("must be answered"), default=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("qualifying question")
        verbose_name_plural = _("qualifying questions")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        if self.kind == self.Kind.CHOICE and len(self.answers) < 2:
            raise ValidationError(
                {"choices": _("Give two answers or more, one a line, such as “Yes, soon = 3”.")}
            )

    @property
    def answers(self) -> list[Choice]:
        """The answers to choose from; a line that names no points gives none."""
        found = []
        for line in self.choices.splitlines():
            label, _equals, points = line.rpartition("=")
            if label.strip() and points.strip().isdecimal():
                found.append(Choice(label.strip(), int(points)))
            elif line.strip():
                found.append(Choice(line.strip(), 0))
        return found

    @property
    def labels(self) -> str:
        """The answers to choose from, one a line, without their points."""
        return "\n".join(answer.label for answer in self.answers)

    @property
    def told_answers(self) -> list[tuple[str, str]]:
        """Each answer to choose from as it is kept, and as it is read in the active language."""
        return list(zip(lines_of(self.labels), lines_of(self.told.labels), strict=True))

    @property
    def known_answers(self) -> list[str]:
        """What may be answered; empty where it is for the one who answers to say."""
        if self.kind == self.Kind.YES_NO:
            return ["yes", "no"]
        return [answer.label for answer in self.answers] if self.kind == self.Kind.CHOICE else []

    @property
    def most_points(self) -> int:
        match self.kind:
            case self.Kind.YES_NO:
                return self.points
            case self.Kind.CHOICE:
                return max((answer.points for answer in self.answers), default=0)
        return 0

    def points_for(self, answer: str) -> int:
        """Fit points of an answer: ``yes``/``no``, or the label of a choice."""
        if self.kind == self.Kind.YES_NO:
            return self.points if answer == "yes" else 0
        return dict(self.answers).get(answer, 0)


def fit_score(questions: Any, answers: dict[str, str]) -> int | None:
    """How well someone fits, 0 to 100: points given over points possible; None if nothing gives points.

    ``answers`` maps the question's key (as text) to its answer. An unanswered question counts as no points.
    """
    possible = sum(question.most_points for question in questions)
    if not possible:
        return None
    given = sum(question.points_for(answers.get(str(question.pk), "")) for question in questions)
    return round(100 * given / possible)
