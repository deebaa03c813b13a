from datetime import datetime

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Enrolment, Event, Program
from referrals.models.program import ScopedQuerySet
from referrals.models.translated import Translated
from rewards.draws import commitment, new_seed
from rewards.models.incentive import Incentive


class ContestQuerySet(ScopedQuerySet):
    def running(self, now: datetime) -> "ContestQuerySet":
        return self.filter(starts_at__lte=now, ends_at__gt=now)

    def to_draw(self, now: datetime) -> "ContestQuerySet":
        return self.filter(ends_at__lte=now, drawn_at=None)


class Contest(Translated):
    """Chances for actions over a period, and a draw that anyone can re-check."""

    TRANSLATED = ("name", "about")

    program = models.ForeignKey(Program, models.CASCADE, related_name="contests", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=80)
    about = models.TextField(_("what it is about, and the rules"), max_length=2000, blank=True)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    free_entry = models.BooleanField(
        _("free entry"), default=True, help_text=_("One chance for whoever asks: many laws want it.")
    )
    # Secret until the draw; its hash is public from the start.
    seed = models.CharField(max_length=64, default=new_seed, editable=False)
    collected_at = models.DateTimeField(null=True, blank=True, editable=False)
    drawn_at = models.DateTimeField(_("drawn"), null=True, blank=True, editable=False)

    objects = ContestQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["seed"])

    class Meta:
        verbose_name = _("contest")
        verbose_name_plural = _("contests")
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")),
                name="contest_ends_after_it_starts",
                violation_error_message=_("The end must come after the start."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seed_hash(self) -> str:
        """What is published before the draw."""
        return commitment(self.seed)


class ContestAction(models.Model):
    """How many chances an action brings."""

    class When(models.TextChoices):
        FOLLOWED = Event.Kind.FOLLOWED.value, _("follows the company")
        SHARED = Event.Kind.SHARED.value, _("shares a post")
        REVIEW = Event.Kind.REVIEW_LEFT.value, _("leaves a review")
        SUBMITTED = Event.Kind.REFERRAL_SUBMITTED.value, _("names a friend")
        CONVERSION = Event.Kind.CONVERSION_RECORDED.value, _("a friend becomes a customer")

    contest = models.ForeignKey(Contest, models.CASCADE, related_name="actions")
    when = models.CharField(_("action"), max_length=40, choices=When)
    weight = models.PositiveSmallIntegerField(_("chances"), default=1, validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        constraints = [models.UniqueConstraint(fields=["contest", "when"], name="contest_action_once")]

    def __str__(self) -> str:
        return f"{self.get_when_display()}: {self.weight}"


class ContestPrize(models.Model):
    """What the winners get, first prize first."""

    contest = models.ForeignKey(Contest, models.CASCADE, related_name="prizes")
    place = models.PositiveSmallIntegerField(_("place"), validators=[MinValueValidator(1)])
    incentive = models.ForeignKey(Incentive, models.PROTECT, related_name="+", verbose_name=_("what"))
    winner = models.ForeignKey(
        Enrolment, models.PROTECT, null=True, blank=True, editable=False, related_name="contest_prizes"
    )

    class Meta:
        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["contest", "place"], name="contest_place_once")]

    def __str__(self) -> str:
        return f"{self.place}. {self.incentive}"


class ContestEntryQuerySet(ScopedQuerySet):
    program_path = "contest__program"

    def leaderboard(self) -> "ContestEntryQuerySet":
        """Chances per advocate, most first: rows with ``enrolment`` and ``chances``."""
        summed = self.values("enrolment").annotate(chances=models.Sum("weight"))
        return summed.order_by("-chances", "enrolment")


class ContestEntry(models.Model):
    """Chances that one action brought an advocate."""

    contest = models.ForeignKey(Contest, models.CASCADE, related_name="entries", db_index=False)
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="contest_entries")
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+")
    weight = models.PositiveSmallIntegerField(_("chances"))
    entered_at = models.DateTimeField(_("entered"))

    objects = ContestEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("contest entry")
        verbose_name_plural = _("contest entries")
        constraints = [
            models.UniqueConstraint(
                fields=["contest", "event"], condition=Q(event__isnull=False), name="entry_once_per_event"
            ),
            models.UniqueConstraint(
                fields=["contest", "enrolment"], condition=Q(event=None), name="free_entry_once"
            ),
        ]
        # the leaderboard and the draw, read from the index alone
        indexes = [models.Index(fields=["contest", "enrolment", "weight"], name="contest_leaderboard")]

    def __str__(self) -> str:
        return f"{self.enrolment}: {self.weight}"
