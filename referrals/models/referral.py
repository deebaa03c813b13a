from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from referrals.contacts import email_key, first_name_of, phone_key
from referrals.likeness import likeness
from referrals.models.advocate import Enrolment
from referrals.models.channel import Channel
from referrals.models.click import Click
from referrals.models.event import Event
from referrals.models.program import Program
from referrals.tokens import link_token
from referrals.transitions import StatusQuerySet, WithStatus


class ReferralQuerySet(StatusQuerySet):
    def open(self) -> "ReferralQuerySet":
        return self.filter(status__in=Referral.OPEN)

    def for_page(self) -> "ReferralQuerySet":
        """With all that the friend's own page says about the program and who recommends it, in one query."""
        return self.select_related("program__profile", "program__owner", "enrolment__advocate")

    def about(self, *, email_keys: set[str], phone_keys: set[str]) -> "ReferralQuerySet":
        """Referrals that name one of these people."""
        return self.filter(Q(email_key__in=email_keys - {""}) | Q(phone_key__in=phone_keys - {""}))

    def of_same_person(self, referral: "Referral") -> "ReferralQuerySet":
        """Every recommendation of this friend, by anyone: known by address, or by phone where there is none."""
        found = Q(pk=referral.pk)
        if referral.email_key:
            found |= Q(email_key=referral.email_key)
        if referral.phone_key:
            # A household shares a phone; whoever has another address is another person.
            unknown = Q(email_key="") if referral.email_key else Q()
            found |= Q(phone_key=referral.phone_key) & unknown
        # The indexes begin with the program.
        return self.filter(found, program__in=list(Program.objects.values_list("pk", flat=True)))

    def announce(self, moved: Sequence["Referral"], *, now: datetime, by: Any) -> None:
        Event.objects.record([row.event_of_status(now, by) for row in moved], now=now)


