from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from campaigns.models.survey import Survey
from campaigns.models.template import MessageChannel, Purpose
from referrals.models import Event, Program, Segment
from referrals.models.program import ScopedQuerySet
from referrals.transitions import StatusQuerySet, WithStatus


class OutreachPlanQuerySet(StatusQuerySet):
    def live(self) -> "OutreachPlanQuerySet":
        return self.filter(status=OutreachPlan.Status.LIVE)

    def with_steps(self) -> "OutreachPlanQuerySet":
        """All but those that only keep what colleagues write themselves."""
        return self.exclude(trigger=OutreachPlan.Trigger.PERSONAL)

    def announce(self, moved: Sequence["OutreachPlan"], *, now: datetime, by: Any) -> None:
        Event.objects.record([plan.event_of_status(now, by) for plan in moved], now=now)


class OutreachPlan(WithStatus):
    """Whom we ask for a recommendation, an answer or a review; after what, how often and by whom."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        LIVE = "live", _("live")
        PAUSED = "paused", _("paused")
        ENDED = "ended", _("ended")

    class Aim(models.TextChoices):
        RECOMMENDATION = "recommendation", _("a recommendation")
        SURVEY = "survey", _("an answer to a survey")
        REVIEW = "review", _("a review")

    class Audience(models.TextChoices):
        ADVOCATES = "advocates", _("people who may recommend you")
        FRIENDS = "friends", _("friends who are not ready yet")

    class Trigger(models.TextChoices):
        PURCHASE = "purchase", _("a purchase")
        DEAL_WON = "deal_won", _("a deal is won")
        PROJECT_DONE = "project_done", _("a project is finished")
        RESULT = "result", _("first results")
        MILESTONE = "milestone", _("a milestone is reached")
        PROMOTER = "promoter", _("they say how satisfied they are")
        CUSTOMER = "customer", _("a friend has become a customer")
        TAG = "tag", _("a tag is put on")
        LIST = "list", _("they are added to a list")
        FIELD = "field", _("a field changes")
        MEMBER = "member", _("nothing: everyone in the segment")
        DATE = "date", _("a date: everyone in the segment on that day")
        BY_HAND = "by_hand", _("somebody of ours picks them")
        PERSONAL = "personal", _("a colleague writes to them personally")

    class Sender(models.TextChoices):
        PROGRAM = "program", _("the company")
        OWNER = "owner", _("whoever calls for the program")
        ACCOUNT_MANAGER = "account_manager", _("their account manager")

    # The happenings that each trigger waits for; and the name in their data that ``about`` must match.
    KINDS: ClassVar[dict[str, set[str]]] = {
        Trigger.PURCHASE: {Event.Kind.PURCHASE},
        Trigger.DEAL_WON: {Event.Kind.DEAL_WON},
        Trigger.PROJECT_DONE: {Event.Kind.PROJECT_DONE},
        Trigger.RESULT: {Event.Kind.RESULT},
        Trigger.MILESTONE: {Event.Kind.MILESTONE},
        Trigger.PROMOTER: {Event.Kind.SATISFACTION, Event.Kind.SURVEY_ANSWERED},
        Trigger.CUSTOMER: {Event.Kind.CUSTOMER_CREATED},
        Trigger.TAG: {Event.Kind.TAG_APPLIED},
        Trigger.LIST: {Event.Kind.LIST_ADDED},
        Trigger.FIELD: {Event.Kind.FIELD_CHANGED},
    }
    NAMED_BY: ClassVar[dict[str, str]] = {
        Trigger.MILESTONE: "milestone",
        Trigger.TAG: "tag",
        Trigger.LIST: "list",
        Trigger.FIELD: "field",
    }
    # Looked for by the plan itself; everything else is brought by an event or by a person.
    LOOKS_FOR_PEOPLE = (Trigger.MEMBER, Trigger.DATE)
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.DRAFT: {"live"},
        Status.LIVE: {"paused", "ended"},
        Status.PAUSED: {"live", "ended"},
    }

    program = models.ForeignKey(Program, models.CASCADE, related_name="plans", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=80)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    aim = models.CharField(
        _("it asks for"),
        max_length=15,
        choices=Aim,
        default=Aim.RECOMMENDATION,
        help_text=_(
            "A survey asks the unsatisfied, too, and those without points. Each has a rest of its own."
        ),
    )
    audience = models.CharField(
        _("whom it is for"), max_length=10, choices=Audience, default=Audience.ADVOCATES
    )
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="plans",
        verbose_name=_("segment"),
        help_text=_("Only people in it. Empty: everyone in the program. The inner circle is asked first."),
    )
    trigger = models.CharField(_("after"), max_length=15, choices=Trigger, default=Trigger.DEAL_WON)
    about = models.CharField(
        _("which one"),
        max_length=80,
        blank=True,
        help_text=_("The name of the tag, list, field or milestone. Empty: any."),
    )
    value = models.CharField(
        _("its new value"), max_length=80, blank=True, help_text=_("For a field. Empty: any.")
    )
    nth = models.PositiveSmallIntegerField(
        _("only the … th"), default=0, help_text=_("2: only their second purchase. Zero: each.")
    )
    on_date = models.DateField(_("on"), null=True, blank=True)
    earliest_days = models.PositiveSmallIntegerField(
        _("not before (days)"),
        default=14,
        help_text=_("So many days later at the earliest; never within a day of signing."),
    )
    latest_days = models.PositiveSmallIntegerField(
        _("not after (days)"),
        default=180,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("Whoever could not be asked by then is not asked about it any more."),
    )
    satisfied_from = models.PositiveSmallIntegerField(
        _("only if satisfied (0–10)"),
        default=9,
        validators=[MinValueValidator(7), MaxValueValidator(10)],
        help_text=_(
            "Of those whose answer is known: this and more. 7 is the least; the rest is left to a personal call."
        ),
    )
    sender = models.CharField(_("who asks"), max_length=15, choices=Sender, default=Sender.PROGRAM)
    touches = models.PositiveSmallIntegerField(
        _("at most (messages)"),
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(7)],
        help_text=_("In one round, to one person. Seven is as many as anybody takes kindly."),
    )
    stretch = models.PositiveSmallIntegerField(
        _("wait longer if ignored (%)"),
        default=50,
        validators=[MaxValueValidator(300)],
        help_text=_("50: half as long again while nothing was opened."),
    )
    stops_on_click = models.BooleanField(
        _("stops when they have opened the link"),
        default=False,
        help_text=_("A recommendation, a no, an unsubscribe and a dead address always stop it."),
    )
    rest_days = models.PositiveSmallIntegerField(
        _("rest between two rounds (days)"),
        default=365,
        validators=[MinValueValidator(30)],
        help_text=_("Counted over all plans: nobody is asked again sooner."),
    )
    hold_out = models.PositiveSmallIntegerField(
        _("leave out (%)"),
        default=0,
        validators=[MaxValueValidator(90)],
        help_text=_("So many are not asked, to see what would have happened anyway. Always the same ones."),
    )
    a_day = models.PositiveIntegerField(
        _("at most a day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("So many rounds begin in 24 hours; the rest waits. Empty: no limit."),
    )
    # When it looks next for people by itself.
    look_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = OutreachPlanQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["look_at"])

    class Meta:
        verbose_name = _("outreach plan")
        verbose_name_plural = _("outreach plans")
        constraints = [
            models.CheckConstraint(
                condition=Q(earliest_days__lt=F("latest_days")),
                name="plan_begins_before_it_is_too_late",
                violation_error_message=_("The latest day must come after the earliest."),
            ),
            models.CheckConstraint(
                condition=~Q(trigger="date") | Q(on_date__isnull=False),
                name="plan_with_a_date_says_which",
                violation_error_message=_("Say on which day."),
            ),
            models.UniqueConstraint(
                fields=["program", "aim"], condition=Q(trigger="personal"), name="plan_personal_once"
            ),
        ]
        indexes = [
            # what the planner looks at, and which plans an event may begin
            models.Index(fields=["trigger"], condition=Q(status="live"), name="plan_live"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.status == self.Status.LIVE

    @property
    def is_personal(self) -> bool:
        """Whether it has no steps, and keeps only what colleagues write to people themselves: who was asked so, what
        came of it, and the rest that people need from it."""
        return self.trigger == self.Trigger.PERSONAL

    @property
    def kinds(self) -> set[str]:
        """The kinds of event that begin it."""
        return self.KINDS.get(self.trigger, set())

    @property
    def needs_points(self) -> bool:
        """Whether it asks only those whom the finder finds warm enough. Not whoever has only just come as a
        friend: that is the moment to invite them, and they have had no time to earn points."""
        return (
            self.aim == self.Aim.RECOMMENDATION
            and self.audience == self.Audience.ADVOCATES
            and self.trigger not in {self.Trigger.CUSTOMER, self.Trigger.PERSONAL}
        )

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        """What its messages may be for. Friends are written to with their own words; and who is asked what they
        think is not asked for a favour by the way."""
        if self.audience == self.Audience.FRIENDS:
            return PlanStep.FOR_FRIENDS
        ours = tuple(purpose for purpose in PlanStep.PURPOSES if purpose not in PlanStep.FOR_FRIENDS)
        return PlanStep.OF_AIM.get(self.aim, ours)

    @property
    def earliest(self) -> timedelta:
        return timedelta(days=self.earliest_days)

    @property
    def latest(self) -> timedelta:
        return timedelta(days=self.latest_days)

    @property
    def rest(self) -> timedelta:
        return timedelta(days=self.rest_days)

    def event_of_status(self, now: datetime, by: Any) -> Event:
        """The row that says what became of this plan, and who decided."""
        return Event(
            kind=Event.Kind.PLAN_MOVED,
            program_id=self.program_id,
            actor=by,
            occurred_at=now,
            data={"plan": self.name, "from": self.status_before, "to": self.status},
        )


class PlanStepQuerySet(ScopedQuerySet):
    program_path = "plan__program"


class PlanStep(models.Model):
    """One thing that a plan does, so many days after the one before."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("write")
        CALL = "call", _("have somebody call")
        BRANCH = "branch", _("look what they did")

    class Condition(models.TextChoices):
        CLICKED = "clicked", _("they have opened the link")
        REFERRED = "referred", _("they have ever recommended somebody")
        ANSWERED = "answered", _("they have answered the survey")

    PURPOSES = (
        Purpose.ASK,
        Purpose.ASK_FOLLOW_UP,
        Purpose.ASK_LAST,
        Purpose.ADVOCATE_INVITE,
        Purpose.NURTURE,
        Purpose.FRIEND_REMINDER,
        Purpose.SURVEY_INVITE,
        Purpose.REVIEW_REQUEST,
    )
    FOR_FRIENDS = (Purpose.NURTURE, Purpose.FRIEND_REMINDER)
    OF_AIM: ClassVar[dict[str, tuple[Purpose, ...]]] = {
        OutreachPlan.Aim.SURVEY: (Purpose.SURVEY_INVITE, Purpose.REVIEW_REQUEST),
        OutreachPlan.Aim.REVIEW: (Purpose.REVIEW_REQUEST,),
    }

    plan = models.ForeignKey(OutreachPlan, models.CASCADE, related_name="steps", verbose_name=_("plan"))
    position = models.PositiveSmallIntegerField(_("step"), validators=[MinValueValidator(1)])
    wait_days = models.PositiveSmallIntegerField(
        _("days after the one before"), default=0, validators=[MaxValueValidator(365)]
    )
    kind = models.CharField(_("what"), max_length=10, choices=Kind, default=Kind.MESSAGE)
    channel = models.CharField(
        _("by"),
        max_length=10,
        choices=[
            (MessageChannel.EMAIL.value, MessageChannel.EMAIL.label),
            (MessageChannel.SMS.value, MessageChannel.SMS.label),
        ],
        default=MessageChannel.EMAIL,
    )
    purpose = models.CharField(
        _("with the words of"),
        max_length=20,
        choices=[(purpose.value, purpose.label) for purpose in PURPOSES],
        default=Purpose.ASK,
    )
    variant = models.SlugField(
        _("other words"),
        max_length=20,
        blank=True,
        db_index=False,
        help_text=_("Empty: the usual words, and others at each repetition."),
    )
    survey = models.ForeignKey(
        Survey,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="steps",
        verbose_name=_("survey"),
        help_text=_("For an invitation to a survey: which one."),
    )
    condition = models.CharField(_("if"), max_length=10, choices=Condition, blank=True)
    goto = models.PositiveSmallIntegerField(
        _("then on to step"), null=True, blank=True, help_text=_("Empty: the round is over.")
    )

    objects = PlanStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "position"],
                name="plan_step_once",
                violation_error_message=_("Two steps have the same place."),
            ),
            # Only ever forward, so that every round ends.
            models.CheckConstraint(
                condition=Q(goto=None) | Q(goto__gt=F("position")),
                name="plan_step_goes_forward",
                violation_error_message=_("Go on to a later step; a plan never turns back."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="branch") | ~Q(condition=""),
                name="plan_branch_has_a_condition",
                violation_error_message=_("Say what to look for."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="message", purpose="survey_invite") | Q(survey__isnull=False),
                name="plan_survey_step_says_which",
                violation_error_message=_("Say which survey."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.get_kind_display()}"

    @property
    def sends_survey(self) -> bool:
        return self.kind == self.Kind.MESSAGE and self.purpose == Purpose.SURVEY_INVITE
