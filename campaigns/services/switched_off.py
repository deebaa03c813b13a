"""Tells somebody that another system hears nothing more."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.links import link_to_desk
from campaigns.services.notices import alert_staff
from referrals.models import Event, WebhookEndpoint


def tell_of_switched_off(events: Sequence[Event], *, now: datetime) -> None:
    """Write once to whoever looks after a webhook that was switched off because it does not answer."""
    off = {event.data["webhook"]: event for event in events if event.kind == Event.Kind.WEBHOOK_SWITCHED_OFF}
    if not off:
        return
    for endpoint in WebhookEndpoint.objects.filter(pk__in=off).select_related("program__owner", "owner"):
        program, event = endpoint.program, off[endpoint.pk]
        staff = endpoint.owner or program.owner
        if staff is None:
            continue
        with override(program.language):
            subject = _("“%(name)s” of %(program)s hears nothing more") % {
                "name": endpoint, "program": program,
            }  # fmt: skip
            body = _(
                "We could not tell it what happened for five days, or it said that it is gone, so we have switched "
                "it off. Its last answer was:\n\n%(answer)s\n\nOnce it is well again, switch it on here:\n\n%(link)s"
            ) % {
                "answer": event.data["answer"],
                "link": link_to_desk(f"referrals/webhookendpoint/{endpoint.pk}/change/"),
            }
        alert_staff(staff, key=event.dedup_key, program=program, subject=subject, body=body, now=now)
