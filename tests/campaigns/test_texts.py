"""Text messages: what leaves, what comes back, and what people answer."""

import base64
import hmac
import json
from datetime import timedelta
from hashlib import sha1

import pytest
from django.core import mail
from requests import ConnectionError as NotConnected
from requests import ReadTimeout

from campaigns.channels import Answer
from campaigns.channels.twilio import Twilio
from campaigns.models import Message, MessageChannel, MessageTemplate, Purpose, Suppression
from campaigns.services import outbox
from campaigns.services.delivery import deliver_due
from campaigns.services.texting import text_parts
from campaigns.services.words import render
from referrals.contacts import phone_key
from referrals.models import Event
from tests.campaigns.phones import Kept
from tests.factories import AdvocateFactory, MessageFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db
Status = Message.Status
ANNA = "+393331234567"
TOKEN = "t" * 32


@pytest.fixture(autouse=True)
def words():
    # In place of the bank's.
    MessageTemplate.objects.filter(channel=MessageChannel.SMS).delete()
    for purpose in (Purpose.ASK, Purpose.SUCCESS_THANKS):
        MessageTemplate.objects.create(
            purpose=purpose, channel=MessageChannel.SMS, body="Hello {{ first_name }}, thank you."
        )


@pytest.fixture
def phone(settings):
    settings.SMS_BACKEND = "tests.campaigns.phones.Kept"
    Kept.texts, Kept.answers = [], {}
    return Kept


def text(**more) -> Message:
    return MessageFactory(
        **{"channel": "sms", "to_address": ANNA, "to_key": phone_key(ANNA), "context": {}} | more
    )


def one(message: Message) -> Message:
    message.refresh_from_db()
    return message


def test_a_text_says_who_writes_and_how_to_get_no_more(phone, now):
    message = text()

    deliver_due(now=now)

    assert phone.texts == [(ANNA, "Acme: Hello Anna, thank you.\nSTOP to end")]
    assert (one(message).status, message.sent_at, message.reference) == (Status.SENT, now, "SM1")
    assert mail.outbox == []


def test_mail_and_texts_of_one_batch_each_go_their_way(phone, now):
    text()
    MessageFactory()

    deliver_due(now=now)

    assert (len(phone.texts), len(mail.outbox)) == (1, 1)


def test_without_a_provider_texts_are_kept_to_be_read(now):
    message = text()

    deliver_due(now=now)

    assert one(message).status == Status.KEPT
    assert message.text == "Acme: Hello Anna, thank you.\nSTOP to end"


def test_no_phone_rings_at_night_unless_somebody_asked(phone, now):
    night = now.replace(hour=23)
    thanks = text()

    deliver_due(now=night)

    assert one(thanks).status == Status.QUEUED
    assert thanks.due_at == now.replace(day=5, hour=8)


@pytest.mark.parametrize(
    ("answer", "status", "suppressed"),
    [
        (Answer("bounced", "21614: not a mobile number"), Status.BOUNCED, 1),
        (Answer("failed", "30007: filtered"), Status.FAILED, 0),
        (Answer("queued", "20429: too many"), Status.QUEUED, 0),
        (Answer("unknown", "Read timed out."), Status.UNKNOWN, 0),
    ],
)
def test_what_the_provider_answers_is_what_became_of_it(phone, now, answer, status, suppressed):
    phone.answers[ANNA] = answer
    message = text()

    deliver_due(now=now)

    assert (one(message).status, message.reason) == (status, answer.reason)
    assert Suppression.objects.filter(key=phone_key(ANNA), reason="bounced").count() == suppressed


def test_a_text_that_may_have_arrived_never_goes_again_by_itself(phone, now):
    phone.answers[ANNA] = Answer("unknown", "Read timed out.")
    text()

    for days in range(3):
        deliver_due(now=now + timedelta(days=days))

    assert len(phone.texts) == 1


