from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models.event import Event
from referrals.models.program import Program, ScopedQuerySet
from referrals.webhooks import check_address, secret_of

# How long calls bear the signature of the secret before, too.
BOTH_SECRETS_FOR = timedelta(hours=24)


class WebhookEndpointQuerySet(ScopedQuerySet):
    def active(self) -> "WebhookEndpointQuerySet":
        return self.filter(disabled_at=None)


class WebhookEndpoint(models.Model):
    """Another system that wants to hear what happens in a program."""

    program = models.ForeignKey(
        Program, models.CASCADE, related_name="webhook_endpoints", verbose_name=_("program")
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("Which system it is: “our CRM”."))
    url = models.URLField(
        _("address"),
        max_length=300,
        validators=[check_address],
        help_text=_("An https address that is open to the internet."),
    )
    kinds = models.JSONField(_("hears of"), default=list, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("who is told when it fails"),
        related_name="+",
    )
    secret_number = models.PositiveIntegerField(default=1, editable=False)
    secret_since = models.DateTimeField(null=True, blank=True, editable=False)
    # What happened before it was there is not told; empty for those that have been there for long.
    hears_since = models.DateTimeField(null=True, editable=False)
    # Everything that happened before this moment has been written down as calls.
    collected_until = models.DateTimeField(editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    disabled_at = models.DateTimeField(_("switched off"), null=True, blank=True, editable=False)
    disabled_because = models.CharField(_("why"), max_length=200, blank=True, editable=False)

    objects = WebhookEndpointQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["hears_since", "collected_until", "failing_since"])

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"],
                name="webhook_endpoint_name_once",
                violation_error_message=_("There is a webhook of this name already. Give this one another."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def secret(self) -> str:
        return secret_of(f"endpoint:{self.pk}:{self.secret_number}")

    def older_secret(self, now: datetime) -> str:
        """The secret before this one, for a day after it was replaced; empty otherwise."""
        if self.secret_since is None or now - self.secret_since > BOTH_SECRETS_FOR:
            return ""
        return secret_of(f"endpoint:{self.pk}:{self.secret_number - 1}")


class WebhookCallQuerySet(ScopedQuerySet):
    program_path = "endpoint__program"

    def due(self, now: datetime) -> "WebhookCallQuerySet":
        """Calls to make now, and those whose caller never came back to say how it went."""
        return self.filter(status=WebhookCall.Status.WAITING, due_at__lte=now, endpoint__disabled_at=None)

    def needing_attention(self) -> "WebhookCallQuerySet":
        return self.filter(status=WebhookCall.Status.FAILED)


class WebhookCall(models.Model):
    """One happening told to one other system. Without an event it is a test."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("told")
        FAILED = "failed", _("given up")

    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="calls", verbose_name=_("webhook")
    )
    event = models.ForeignKey(
        Event,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("event"),
    )
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    # While a call is under way this lies ahead: whoever moved it there makes the call.
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("since"))
    done_at = models.DateTimeField(_("told at"), null=True, blank=True)

    objects = WebhookCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook call")
        verbose_name_plural = _("webhook calls")
        constraints = [
            # also finds what has not been written down yet
            models.UniqueConstraint(
                fields=["event", "endpoint"], condition=Q(event__isnull=False), name="webhook_call_once"
            ),
        ]
        indexes = [
            # what to call next
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="webhook_call_due"),
            # an endpoint's log, newest first; what is forgotten after a month
            models.Index(fields=["endpoint", "-created_at"], name="webhook_call_endpoint"),
        ]

    def __str__(self) -> str:
        return str(self.event or _("test call"))

    @property
    def webhook_id(self) -> str:
        """The same each time this call is made, so that the other system can tell a repeat."""
        return str(self.event_id or f"test-{self.pk}")
