"""What providers of mail report, in their own words, and what comes of it."""

import base64
import json

import pytest
from django.core import mail
from django.core.mail.backends import locmem

from campaigns.models import Message, Suppression
from campaigns.services.delivery import deliver_due
from campaigns.services.reports import Fate, Report, take_report
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
Status = Message.Status
SECRET = "hooks:sixteen-letters!"
AUTH = {"Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}


@pytest.fixture
def tell(client, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "BREVO_API_KEY": "k", "POSTMARK_SERVER_TOKEN": "t"}

    def tell(provider, event, headers=AUTH):
        return client.post(
            f"/hooks/mail/{provider}/", json.dumps(event), content_type="application/json", headers=headers
        )

    return tell


@pytest.fixture
def sent(now) -> Message:
    return MessageFactory(status=Status.SENT, sent_at=now, reference="pm-1", to_address="anna@mail.example")


def one(message: Message) -> Message:
    message.refresh_from_db()
    return message


def postmark(kind, **more):
    return {"RecordType": kind, "MessageID": "pm-1", "Recipient": "anna@mail.example"} | more


@pytest.mark.parametrize(
    ("event", "status", "suppressed"),
    [
        (postmark("Delivery", DeliveredAt="2026-03-04T10:00:05Z"), "sent", []),
        (postmark("Bounce", Type="HardBounce", Description="No such mailbox"), "bounced", ["bounced"]),
        (postmark("Bounce", Type="SoftBounce", Description="Mailbox full"), "sent", []),
        (postmark("Bounce", Type="Transient", Description="Later"), "sent", []),
        (postmark("SpamComplaint", Type="SpamComplaint"), "sent", ["complained"]),
        (postmark("SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression"), "sent",
         ["unsubscribed"]),
        (postmark("Open"), "sent", []),
    ],
)  # fmt: skip
def test_postmark_says_what_became_of_a_mail(tell, sent, event, status, suppressed):
    waiting = MessageFactory(to_address="anna@mail.example")

    for _time in range(2):
        assert tell("postmark", event).status_code == 200

    assert one(sent).status == status
    assert (sent.delivered_at is not None) == (event["RecordType"] == "Delivery")
    assert list(Suppression.objects.values_list("reason", flat=True)) == suppressed
    assert one(waiting).status == (Status.WITHHELD if suppressed else Status.QUEUED)


@pytest.mark.parametrize(("event", "status"), [("hard_bounce", "bounced"), ("soft_bounce", "sent")])
def test_brevo_knows_our_message_by_its_message_id(tell, sent, event, status):
    tell(
        "brevo", {"event": event, "message-id": sent.message_id, "email": "anna@mail.example", "ts_epoch": 1}
    )

    assert one(sent).status == status
    assert Suppression.objects.count() == (status == "bounced")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}])
def test_whoever_does_not_know_the_secret_reports_nothing(tell, sent, headers):
    assert tell("postmark", postmark("Bounce", Type="HardBounce"), headers=headers).status_code == 400
    assert one(sent).status == Status.SENT


def test_without_a_secret_there_is_nothing_at_the_address(client, sent):
    answer = client.post("/hooks/mail/postmark/", postmark("Bounce", Type="HardBounce"), "application/json")

    assert answer.status_code == 404


def test_unknown_providers_and_those_without_a_key_are_not_there(tell):
    assert [tell(name, {}).status_code for name in ("mailgun", "pigeon")] == [404, 404]


def test_a_report_about_a_mail_of_others_is_taken_and_forgotten(tell):
    assert tell("postmark", postmark("Bounce", Type="HardBounce")).status_code == 200
    assert Suppression.objects.count() == 0


def test_a_report_that_overtakes_the_servers_answer_is_not_lost(now):
    message = MessageFactory(status=Status.SENDING, lease_until=now)

    take_report(Report(frozenset({str(message.pk)}), Fate.DELIVERED, "", now), now=now)

    assert (one(message).status, message.delivered_at) == (Status.SENDING, now)


class ByApi(locmem.EmailBackend):
    """As django-anymail's backends: each mail comes back with the provider's number."""

    def send_messages(self, messages):
        for message in messages:
            message.anymail_status = type("Status", (), {"message_id": "esp-7"})
        return super().send_messages(messages)


def test_the_providers_number_is_kept_and_ours_goes_with_the_mail(now, settings):
    settings.EMAIL_BACKEND = f"{__name__}.ByApi"
    message = MessageFactory()

    deliver_due(now=now)

    assert one(message).reference == "esp-7"
    assert mail.outbox[0].metadata == {"message": str(message.pk)}
