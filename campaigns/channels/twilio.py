"""Texts by Twilio, through its own library."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from requests import RequestException

from campaigns.channels.network import never_left
from campaigns.channels.way import Answer
from campaigns.links import link_to
from campaigns.models import Message
from campaigns.services.composing import one_line

Status = Message.Status
SECONDS = 10
# https://www.twilio.com/docs/api/errors: not a number, no mobile phone, not reachable, a landline.
NOBODY_THERE = {21211, 21214, 21217, 21401, 21421, 21614, 30005, 30006}
# They have written STOP to this sender; Twilio knew before we did.
STOPPED = 21610


class Twilio:
    """Hands texts to Twilio's API, one connection for all of them."""

    def __init__(self, http_client: Any = None) -> None:
        # Heavy, and only the worker that sends texts needs it.
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        http_client = http_client or TwilioHttpClient(timeout=SECONDS)
        self._client = Client(settings.SMS_ACCOUNT, settings.SMS_TOKEN, http_client=http_client)

    def carry(self, to: str, text: str) -> Answer:
        from twilio.base.exceptions import TwilioRestException

        try:
            sent = self._client.messages.create(to=to, body=text, **_sender(), **_callback())
        except TwilioRestException as error:
            said = error.msg.removeprefix("Unable to create record: ")
            return _judge(error.status, error.code, one_line(f"{error.code}: {said}"))
        except RequestException as error:
            return Answer(Status.QUEUED if never_left(error) else Status.UNKNOWN, one_line(str(error)))
        return Answer(Status.SENT, _("Accepted."), sent.sid or "")


def _judge(status: int, code: int | None, said: str) -> Answer:
    if code in NOBODY_THERE or code == STOPPED:
        return Answer(Status.BOUNCED, said)
    if status in {401, 403, 408, 429}:
        # Our account or its limits; no fault of this text.
        return Answer(Status.QUEUED, said)
    return Answer(Status.FAILED if status < 500 else Status.UNKNOWN, said)


def _sender() -> dict[str, str]:
    sender = settings.SMS_SENDER
    return {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": sender}


def _callback() -> dict[str, str]:
    # Twilio reports to public addresses only.
    return {"status_callback": link_to("text-report")} if settings.SECURE else {}
