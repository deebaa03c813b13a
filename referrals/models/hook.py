from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.hooks.meanings import Meaning
from referrals.hooks.schemes import SCHEMES
from referrals.models.program import Program, ScopedQuerySet
from referrals.sealed import decipher, encipher

# While the other system changes over to a new secret, the one before opens too.
BOTH_SECRETS_FOR = timedelta(hours=24)


class HookSource(models.Model):
    """Another system that tells us what happened: a shop, a CRM, a form."""

    program = models.ForeignKey(
        Program, models.CASCADE, related_name="hook_sources", verbose_name=_("program")
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("Which system it is: “our shop”."))
    slug = models.SlugField(
        _("address"), max_length=50, unique=True, help_text=_("Stands in the address that it calls.")
    )
    scheme = models.CharField(
        _("signs as"),
        max_length=15,
        choices=[(name, scheme.label) for name, scheme in SCHEMES.items()],
        default="standard",
    )
    secret_sealed = models.CharField(max_length=400, blank=True, editable=False)
    older_secret_sealed = models.CharField(max_length=400, blank=True, editable=False)
    secret_since = models.DateTimeField(null=True, editable=False)
    type_at = models.CharField(
        _("its word for what happened stands at"),
        max_length=120,
        blank=True,
        default="/type",
        help_text=_("A JSON pointer, such as /type. Empty: in the header that its way of signing names."),
    )
    id_at = models.CharField(
        _("the call's own number stands at"),
        max_length=120,
        blank=True,
        help_text=_("A JSON pointer, such as /id. Empty: in the header that its way of signing names."),
    )
    active = models.BooleanField(_("active"), default=True)
    refused = models.PositiveIntegerField(_("refused without a valid signature"), default=0, editable=False)
    last_at = models.DateTimeField(_("last call"), null=True, editable=False)

    objects = ScopedQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=["secret_sealed", "older_secret_sealed", "refused", "last_at"]
    )

    class Meta:
        verbose_name = _("connected system")
        verbose_name_plural = _("connected systems")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return f"{settings.BASE_URL}/hooks/{self.slug}/"

    def set_secret(self, secret: str, *, now: datetime) -> None:
        """Take a new secret; the one before goes on opening for a day."""
        self.older_secret_sealed, self.secret_sealed = self.secret_sealed, encipher(secret)
        self.secret_since = now

    def secrets(self, now: datetime) -> list[str]:
        """What may have signed a call of this moment."""
        changing = self.secret_since and now - self.secret_since <= BOTH_SECRETS_FOR
        return [decipher(self.secret_sealed), *([decipher(self.older_secret_sealed)] if changing else [])]


class HookMappingQuerySet(ScopedQuerySet):
    program_path = "source__program"


class HookMapping(models.Model):
    """What one of the other system's words means to us, and where in its call the facts stand."""

    source = models.ForeignKey(
        HookSource, models.CASCADE, related_name="mappings", verbose_name=_("connected system")
    )
    says = models.CharField(
        _("it says"), max_length=80, help_text=_("Its own word for what happened, such as orders/paid.")
    )
    means = models.CharField(_("it means"), max_length=20, choices=Meaning)
    pointers = models.JSONField(
        _("where the facts stand"), default=dict, blank=True, help_text=_("JSON pointers, by fact.")
    )
    minor_units = models.BooleanField(
        _("amounts are in cents"), default=False, help_text=_("4900 for 49.00, as Stripe writes it.")
    )
    only_if = models.TextField(
        _("counts only if"),
        max_length=1000,
        blank=True,
        help_text=_(
            "One condition a line: /payment_status is paid, free; or /test is not true. Other calls are passed over."
        ),
    )
    sample = models.TextField(
        _("a sample call"),
        max_length=20_000,
        blank=True,
        help_text=_("The body of one of its calls, as JSON. Names in it need not be real."),
    )

    objects = HookMappingQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("meaning of a call")
        verbose_name_plural = _("meanings of calls")
        ordering = ["source", "says"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "says"],
                name="hook_mapping_once",
                violation_error_message=_(
                    "What it means when this system says that is written down already."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.says} → {self.get_means_display()}"


class HookDeliveryQuerySet(ScopedQuerySet):
    program_path = "source__program"


class HookDelivery(models.Model):
    """A call of another system that was signed: what it said, and what we did."""

    class Verdict(models.TextChoices):
        TAKEN = "taken", _("taken in")
        WAITING = "waiting", _("kept until the rest comes")
        IGNORED = "ignored", _("means nothing to us")
        REFUSED = "refused", _("refused")

    source = models.ForeignKey(
        HookSource, models.CASCADE, related_name="deliveries", verbose_name=_("connected system")
    )
    key = models.CharField(_("number of the call"), max_length=120)
    says = models.CharField(_("it says"), max_length=80, blank=True)
    verdict = models.CharField(_("what became of it"), max_length=8, choices=Verdict)
    result = models.CharField(_("in words"), max_length=300, blank=True)
    body = models.TextField(_("what it sent"), blank=True)
    received_at = models.DateTimeField(_("received"))
    times = models.PositiveIntegerField(_("received so often"), default=1)

    objects = HookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("received call")
        verbose_name_plural = _("received calls")
        constraints = [
            # The same call twice is one call.
            models.UniqueConstraint(fields=["source", "key"], name="hook_delivery_once"),
        ]
        indexes = [
            # a system's log, newest first
            models.Index(fields=["source", "-received_at"], name="hook_delivery_source"),
            # what is forgotten
            models.Index(fields=["received_at"], name="hook_delivery_received"),
        ]

    def __str__(self) -> str:
        return f"{self.says or '–'} · {self.key}"

    @property
    def is_settled(self) -> bool:
        """Whether the same call again has nothing left to do."""
        return self.verdict in (self.Verdict.TAKEN, self.Verdict.WAITING)

    def conclude(self, verdict: str, result: Any) -> None:
        self.verdict, self.result = verdict, str(result)[:300]
