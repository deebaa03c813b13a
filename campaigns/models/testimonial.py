from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

from campaigns.models.survey_response import SurveyResponse
from referrals.models import Event, Program
from referrals.prepared import prepared
from referrals.transitions import StatusQuerySet, WithStatus

# As many as a page shows, and as long as one may be there.
SHOWN, LONGEST = 3, 400


class TestimonialQuerySet(StatusQuerySet):
    def announce(self, moved: Sequence["Testimonial"], *, now: datetime, by: Any) -> None:
        Event.objects.record([row.event_of_decision(now, by) for row in moved], now=now)


class Testimonial(WithStatus):
    """What a customer said, with leave to quote it: shown once a manager has agreed, gone when the leave is."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("to decide")
        APPROVED = "approved", _("shown")
        DECLINED = "declined", _("not shown")
        WITHDRAWN = "withdrawn", _("taken back by the customer")

    COUNTING = ("step",)
    TOLD_WITH = ("response__enrolment",)
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.DRAFT: {"approved", "declined", "withdrawn"},
        # What they have changed is decided anew.
        Status.APPROVED: {"draft", "declined", "withdrawn"},
        Status.DECLINED: {"draft", "approved", "withdrawn"},
        Status.WITHDRAWN: {"draft"},
    }

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    # Counts the decisions, so that each has its own event.
    step = models.PositiveSmallIntegerField(default=0, editable=False)
    # Its index stands below.
    program = models.ForeignKey(
        Program, models.PROTECT, db_index=False, related_name="testimonials", verbose_name=_("program")
    )
    response = models.OneToOneField(
        SurveyResponse, models.PROTECT, related_name="testimonial", verbose_name=_("answer")
    )
    original = models.TextField(_("as they said it"))
    words = models.TextField(
        _("as it is shown"),
        max_length=LONGEST,
        help_text=_("Shorten it if need be; do not change what they said. 400 characters at most."),
    )
    name = models.CharField(_("name"), max_length=60, blank=True)
    company = models.CharField(_("company"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)

    objects = TestimonialQuerySet.as_manager()

    class Meta:
        verbose_name = _("testimonial")
        verbose_name_plural = _("testimonials")
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="approved") | ~Q(words=""), name="testimonial_shown_says_something"
            )
        ]
        indexes = [
            # what a page of the program shows; what waits for a decision
            models.Index(fields=["program", "status", "-status_at"], name="testimonial_program"),
        ]

    def __str__(self) -> str:
        return self.name or str(_("somebody"))

    def event_of_decision(self, now: datetime, by: Any) -> Event:
        """The row that says what was decided, and by whom."""
        return Event(
            kind=Event.Kind.TESTIMONIAL_MOVED,
            program_id=self.program_id,
            advocate_id=self.response.enrolment.advocate_id,
            actor=by,
            occurred_at=now,
            data={"outcome": self.status},
            dedup_key=f"testimonial:{self.pk}:{self.step}",
        )


@prepared
def testimonials_on(program: int, language: str) -> "models.QuerySet[Testimonial]":
    """The few that a page of the program shows: those in its reader's language first, the newest first."""
    same = Case(When(language=language, then=Value(0)), default=Value(1))
    approved = Testimonial.objects.filter(program=program, status=Testimonial.Status.APPROVED)
    return approved.order_by(same, "-status_at", "-pk")[:SHOWN]
