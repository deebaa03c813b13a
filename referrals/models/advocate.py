from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from referrals.contacts import email_key, first_name_of, phone_key
from referrals.likeness import likeness
from referrals.models.channel import Channel
from referrals.models.program import Program, ScopedQuerySet, valid_timezone
from referrals.tokens import link_token, share_code

if TYPE_CHECKING:
    from referrals.models import Segment, Tag


class AdvocateQuerySet(ScopedQuerySet):
    program_path = "enrolments__program"

    def for_staff(self, user: Any) -> "AdvocateQuerySet":
        # Known people who are in no program yet belong to the company: any of its staff may enrol them.
        mine = super().for_staff(user)
        return mine if user.is_superuser else (mine | self.filter(enrolments=None)).distinct()

    def known_as(self, email: str) -> "AdvocateQuerySet":
        """The advocate with this mailbox, however it is spelled."""
        return self.filter(email_key=email_key(email)).exclude(email_key="")

    def in_segment(self, segment: "Segment", now: datetime) -> "AdvocateQuerySet":
        return self.filter(segment.asks(now))

    def inner_circle_of(self, program: Program) -> "AdvocateQuerySet":
        """Whom a person picked for this program; they are asked first."""
        return self.filter(picks__segment__program=program)

    def tagged(self, tag: "Tag") -> "AdvocateQuerySet":
        return self.filter(taggings__tag=tag)


class Advocate(models.Model):
    """Someone who may recommend the company, in however many programs."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        PAST_CUSTOMER = "past_customer", _("past customer")
        LOST_LEAD = "lost_lead", _("lead that never closed")
        LEADER = "leader", _("industry leader")
        SUPPLIER = "supplier", _("supplier")
        PARTNER = "partner", _("partner")
        EMPLOYEE = "employee", _("employee")

    CUSTOMERS = (Kind.CUSTOMER, Kind.PAST_CUSTOMER)

    kind = models.CharField(_("kind"), max_length=15, choices=Kind, default=Kind.CUSTOMER)
    external_id = models.CharField(
        _("customer number"), max_length=80, blank=True, help_text=_("As your shop or CRM knows them.")
    )
    name = models.CharField(_("name"), max_length=60, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    email_key = models.CharField(max_length=32, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    phone_key = models.CharField(max_length=32, blank=True, editable=False)
    company = models.CharField(_("company"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, blank=True)
    timezone = models.CharField(_("time zone"), max_length=40, blank=True, validators=[valid_timezone])
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}$", _("Two capital letters, such as IT."))],
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("account manager"),
        help_text=_("Asks this person, and is asked about them."),
        related_name="+",
    )
    attributes = models.JSONField(
        _("further fields"),
        default=dict,
        blank=True,
        help_text=_("As your CRM knows them: name and value, plain text and numbers."),
    )
    # Empty where there is no name or no address; unknown until somebody counts it, after an import.
    likeness = models.CharField(max_length=16, null=True, editable=False)  # noqa: DJ001
    show_name = models.BooleanField(_("friends may see the first name"), default=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="advocate",
    )
    created_at = models.DateTimeField(_("known since"), auto_now_add=True)

    objects = AdvocateQuerySet.as_manager()

    class Meta:
        verbose_name = _("advocate")
        verbose_name_plural = _("advocates")
        constraints = [
            models.UniqueConstraint(
                fields=["email_key"],
                condition=~Q(email_key=""),
                name="advocate_email_once",
                violation_error_message=_("Somebody with this e-mail address is already here."),
            ),
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~Q(external_id=""),
                name="advocate_external_id_once",
                violation_error_message=_("Somebody with this customer number is already here."),
            ),
        ]
        indexes = [
            # is this friend already a customer? (phone; the address has its unique index)
            models.Index(fields=["phone_key"], condition=~Q(phone_key=""), name="advocate_phone"),
            # does this friend resemble somebody we know?
            models.Index(fields=["likeness"], condition=~Q(likeness=""), name="advocate_likeness"),
            # whose likeness is still to be found, after an import
            models.Index(fields=["id"], condition=Q(likeness=None), name="advocate_unlikened"),
            # whom a friend means by a name
            models.Index(Upper("name"), condition=~Q(name=""), name="advocate_called"),
            # the admin list, newest first
            models.Index(fields=["-created_at"], name="advocate_newest"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id or self.email or f"#{self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email_key = email_key(self.email)
        self.phone_key = phone_key(self.phone)
        self.likeness = likeness(self.name, self.email)
        super().save(*args, **kwargs)

    @property
    def first_name(self) -> str:
        return first_name_of(self.name)


class EnrolmentQuerySet(ScopedQuerySet):
    def for_page(self) -> "EnrolmentQuerySet":
        """With all that a public page says about the program and who recommends it, in one query."""
        return self.select_related("advocate", "program__profile", "program__owner")

    def live(self) -> "EnrolmentQuerySet":
        """Those whose program is open: links into any other look like links that never existed."""
        return self.filter(program__status=Program.Status.LIVE)

    def on_channel(self, slug: str) -> "EnrolmentQuerySet":
        """With ``channel_id`` of the program's active channel of that short name, or None."""
        channels = Channel.objects.filter(program=models.OuterRef("program"), slug=slug[:20], active=True)
        return self.annotate(channel_id=models.Subquery(channels.values("pk")[:1]))


class Enrolment(models.Model):
    """An advocate in a program: the code that friends use and the link that needs no sign-in."""

    # The constraint and the indexes below begin with them.
    advocate = models.ForeignKey(
        Advocate, models.PROTECT, related_name="enrolments", db_index=False, verbose_name=_("advocate")
    )
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="enrolments", db_index=False, verbose_name=_("program")
    )
    code = models.CharField(_("code"), max_length=20, unique=True, default=share_code)
    token = models.CharField(max_length=40, unique=True, default=link_token, editable=False)
    joined_at = models.DateTimeField(_("joined"))
    tax_cleared_year = models.PositiveSmallIntegerField(
        _("tax papers are in for"),
        null=True,
        blank=True,
        help_text=_("A year. Rewards above the reportable amount wait until this says the current one."),
    )

    # Of the link by which somebody came, where ``on_channel()`` looked it up.
    channel_id: int | None

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        indexes = [
            # the API's list of a program's advocates, page by page
            models.Index(fields=["program", "id"], name="enrolment_program"),
            # the admin list, newest first
            models.Index(fields=["-joined_at", "id"], name="enrolment_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["advocate", "program"],
                name="enrolment_once",
                violation_error_message=_("This advocate is already in this program."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.advocate} · {self.program}"

    @property
    def share_path(self) -> str:
        return reverse("share", args=[self.code])

    @property
    def personal_path(self) -> str:
        return reverse("refer-personal", args=[self.token])

    @property
    def shown_name(self) -> str:
        """What a friend who opens the share link may read: the first name, if the advocate allows."""
        return self.advocate.first_name if self.advocate.show_name else ""
