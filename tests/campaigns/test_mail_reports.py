"""What providers of mail report, in their own words, and what comes of it."""

import base64
import json

import httpx
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
# A public key such as SendGrid shows; nobody here has its other half.
KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84z"
    "V2sxXs7LtkBoN79R9Q=="
)
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


def sendgrid(kind, **more):
    return [{"event": kind, "email": "anna@mail.example", "timestamp": 1772611200, "smtp-id": "pm-1"} | more]


@pytest.mark.parametrize(
    ("event", "status", "suppressed"),
    [
        (sendgrid("delivered", response="250 OK"), "sent", []),
        (sendgrid("bounce", type="bounce", reason="550 no such mailbox"), "bounced", ["bounced"]),
        (sendgrid("bounce", type="blocked", reason="452 mailbox full"), "sent", []),
        (sendgrid("dropped", reason="Bounced Address"), "bounced", ["bounced"]),
        (sendgrid("spamreport"), "sent", ["complained"]),
        (sendgrid("open"), "sent", []),
    ],
    ids=["delivered", "bounced", "blocked", "dropped", "spam", "opened"],
)
def test_sendgrid_says_what_became_of_a_mail(tell, sent, event, status, suppressed):
    for _time in range(2):
        assert tell("sendgrid", event).status_code == 200

    assert one(sent).status == status
    assert (sent.delivered_at is not None) == (event[0]["event"] == "delivered")
    assert list(Suppression.objects.values_list("reason", flat=True)) == suppressed


def test_sendgrids_signature_is_checked_where_its_key_is_known(tell, sent, settings):
    settings.ANYMAIL = settings.ANYMAIL | {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": KEY}

    assert tell("sendgrid", sendgrid("bounce", type="bounce")).status_code == 400
    assert one(sent).status == Status.SENT


def amazon(tell, kind="Notification", headers=AUTH, **body):
    body = {"Type": kind, "MessageId": "n-1", "Timestamp": "2026-03-04T10:00:05Z"} | body
    marks = {"x-amz-sns-message-type": kind, "x-amz-sns-message-id": "n-1"}
    return tell("ses", body, headers=headers | marks)


def about(message, kind, **more):
    mark = json.dumps({"message": str(message.pk)})
    mail = {"messageId": "0102-x", "destination": [message.to_address],
            "headers": [{"name": "X-Metadata", "value": mark}]}  # fmt: skip
    return json.dumps({"eventType": kind, "mail": mail, kind.lower(): more})


GONE = {"bouncedRecipients": [{"emailAddress": "anna@mail.example"}], "bounceSubType": "General"}


@pytest.mark.parametrize(
    ("kind", "more", "status", "suppressed"),
    [
        ("Delivery", {"recipients": ["anna@mail.example"]}, "sent", []),
        ("Bounce", GONE | {"bounceType": "Permanent"}, "bounced", ["bounced"]),
        ("Bounce", GONE | {"bounceType": "Transient"}, "sent", []),
        ("Complaint", {"complainedRecipients": [{"emailAddress": "anna@mail.example"}]}, "sent", ["complained"]),
    ],
    ids=["delivered", "permanent", "transient", "complaint"],
)  # fmt: skip
def test_amazon_knows_our_message_by_the_mark_that_it_got_with_it(tell, sent, kind, more, status, suppressed):
    for _time in range(2):
        assert amazon(tell, Message=about(sent, kind, **more)).status_code == 200

    assert one(sent).status == status
    assert list(Suppression.objects.values_list("reason", flat=True)) == suppressed


def test_amazon_is_not_believed_without_the_secret(tell, sent):
    told = about(sent, "Bounce", **GONE, bounceType="Permanent")

    answers = [
        amazon(tell, headers=headers, Message=told) for headers in ({}, {"Authorization": "Basic eDp5"})
    ]

    assert [answer.status_code for answer in answers] == [401, 400]
    assert one(sent).status == Status.SENT


@pytest.mark.parametrize(
    "address",
    ["http://sns.eu-west-1.amazonaws.com/", "https://sns.eu-west-1.amazonaws.com.evil.example/",
     "https://169.254.169.254/", "https://sns.eu-west-1.amazonaws.com:8443/", ""],
)  # fmt: skip
def test_only_amazon_is_told_that_it_may_report(tell, address):
    assert amazon(tell, "SubscriptionConfirmation", SubscribeURL=address).status_code == 400


def test_amazon_is_told_once_that_it_may_report(tell, monkeypatch):
    called = []

    def get(address, **_how):
        called.append(address)
        return httpx.Response(200, request=httpx.Request("GET", address))

    monkeypatch.setattr(httpx, "get", get)
    address = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"

    assert amazon(tell, "SubscriptionConfirmation", SubscribeURL=address).status_code == 200
    assert called == [address]


def test_a_mail_by_amazons_server_bears_the_mark_and_others_do_not(now, settings):
    for host in ("email-smtp.eu-west-1.amazonaws.com", "smtp.example.com"):
        settings.EMAIL_HOST = host
        MessageFactory()
        deliver_due(now=now)

    assert ["X-Metadata" in sent.extra_headers for sent in mail.outbox] == [True, False]