class Referral(WithStatus):
    """A friend named by an advocate, or who came by an advocate's link."""

    class Status(models.TextChoices):
        SUBMITTED = "submitted", _("new")
        UNDER_REVIEW = "under_review", _("under review")
        CONTACTED = "contacted", _("contacted")
        QUALIFIED = "qualified", _("qualified")
        CONVERTED = "converted", _("customer")
        LOST = "lost", _("lost")
        REJECTED = "rejected", _("does not count")

    class Reason(models.TextChoices):
        EXISTING_CUSTOMER = "existing_customer", _("was a customer already")
        ALREADY_REFERRED = "already_referred", _("was recommended by someone else before")
        CIRCLE = "circle", _("recommended the advocate before")
        DECLINED = "declined", _("said no thanks")
        NOT_INTERESTED = "not_interested", _("not interested")
        WRONG_PERSON = "wrong_person", _("wrong person or number")
        NOT_A_FIT = "not_a_fit", _("not a fit")
        TOO_EXPENSIVE = "price", _("too expensive")
        COMPETITOR = "competitor", _("chose a competitor")
        NO_ANSWER = "no_answer", _("could not be reached")
        SUSPICIOUS = "suspicious", _("looks suspicious")
        OTHER_ADVOCATE = "other_advocate", _("another recommendation counts")
        ERASED = "erased", _("asked to be forgotten")

    class Source(models.TextChoices):
        FORM = "form", _("form")
        LINK = "link", _("share link")
        NAMED = "named", _("said who told them")
        STAFF = "staff", _("added by staff")
        SALE = "sale", _("bought by code or link")
        CLAIM = "claim", _("claim of the advocate")
        API = "api", _("added by another system")

    # They came of their own accord: nobody named them, and nobody invites them.
    BY_THEMSELVES = (Source.LINK, Source.NAMED, Source.SALE)
    # They filled in a form about themselves, which says yes to being called.
    JOINED = (Source.LINK, Source.NAMED)

    TOLD_WITH = ("enrolment__advocate",)
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.SUBMITTED: {"under_review", "contacted", "qualified", "converted", "lost", "rejected"},
        Status.UNDER_REVIEW: {"submitted", "lost", "rejected"},
        Status.CONTACTED: {"under_review", "qualified", "converted", "lost", "rejected"},
        Status.QUALIFIED: {"under_review", "converted", "lost", "rejected"},
        # A sale that is taken back leaves a friend who is talking to us.
        Status.CONVERTED: {"qualified"},
        Status.LOST: {"submitted", "converted"},
        Status.REJECTED: {"submitted"},
    }
    OPEN = (Status.SUBMITTED, Status.CONTACTED, Status.QUALIFIED)

    status = models.CharField(_("status"), max_length=15, choices=Status, default=Status.SUBMITTED)
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="referrals", db_index=False, verbose_name=_("program")
    )
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, related_name="referrals", db_index=False, verbose_name=_("recommended by")
    )
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True, blank=True, verbose_name=_("channel"))
    click = models.ForeignKey(Click, models.SET_NULL, null=True, blank=True, editable=False, db_index=False)
    source = models.CharField(_("came by"), max_length=5, choices=Source)
    name = models.CharField(_("name"), max_length=60, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    email_key = models.CharField(max_length=32, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    phone_key = models.CharField(max_length=32, blank=True, editable=False)
    company = models.CharField(_("company"), max_length=80, blank=True)
    relation = models.CharField(_("how they know each other"), max_length=120, blank=True)
    note = models.CharField(_("note from the friend"), max_length=300, blank=True)
    told_by = models.CharField(_("who told them, in their words"), max_length=60, blank=True)
    answers = models.JSONField(
        _("answers"), default=list, blank=True, help_text=_("Question and answer, as they were asked.")
    )
    fit = models.PositiveSmallIntegerField(
        _("fit"), null=True, blank=True, help_text=_("0 to 100, from the qualifying questions.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("who calls"),
        related_name="+",
    )
    became = models.ForeignKey(
        "referrals.Advocate",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("recommends in turn as"),
        related_name="came_by",
    )
    token = models.CharField(max_length=40, unique=True, default=link_token, editable=False)
    # Where advocate and friend sat, as hashes; what likeness says stands in referrals/likeness.py.
    advocate_client = models.JSONField(default=dict, blank=True, editable=False)
    friend_client = models.JSONField(default=dict, blank=True, editable=False)
    likeness = models.CharField(max_length=16, blank=True, editable=False)
    submitted_at = models.DateTimeField(_("received"))
    accepted_at = models.DateTimeField(_("friend said yes"), null=True, blank=True)
    contacted_at = models.DateTimeField(_("first talked with"), null=True, blank=True, editable=False)
    contact_minutes = models.PositiveIntegerField(
        _("waited (minutes of office time)"), null=True, blank=True, editable=False
    )
    erased_at = models.DateTimeField(_("data deleted"), null=True, blank=True)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "email_key"],
                condition=~Q(email_key=""),
                name="referral_once_per_advocate",
                violation_error_message=_("This advocate has already named this friend."),
            ),
            models.CheckConstraint(
                condition=Q(fit=None) | Q(fit__lte=100), name="referral_fit_is_a_percentage"
            ),
        ]
        indexes = [
            # has anyone named this friend before?
            models.Index(fields=["program", "email_key"], condition=~Q(email_key=""), name="referral_email"),
            models.Index(fields=["program", "phone_key"], condition=~Q(phone_key=""), name="referral_phone"),
            # has anyone named somebody who resembles this friend?
            models.Index(fields=["program", "likeness"], condition=~Q(likeness=""), name="referral_likeness"),
            # whom a claim may mean, by name
            models.Index(F("program"), Upper("name"), condition=~Q(name=""), name="referral_name"),
            # the admin list by status, newest first; counts on the home page and in the digest
            models.Index(fields=["program", "status", "-submitted_at"], name="referral_program_status"),
            # the admin list, newest first
            models.Index(fields=["-submitted_at", "-id"], name="referral_newest"),
            # how fast we call: friends of a program by when they came
            models.Index(fields=["program", "submitted_at"], name="referral_program_came"),
            # the portal; an advocate's referrals of the last day
            models.Index(fields=["enrolment", "-submitted_at"], name="referral_enrolment"),
            # the API's list, page by page
            models.Index(fields=["program", "id"], name="referral_program"),
        ]

    def __str__(self) -> str:
        if self.erased_at:
            return str(_("someone who asked to be forgotten"))
        return self.name or self.email or self.phone or str(_("a friend who gave no name"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.set_keys()
        super().save(*args, **kwargs)

    def set_keys(self) -> None:
        """Make the hashes follow address and phone; an erased friend's hashes stay."""
        if not self.erased_at:
            self.email_key = email_key(self.email)
            self.phone_key = phone_key(self.phone)
            self.likeness = likeness(self.name, self.email)

    @property
    def first_name(self) -> str:
        return first_name_of(self.name)

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    def event_of_status(self, now: datetime, by: Any) -> Event:
        """The row that says which status this referral got, from which, by whom and why."""
        kind = "released" if self.status == self.Status.SUBMITTED else self.status
        return Event(
            kind=f"referral.{kind}",
            program_id=self.program_id,
            advocate_id=self.enrolment.advocate_id,
            referral=self,
            actor=by,
            occurred_at=now,
            data={
                "from": self.status_before,
                "to": self.status,
                "reason": self.status_reason,
                "note": self.status_note,
            },
        )
