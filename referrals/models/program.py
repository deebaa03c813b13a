from datetime import datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models.call_rules import CallRules
from referrals.models.translated import Translated

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def valid_timezone(value: str) -> None:
    """Raises ValidationError unless ``value`` names a zone, such as Europe/Rome."""
    if value not in available_timezones():
        raise ValidationError(
            _("“%(value)s” is no time zone. Write one such as Europe/Rome."), params={"value": value}
        )


def check_site(url: str) -> None:
    """Raises ValidationError unless ``url`` leads to a site by https and a host name, and to nobody's account."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or "." not in host or parts.username or host.replace(".", "").isdigit():
        raise ValidationError(_("Write an https address with a host name, such as https://www.example.com."))


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a program, seen by the staff of that program only."""

    program_path = "program"

    def for_staff(self, user: "User") -> Any:
        """What this staff member may see: everything for a superuser, else the programs they belong to."""
        if user.is_superuser:
            return self
        programs = Program.objects.filter(memberships__user=user)
        return self.filter(**{f"{self.program_path}__in": programs})


class ProgramQuerySet(ScopedQuerySet):
    program_path = "pk"

    def live(self) -> "ProgramQuerySet":
        return self.filter(status=Program.Status.LIVE)


class Program(CallRules, Translated):
    """One referral program of the company: what it is called, speaks like and promises."""

    TRANSLATED = ("headline", "about")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        LIVE = "live", _("live")
        PAUSED = "paused", _("paused")
        ENDED = "ended", _("ended")

    class WhichTouch(models.TextChoices):
        LAST = "last", _("the last")
        FIRST = "first", _("the first")

    class TieRule(models.TextChoices):
        FIRST_NAMED = "first_named", _("whoever named the friend first")
        LAST_TOUCH = "last_touch", _("whoever was in touch with the friend last")
        MANAGER = "manager", _("a manager decides each time")

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("address"), unique=True, help_text=_("Stands in every link of this program."))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    company = models.CharField(_("company"), max_length=80, help_text=_("As customers know it."))
    headline = models.CharField(
        _("headline"), max_length=120, help_text=_("One line for customers: why recommend you.")
    )
    about = models.TextField(
        _("what the company does"), max_length=2000, help_text=_("For the friend, who does not know you yet.")
    )
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters, such as EUR."))],
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}$", _("Two capital letters, such as IT."))],
        help_text=_("Reads phone numbers that are written without a country code."),
    )
    brand_color = models.CharField(
        _("brand colour"),
        max_length=7,
        default="#0b6e4f",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write it as #0b6e4f."))],
    )
    sender_name = models.CharField(
        _("sender name"), max_length=60, blank=True, help_text=_("Stands in the “From” of every mail.")
    )
    reply_to = models.EmailField(_("reply to"), blank=True)
    postal_address = models.CharField(
        _("postal address"),
        max_length=200,
        blank=True,
        help_text=_("The law wants it in every mail. A program without it cannot go live."),
    )
    site_url = models.URLField(
        _("your site"),
        blank=True,
        validators=[check_site],
        help_text=_(
            "Friends who come by a link can go on to it; the code of the recommendation goes with them."
        ),
    )
    privacy_url = models.URLField(_("privacy notice"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("who calls"),
        help_text=_("New referrals go to this person."),
        related_name="+",
    )
    contact_within_hours = models.PositiveSmallIntegerField(
        _("call within (business hours)"),
        default=4,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
    )
    timezone = models.CharField(_("time zone"), max_length=40, default="UTC", validators=[valid_timezone])
    opens_at = models.TimeField(_("office opens"), default=time(9))
    closes_at = models.TimeField(_("office closes"), default=time(18))
    working_days = models.CharField(
        _("working days"),
        max_length=7,
        default="12345",
        validators=[RegexValidator(r"^[1-7]{1,7}$", _("Digits from 1 (Monday) to 7 (Sunday)."))],
        help_text=_("1 is Monday, 7 is Sunday."),
    )
    attribution_days = models.PositiveSmallIntegerField(
        _("attribution window (days)"),
        default=90,
        help_text=_("How long after a visit the recommendation counts."),
    )
    click_days = models.PositiveSmallIntegerField(
        _("window for a mere visit (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("For friends who only opened a link. Empty: the same as above."),
    )
    which_touch = models.CharField(
        _("of several that are equally strong"),
        max_length=5,
        choices=WhichTouch,
        default=WhichTouch.LAST,
        help_text=_("A code beats being named, being named beats a visit, a visit beats a mention by name."),
    )
    tie_rule = models.CharField(
        _("when two advocates claim one friend"),
        max_length=11,
        choices=TieRule,
        default=TieRule.FIRST_NAMED,
        help_text=_("What the claim desk proposes. A person decides either way."),
    )
    invitations_a_day = models.PositiveIntegerField(
        _("invitations a day"),
        default=500,
        help_text=_("No more than this leave in 24 hours; the rest waits."),
    )
    review_from = models.PositiveSmallIntegerField(
        _("a person looks from this score on"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(101)],
        help_text=_("0 to 100, the sum of what suspicious signs weigh. 101: never."),
    )
    reject_from = models.PositiveSmallIntegerField(
        _("“does not count” is proposed from"),
        default=70,
        validators=[MinValueValidator(1), MaxValueValidator(101)],
    )
    least_sale = models.PositiveBigIntegerField(
        _("smallest usual sale"),
        null=True,
        blank=True,
        help_text=_("In minor units. A smaller one looks suspicious. Empty: any amount is fine."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ProgramQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="live") | (~Q(sender_name="") & ~Q(postal_address="")),
                name="program_live_says_who_writes",
                violation_error_message=_(
                    "A live program needs a sender name and a postal address: the law wants both in every mail."
                ),
            ),
            models.CheckConstraint(
                condition=Q(opens_at__lt=models.F("closes_at")),
                name="program_opens_before_it_closes",
                violation_error_message=_("The office must open before it closes."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("program", args=[self.slug])

    @property
    def is_live(self) -> bool:
        return self.status == self.Status.LIVE

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def local(self, moment: datetime) -> datetime:
        """The moment as a clock in the program's office shows it."""
        return moment.astimezone(self.zone)
