"""What providers report about mail: django-anymail reads their requests, we note what they say."""

from functools import cache
from typing import Any

from anymail.exceptions import AnymailConfigurationError
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from campaigns.services.composing import one_line
from campaigns.services.reports import Fate, Report, take_report

PROVIDERS = {
    "brevo": "anymail.webhooks.brevo.BrevoTrackingWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
    "mailjet": "anymail.webhooks.mailjet.MailjetTrackingWebhookView",
    "postmark": "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
    "sendgrid": "anymail.webhooks.sendgrid.SendGridTrackingWebhookView",
    "ses": "campaigns.views.ses_hooks.SesReports",
}
FATES = {
    EventType.DELIVERED: Fate.DELIVERED,
    EventType.BOUNCED: Fate.GONE,
    EventType.DEFERRED: Fate.MISSED,
    EventType.REJECTED: Fate.MISSED,
    EventType.FAILED: Fate.MISSED,
    EventType.COMPLAINED: Fate.COMPLAINED,
    EventType.UNSUBSCRIBED: Fate.UNSUBSCRIBED,
}

NOBODY_THERE = {RejectReason.BOUNCED, RejectReason.INVALID}


# A provider has no form of ours: the name and password in its request are the secret.
@csrf_exempt
def take_mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """Takes a provider's reports; the address does not exist until a secret is set."""
    if provider not in PROVIDERS or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    try:
        response: HttpResponse = _view(provider)(request)
    except AnymailConfigurationError as error:
        # Mailgun signs with the key that it also sends with, and there is none.
        raise Http404 from error
    return response


@receiver(tracking, dispatch_uid="note mail reports")
def note_report(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    fate = _fate(event)
    if fate is None:
        return
    names = frozenset({event.message_id or "", str((event.metadata or {}).get("message", ""))})
    said = one_line(event.mta_response or event.description or event.reject_reason or "")
    now = timezone.now()
    take_report(Report(names, fate, said, event.timestamp or now), now=now)


def _fate(event: AnymailTrackingEvent) -> Fate | None:
    fate = FATES.get(event.event_type)
    if event.event_type == EventType.REJECTED and event.reject_reason in NOBODY_THERE:
        # The provider knew it from an earlier bounce, and did not even try.
        return Fate.GONE
    return Fate.MISSED if fate is Fate.GONE and _is_soft(event) else fate


@cache
def _view(provider: str) -> Any:
    return import_string(PROVIDERS[provider]).as_view()


def _is_soft(event: AnymailTrackingEvent) -> bool:
    """Whether a bounce may pass, such as a full mailbox: django-anymail calls both by one name."""
    raw = event.esp_event or {}
    if raw.get("event") == "soft_bounce" or raw.get("Type") == "SoftBounce" or raw.get("type") == "blocked":
        return True
    if kind := raw.get("bounce", {}).get("bounceType"):
        # Amazon knows only of “Permanent” that nobody is there.
        return bool(kind != "Permanent")
    return raw.get("event") == "bounce" and raw.get("hard_bounce") is False