def test_words_in_more_than_three_parts_wait_until_somebody_shortens_them(phone, now):
    MessageTemplate.objects.filter(channel="sms").update(body="Thank you. " * 60)
    message = text()

    deliver_due(now=now)

    assert phone.texts == []
    assert "5 parts, and 3 are the most. Shorten the words." in one(message).reason


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 201, 3),
        ("👍" * 35, 1),
        ("👍" * 36, 2),
        ("a" * 100 + "я", 2),
    ],
)
def test_a_text_is_as_long_as_a_network_counts_it(words, parts):
    assert text_parts(words) == parts


def test_typographers_signs_do_not_make_a_text_twice_as_long():
    MessageTemplate.objects.filter(channel="sms").update(body="“We’re glad” – really…")

    assert render(text()).text == 'Acme: "We\'re glad" - really...\nSTOP to end'


@pytest.mark.parametrize("language", ["en", "it", "ru", "es", "nl", "fr"])
def test_the_opt_out_is_in_the_readers_language_and_understood(language, now):
    message = text(language=language, status=Status.SENT, sent_at=now)

    line = render(message).text.splitlines()[-1]

    assert line.split()[0] in {"STOP", "СТОП"}


def test_a_phone_is_known_by_its_number_however_it_got_into_the_outbox(now):
    message = Message(key="k", purpose=Purpose.ASK, channel="sms", to_address=ANNA, language="en")

    outbox.queue([message], now=now)

    assert message.to_key == phone_key(ANNA)


# What comes back.


def sign(path: str, **typed: str) -> dict[str, str]:
    said = f"http://localhost:8000{path}" + "".join(name + typed[name] for name in sorted(typed))
    return {
        "X-Twilio-Signature": base64.b64encode(
            hmac.new(TOKEN.encode(), said.encode(), sha1).digest()
        ).decode()
    }


@pytest.fixture
def twilio(client, settings):
    settings.SMS_TOKEN = TOKEN

    def call(path: str = "/hooks/sms/twilio/", **typed: str):
        return client.post(path, typed, headers=sign(path, **typed))

    return call


@pytest.mark.parametrize(
    "word", ["STOP", " stop. ", "Stopp", "ARRÊT", "basta", "СТОП", "Stop please!", "Opt out", "REVOKE"]
)
def test_stop_stops_texts_at_once_those_that_wait_too(twilio, now, word):
    anna = AdvocateFactory(phone=ANNA)
    text(advocate=anna, status=Status.SENT, sent_at=now)
    waiting, by_mail = text(advocate=anna), MessageFactory(advocate=anna)

    answer = twilio(From=ANNA, Body=word)

    assert answer.content.decode() == (
        "<Response><Message>You get no more text messages from Acme. START to get them again.</Message></Response>"
    )
    assert one(waiting).status == Status.WITHHELD
    assert one(by_mail).status == Status.QUEUED
    assert Suppression.objects.get().key == phone_key(ANNA)
    assert Event.objects.get().kind == Event.Kind.UNSUBSCRIBED
    twilio(From=ANNA, Body=word)
    assert Event.objects.count() == Suppression.objects.count() == 1


def test_start_takes_it_back_but_not_what_stands_for_another_reason(twilio, now):
    text(status=Status.SENT, sent_at=now)
    twilio(From=ANNA, Body="STOP")

    answer = twilio(From=ANNA, Body="start")

    assert "again. STOP to end." in answer.content.decode()
    assert Suppression.objects.count() == 0


def test_an_answer_for_a_person_goes_to_whoever_looks_after_them(twilio, now):
    owner = UserFactory(email="mia@acme.example")
    text(advocate=AdvocateFactory(owner=owner), status=Status.SENT, sent_at=now)

    answer = twilio(From=ANNA, Body="Yes, my sister! Call her <b>today</b>")

    assert answer.content == b"<Response></Response>"
    notice = Message.objects.get(purpose=Purpose.STAFF_NOTICE)
    assert (notice.to_address, notice.context["body"]) == (
        owner.email,
        "Yes, my sister! Call her <b>today</b>",
    )
    assert Suppression.objects.count() == 0


