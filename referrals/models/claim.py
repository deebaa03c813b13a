from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.contacts import email_key, first_name_of, phone_key
from referrals.models.advocate import Enrolment
from referrals.models.event import Event
from referrals.models.program import Program
from referrals.models.referral import Referral
from referrals.transitions import StatusQuerySet, WithStatus


class ClaimQuerySet(StatusQuerySet):
    def open(self) -> "ClaimQuerySet":
        return self.filter(status=Claim.Status.OPEN)

    def announce(self, moved: Sequence["Claim"], *, now: datetime, by: Any) -> None:
        Event.objects.record([claim.event_of_decision(now, by) for claim in moved], now=now)


class Claim(WithStatus):
    """“I recommended you to them”: an advocate says so afterwards, and a person decides."""

    class Status(models.TextChoices):
        OPEN = "open", _("to decide")
        ACCEPTED = "accepted", _("accepted")
        GOODWILL = "goodwill", _("settled with goodwill")
        REJECTED = "rejected", _("not accepted")

    class Reason(models.TextChoices):
        UNKNOWN = "unknown", _("nobody of that name came to us")
        CUSTOMER = "customer", _("was a customer already")
        OTHER_FIRST = "other_first", _("somebody else brought them")
        TOO_LATE = "too_late", _("it was too long ago")
        OWN = "own", _("it is the advocate's own account")

    COUNTING = ("step",)
    TOLD_WITH = ("program", "enrolment__advocate", "enrolment__program", "referral")
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.OPEN: {"accepted", "goodwill", "rejected"},
        # A kind second look.
        Status.REJECTED: {"open"},
    }

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    # Counts the decisions, so that each has its own event.
    step = models.PositiveSmallIntegerField(default=0, editable=False)
    program = models.ForeignKey(Program, models.PROTECT, related_name="claims", verbose_name=_("program"))
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, related_name="claims", verbose_name=_("claimed by")
    )
    name = models.CharField(_("friend's name"), max_length=60)
    email = models.EmailField(_("friend's e-mail"), blank=True)
    email_key = models.CharField(max_length=32, blank=True, editable=False)
    phone = models.CharField(_("friend's phone"), max_length=20, blank=True)
    phone_key = models.CharField(max_length=32, blank=True, editable=False)
    happened_on = models.DateField(_("when they talked"))
    words = models.CharField(_("what the advocate says"), max_length=300)
    made_at = models.DateTimeField(_("made"))
    referral = models.ForeignKey(
        Referral, models.SET_NULL, null=True, related_name="claims", verbose_name=_("became")
    )

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "email_key", "phone_key", "name"],
                condition=Q(status="open"),
                name="claim_open_once",
            )
        ]
        indexes = [
            # the claim desk: what is to be decided, oldest first; its number on the home page
            models.Index(fields=["program", "status", "made_at"], name="claim_program_status"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.set_keys()
        super().save(*args, **kwargs)

    def set_keys(self) -> None:
        self.email_key, self.phone_key = email_key(self.email), phone_key(self.phone)

    @property
    def first_name(self) -> str:
        return first_name_of(self.name)

    def event_of_decision(self, now: datetime, by: Any) -> Event:
        """The row that says what was decided, by whom and why."""
        return Event(
            kind=Event.Kind.CLAIM_DECIDED,
            program_id=self.program_id,
            advocate_id=self.enrolment.advocate_id,
            referral_id=self.referral_id,
            actor=by,
            occurred_at=now,
            data={"claim": self.pk, "answer": self.status, "note": self.status_note},
            dedup_key=f"claim:{self.pk}:{self.step}",
        )
