from hashlib import sha256
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from campaigns.models.plan import OutreachPlan, PlanStep
from referrals.models import Advocate, Tag
from referrals.models.program import ScopedQuerySet
from rewards.models import Incentive


class ExperimentQuerySet(ScopedQuerySet):
    program_path = "plan__program"

    def running(self) -> "ExperimentQuerySet":
        return self.filter(status=Experiment.Status.RUNNING)


class Experiment(models.Model):
    """Two or more ways of asking, tried on people who are told apart by chance alone."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        ENDED = "ended", _("ended")

    class Measure(models.TextChoices):
        REFERRED = "referred", _("recommended somebody")
        CLICKED = "clicked", _("opened the link")
        CUSTOMER = "customer", _("brought a customer")

    NEXT: ClassVar[dict[str, str]] = {Status.DRAFT: Status.RUNNING, Status.RUNNING: Status.ENDED}

    plan = models.ForeignKey(OutreachPlan, models.CASCADE, related_name="experiments", verbose_name=_("plan"))
    name = models.CharField(_("question"), max_length=120, help_text=_("“Does a shorter mail bring more?”"))
    position = models.PositiveSmallIntegerField(
        _("step"),
        default=1,
        help_text=_("The step of the plan that differs. People join it when they take it."),
    )
    measure = models.CharField(_("what counts"), max_length=10, choices=Measure, default=Measure.REFERRED)
    window_days = models.PositiveSmallIntegerField(
        _("within (days)"), default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    baseline = models.DecimalField(
        _("usual share (%)"),
        max_digits=4,
        decimal_places=1,
        default=10,
        validators=[MinValueValidator(0.1), MaxValueValidator(99)],
        help_text=_("3 % is poor, 10 % good, 30 % exceptional (Friendbuy, share rates of its customers)."),
    )
    smallest = models.DecimalField(
        _("smallest difference that matters (points)"),
        max_digits=4,
        decimal_places=1,
        default=5,
        validators=[MinValueValidator(0.1), MaxValueValidator(50)],
        help_text=_("From 10 % to 15 % is 5. The smaller it is, the more people it takes to see it."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.DRAFT, editable=False
    )
    started_at = models.DateTimeField(_("begun"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)

    objects = ExperimentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["-pk"]
        constraints = [
            # Two that differ in the same step could not be told apart.
            models.UniqueConstraint(
                fields=["plan", "position"],
                condition=Q(status="running"),
                name="experiment_one_a_step",
                violation_error_message=_("Another experiment runs on this step. End it first."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        steps = PlanStep.objects.filter(plan=self.plan_id, position=self.position)
        if self.plan_id and not steps.filter(kind=PlanStep.Kind.MESSAGE).exists():
            raise ValidationError(
                {"position": _("That step of the plan writes nothing. Choose one that does.")}
            )

    def draw(self, arms: list["ExperimentArm"], advocate: int) -> "ExperimentArm":
        """The arm of this advocate: the same each time, and by nothing but chance. ``arms`` in order of key."""
        digest = sha256(f"experiment:{self.pk}:{advocate}".encode()).digest()
        place = int.from_bytes(digest[:8]) % sum(arm.share for arm in arms)
        for arm in arms:
            place -= arm.share
            if place < 0:
                return arm
        raise AssertionError("shares add up")


class ExperimentArm(models.Model):
    """One of the ways: what differs from the plan. The first is the one that others are compared with."""

    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="arms", verbose_name=_("experiment")
    )
    name = models.CharField(_("name"), max_length=40)
    share = models.PositiveSmallIntegerField(
        _("share"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    variant = models.CharField(
        _("wording"), max_length=20, blank=True, help_text=_("The name of a variant of the template.")
    )
    channel = models.CharField(
        _("by"), max_length=10, choices=PlanStep._meta.get_field("channel").choices, blank=True
    )
    hour = models.PositiveSmallIntegerField(
        _("at (hour)"), null=True, blank=True, validators=[MaxValueValidator(23)],
        help_text=_("On the person's own clock, if that is an allowed hour."),
    )  # fmt: skip
    days_later = models.PositiveSmallIntegerField(
        _("days later"), default=0, validators=[MaxValueValidator(60)]
    )
    incentive = models.ForeignKey(
        Incentive,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("promises"),
        related_name="+",
        help_text=_("Named in the words. With the tag, and a rule for a segment with it, it is also given."),
    )
    tag = models.ForeignKey(
        Tag, models.PROTECT, null=True, blank=True, verbose_name=_("puts on the tag"), related_name="+"
    )

    class Meta:
        verbose_name = _("way")
        verbose_name_plural = _("ways")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class SubjectQuerySet(ScopedQuerySet):
    program_path = "experiment__plan__program"


class ExperimentSubject(models.Model):
    """Somebody who took the step while the experiment ran, and the way they got."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="subjects", db_index=False)
    arm = models.ForeignKey(ExperimentArm, models.CASCADE, related_name="subjects")
    advocate = models.ForeignKey(Advocate, models.CASCADE, related_name="+")
    ask = models.ForeignKey("campaigns.Ask", models.CASCADE, related_name="+", db_index=False)
    joined_at = models.DateTimeField()

    objects = SubjectQuerySet.as_manager()

    class Meta:
        constraints = [
            # also serves the counts of an experiment
            models.UniqueConstraint(fields=["experiment", "advocate"], name="experiment_subject_once"),
        ]

    def __str__(self) -> str:
        return f"{self.advocate_id}: {self.arm_id}"


def ways_of(arm: ExperimentArm) -> list[Any]:
    """What differs in this arm, in words."""
    return [
        words
        for words in (
            arm.variant and _("wording “%(name)s”") % {"name": arm.variant},
            arm.channel and arm.get_channel_display(),
            arm.hour is not None and _("at %(hour)d:00") % {"hour": arm.hour},
            arm.days_later and _("%(days)d days later") % {"days": arm.days_later},
            arm.incentive and _("promises “%(what)s”") % {"what": arm.incentive},
        )
        if words
    ] or [_("as the plan says")]
