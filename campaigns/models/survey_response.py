from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.ask import Ask
from campaigns.models.survey import Survey
from referrals.models import Enrolment
from referrals.models.program import ScopedQuerySet
from referrals.tokens import link_token

PROMOTER, DETRACTOR = 9, 6


class SurveyResponseQuerySet(ScopedQuerySet):
    program_path = "survey__program"

    def for_page(self) -> "SurveyResponseQuerySet":
        """With all that the survey's pages say, in one query."""
        return self.select_related("survey__program__owner", "enrolment__advocate", "enrolment__program")

    def waiting(self) -> "SurveyResponseQuerySet":
        """Invitations that were neither answered nor taken back."""
        return self.filter(answered_at=None, revoked_at=None)

    def answered(self) -> "SurveyResponseQuerySet":
        return self.filter(answered_at__isnull=False)


class SurveyResponse(models.Model):
    """One invitation to a survey, and what became of it: the link, the answers, and whether they may be quoted."""

    class Source(models.TextChoices):
        PLAN = "plan", _("a plan")
        BY_HAND = "by_hand", _("a colleague")
        API = "api", _("another system")

    class State(models.TextChoices):
        OPEN = "open", _("no answer yet")
        ANSWERED = "answered", _("answered")
        SETTLED = "settled", _("answered for good")
        EXPIRED = "expired", _("expired")
        REVOKED = "revoked", _("taken back")
        CLOSED = "closed", _("closed")

    survey = models.ForeignKey(
        Survey, models.PROTECT, db_index=False, related_name="responses", verbose_name=_("survey")
    )
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, related_name="survey_responses", verbose_name=_("advocate")
    )
    # The round that asked, if one did.
    ask = models.ForeignKey(Ask, models.SET_NULL, null=True, blank=True, related_name="survey_responses")
    source = models.CharField(_("asked by"), max_length=10, choices=Source)
    token = models.CharField(max_length=40, unique=True, default=link_token, editable=False)
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("link good until"))
    revoked_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    # When they answered last, and how often they changed it.
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    changes = models.PositiveSmallIntegerField(default=0)
    score = models.PositiveSmallIntegerField(_("of 10"), null=True, blank=True)
    # What was answered by place of the survey, and the questions as they read them.
    answers = models.JSONField(_("answers"), default=dict, blank=True)
    questions = models.JSONField(default=dict, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    may_quote = models.BooleanField(_("may be quoted"), default=False)
    # The exact words they agreed to, and when.
    quote_words = models.CharField(max_length=300, blank=True)
    quote_at = models.DateTimeField(null=True, blank=True)

    objects = SurveyResponseQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer to a survey")
        verbose_name_plural = _("answers to surveys")
        constraints = [
            # Whoever is asked again before they answer gets the link they have.
            models.UniqueConstraint(
                fields=["survey", "enrolment"],
                condition=Q(answered_at=None, revoked_at=None),
                name="survey_response_one_open",
            ),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__lte=10, answered_at__isnull=False),
                name="survey_response_score_0_to_10",
            ),
            models.CheckConstraint(
                condition=Q(may_quote=False) | Q(quote_at__isnull=False),
                name="survey_response_consent_is_dated",
            ),
        ]
        indexes = [
            # what a survey's answers come to, and its newest; whether any exist
            models.Index(fields=["survey", "answered_at"], name="survey_response_survey"),
            # the admin list, newest answers first
            models.Index(
                fields=["-answered_at", "-id"],
                condition=Q(answered_at__isnull=False),
                name="survey_response_newest",
            ),
        ]

    def __str__(self) -> str:
        return str(self.enrolment.advocate)

    def state(self, now: datetime) -> str:
        """What its page is for: to answer, to change the answer, or to say why not."""
        if self.revoked_at:
            return self.State.REVOKED
        if not self.survey.is_open or not self.survey.program.is_live:
            return self.State.SETTLED if self.answered_at else self.State.CLOSED
        if self.answered_at:
            is_settled = now >= self.answered_at + self.survey.may_change
            return self.State.SETTLED if is_settled else self.State.ANSWERED
        return self.State.EXPIRED if now >= self.expires_at else self.State.OPEN

    @property
    def is_promoter(self) -> bool:
        return self.score is not None and self.score >= PROMOTER

    @property
    def is_detractor(self) -> bool:
        return self.score is not None and self.score <= DETRACTOR