def test_a_stranger_changes_nothing_and_hears_nothing(twilio):
    assert twilio(From="+15550000000", Body="STOP").content == b"<Response></Response>"
    assert Suppression.objects.count() == 0


def test_without_twilios_signature_nothing_happens(client, twilio, now):
    text(status=Status.SENT, sent_at=now)
    path, typed = "/hooks/sms/twilio/", {"From": ANNA, "Body": "STOP"}

    forged = [{}, {"X-Twilio-Signature": "x"}, sign(path, From=ANNA, Body="START")]

    assert [client.post(path, typed, headers=headers).status_code for headers in forged] == [403] * 3
    assert client.get(path).status_code == 405
    assert Suppression.objects.count() == 0


def test_without_twilio_there_is_nothing_at_its_address(client):
    assert client.post("/hooks/sms/twilio/", {"From": ANNA, "Body": "STOP"}).status_code == 404


@pytest.mark.parametrize(
    ("reported", "code", "status", "suppressed"),
    [
        ("delivered", "", "sent", 0),
        ("undelivered", "30003", "sent", 0),
        ("undelivered", "30006", "bounced", 1),
    ],
)
def test_what_became_of_a_text_is_noted_on_it(twilio, now, reported, code, status, suppressed):
    message = text(status=Status.SENT, sent_at=now, reference="SM1")

    answer = twilio("/hooks/sms/twilio/report/", MessageSid="SM1", MessageStatus=reported, ErrorCode=code)

    assert answer.status_code == 204
    assert one(message).status == status
    assert (message.delivered_at is not None) == (reported == "delivered")
    assert Suppression.objects.count() == suppressed


# Twilio's own library, with a network that answers as we say.


class Network:
    def __init__(self, status=201, answer=None, error=None):
        self.status, self.answer, self.error, self.sent = status, answer or {"sid": "SM9"}, error, []

    def request(self, method, url, params=None, data=None, headers=None, auth=None, timeout=None, **more):
        self.sent.append(data)
        if self.error:
            raise self.error
        from twilio.http.response import Response

        return Response(self.status, json.dumps(self.answer))


@pytest.mark.parametrize(
    ("network", "answer"),
    [
        (Network(), Answer("sent", "Accepted.", "SM9")),
        (Network(400, {"code": 21614, "message": "not a mobile"}), Answer("bounced", "21614: not a mobile")),
        (Network(400, {"code": 21610, "message": "stopped"}), Answer("bounced", "21610: stopped")),
        (Network(400, {"code": 21612, "message": "no route"}), Answer("failed", "21612: no route")),
        (Network(401, {"code": 20003, "message": "who?"}), Answer("queued", "20003: who?")),
        (Network(429, {"code": 20429, "message": "slow"}), Answer("queued", "20429: slow")),
        (Network(503, {"code": 20503, "message": "down"}), Answer("unknown", "20503: down")),
        (Network(error=ReadTimeout("late")), Answer("unknown", "late")),
        (Network(error=NotConnected("reset")), Answer("unknown", "reset")),
    ],
)
def test_twilios_answers_are_understood(settings, network, answer):
    settings.SMS_ACCOUNT, settings.SMS_TOKEN, settings.SMS_SENDER = "AC1", TOKEN, "+15551234567"

    assert Twilio(http_client=network).carry(ANNA, "Hello") == answer
    assert network.sent == [{"To": ANNA, "Body": "Hello", "From": "+15551234567"}]


def test_a_program_writes_in_its_own_name(phone, now):
    text(program=ProgramFactory(company="Heliotrope"))

    deliver_due(now=now)

    assert phone.texts[0][1].startswith("Heliotrope: ")
