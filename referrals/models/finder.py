from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models.advocate import Advocate
from referrals.models.program import Program, ScopedQuerySet

POINTS = (MaxValueValidator(100),)
DAYS = (MinValueValidator(1), MaxValueValidator(3650))


class Finder(models.Model):
    """What makes somebody worth asking in a program: points for what they did, and from how many on we ask.

    The defaults weigh what a person said over what they did, and both over how they came: whoever gives 9 or
    10 of 10 is a promoter (F. Reichheld, “The One Number You Need to Grow”, Harvard Business Review, 2003).
    """

    program = models.OneToOneField(Program, models.CASCADE, related_name="finder", verbose_name=_("program"))
    promoter = models.PositiveSmallIntegerField(_("gave 9 or 10 of 10"), default=40, validators=POINTS)
    content = models.PositiveSmallIntegerField(_("gave 7 or 8 of 10"), default=15, validators=POINTS)
    engaged = models.PositiveSmallIntegerField(_("engaged lately"), default=15, validators=POINTS)
    bought_again = models.PositiveSmallIntegerField(_("bought more than once"), default=15, validators=POINTS)
    bought_often = models.PositiveSmallIntegerField(
        _("bought five times or more"), default=10, validators=POINTS
    )
    bought_lately = models.PositiveSmallIntegerField(_("bought lately"), default=10, validators=POINTS)
    result = models.PositiveSmallIntegerField(
        _("deal, project or result lately"), default=20, validators=POINTS
    )
    has_referred = models.PositiveSmallIntegerField(_("has named a friend"), default=15, validators=POINTS)
    was_referred = models.PositiveSmallIntegerField(
        _("came by a recommendation"), default=10, validators=POINTS
    )
    asked_lately = models.PositiveSmallIntegerField(
        _("asked lately: points taken off"), default=30, validators=POINTS
    )
    budget_used = models.PositiveSmallIntegerField(
        _("contact budget used up: points taken off"),
        default=20,
        validators=POINTS,
        help_text=_("They got as many messages in thirty days as the contact policy allows."),
    )
    lately_days = models.PositiveSmallIntegerField(_("“lately” is (days)"), default=90, validators=DAYS)
    automatic_from = models.PositiveSmallIntegerField(
        _("plans ask by themselves from (points)"),
        default=40,
        validators=[MaxValueValidator(200)],
        help_text=_("Keeps automation to those who said or showed that they are glad. 0: it asks everyone."),
    )
    by_hand_from = models.PositiveSmallIntegerField(
        _("proposed for a call from (points)"), default=15, validators=[MaxValueValidator(200)]
    )

    # Empty: the weights have changed since, or nobody has been scored yet.
    scored_at = models.DateTimeField(_("scored"), null=True, editable=False)

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["scored_at"])

    class Meta:
        verbose_name = _("whom to ask: weights")
        verbose_name_plural = _("whom to ask: weights")

    def __str__(self) -> str:
        return str(self.program)


class CandidateQuerySet(ScopedQuerySet):
    def best_first(self) -> "CandidateQuerySet":
        return self.order_by("-score", "advocate")


class Candidate(models.Model):
    """Somebody whom a program may ask, with the points that speak for it; kept by ``services.finder``."""

    program = models.ForeignKey(
        Program, models.CASCADE, related_name="candidates", db_index=False, verbose_name=_("program")
    )
    advocate = models.ForeignKey(
        Advocate, models.CASCADE, related_name="candidacies", verbose_name=_("advocate")
    )
    score = models.IntegerField(_("points"))

    objects = CandidateQuerySet.as_manager()

    class Meta:
        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        constraints = [models.UniqueConstraint(fields=["program", "advocate"], name="candidate_once")]
        indexes = [
            # whom to ask next, the best first
            models.Index(fields=["program", "-score", "advocate"], name="candidate_best"),
        ]

    def __str__(self) -> str:
        return str(self.advocate)
