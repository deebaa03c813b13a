"""Personal messages that an account manager sends from their own mail program."""

import pytest

from campaigns.models import Message, MessageTemplate, Purpose, Suppression
from campaigns.services.by_hand import queue_by_hand
from campaigns.services.delivery import deliver_due
from campaigns.services.pressure import Pressure
from campaigns.services.suppression import suppress
from referrals.models import Membership
from tests.cast import client_of, member_of, said
from tests.factories import AdvocateFactory, MessageFactory, ProgramFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/campaigns/byhand/"


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def mia(program):
    return member_of(program, Membership.Role.SALES)


@pytest.fixture
def ask(program, mia, now) -> Message:
    MessageTemplate.objects.create(
        purpose=Purpose.ASK, program=program, subject="{{ first_name }}, thank you & more",
        body="Hello {{ first_name }},\n\nwhom do *you* know?",
    )  # fmt: skip
    anna = AdvocateFactory()
    message = Message(
        key="ask:1", purpose=Purpose.ASK, program=program, advocate=anna, user=mia, to_name=anna.name,
        to_address=anna.email, language="en",
    )  # fmt: skip
    queue_by_hand([message], now=now)
    return message


def page(message: Message, step: str = "") -> str:
    return f"{LIST}{message.pk}/" + (f"step/{step}/" if step else "change/")


def became(message: Message) -> str:
    message.refresh_from_db()
    return message.status


def test_it_waits_for_its_sender_and_never_leaves_by_itself(ask, mia, now):
    deliver_due(now=now)

    assert became(ask) == "by_hand"
    assert "Anna Rossi" in client_of(mia).get(LIST, {"whose": "mine"}).text


def test_it_opens_in_the_senders_own_mail_program_without_a_frame(ask, mia):
    html = client_of(mia).get(page(ask)).text

    assert (
        f'href="mailto:{ask.to_address}?subject=Anna%2C%20thank%20you%20%26%20more'
        "&amp;body=Hello%20Anna%2C%0A%0Awhom%20do%20you%20know%3F" in html
    )
    assert "unsubscribe" not in html.lower()


def test_once_sent_it_is_in_the_history_and_in_what_the_person_got(ask, mia, now):
    answer = client_of(mia).post(page(ask, "sent"), {"_do": "1"}, follow=True)

    assert said(answer)[0].level == "success"
    assert became(ask) == "sent"
    assert ask.reason == f"Sent by hand by {mia.username}."
    assert (ask.subject, ask.text) == ("Anna, thank you & more", "Hello Anna,\n\nwhom do you know?")
    second = MessageFactory(purpose=Purpose.ASK, advocate=ask.advocate)
    assert len(Pressure([second], now=ask.sent_at)._past_of(second)) == 1


def test_it_can_be_left_unsent(ask, mia):
    client_of(mia).post(page(ask, "leave"), {"_do": "1"})

    assert (became(ask), ask.held_for) == ("withheld", "staff")
    assert client_of(mia).get(page(ask)).status_code == 404


def test_whoever_unsubscribes_meanwhile_is_off_the_list(ask, mia, now):
    suppress(ask, None, Suppression.Reason.UNSUBSCRIBED, now=now)

    answer = client_of(mia).post(page(ask, "sent"), {"_do": "1"}, follow=True)

    assert (became(ask), answer.status_code) == ("withheld", 404)


def test_of_many_chosen_those_that_may_not_leave_stay_with_the_reason(ask, mia, now):
    Suppression.objects.create(key=ask.to_key, reason="unsubscribed", created_at=now)
    chosen = {"action": "sent", "_selected_action": [str(ask.pk)], "_do": "1"}

    answer = client_of(mia).post(LIST, chosen, follow=True)

    assert became(ask) == "by_hand"
    assert "unsubscribed" in said(answer)[0].text


def test_an_analyst_and_staff_of_other_programs_send_nothing(program, ask):
    analyst, other = member_of(program, Membership.Role.ANALYST), member_of(ProgramFactory())

    assert client_of(analyst).post(page(ask, "sent"), {"_do": "1"}).status_code == 403
    assert client_of(other).post(page(ask, "sent"), {"_do": "1"}).status_code == 404
    assert became(ask) == "by_hand"


def test_the_sender_changes_the_words_for_this_person_and_these_are_kept_and_sent(ask, mia):
    shown = client_of(mia).get(page(ask, "words")).text
    assert "whom do you know?" in shown

    client_of(mia).post(
        page(ask, "words"),
        {"_do": "1", "subject": "Anna, a question", "text": "Dear Anna,\r\n\r\n how is Ben?"},
    )

    html = client_of(mia).get(page(ask)).text
    assert "subject=Anna%2C%20a%20question&amp;body=Dear%20Anna%2C%0A%0A%20how%20is%20Ben%3F" in html
    client_of(mia).post(page(ask, "sent"), {"_do": "1"})
    assert (became(ask), ask.subject, ask.text) == ("sent", "Anna, a question", "Dear Anna,\n\n how is Ben?")


def test_the_link_stays_in_the_words_and_what_has_left_is_not_changed(ask, mia):
    Message.objects.filter(pk=ask.pk).update(context={"link": "http://localhost:8000/a/x/"})
    words = {"_do": "1", "subject": "", "text": "Dear Anna"}

    without = client_of(mia).post(page(ask, "words"), words)
    with_it = client_of(mia).post(page(ask, "words"), words | {"text": "See http://localhost:8000/a/x/"})
    Message.objects.filter(pk=ask.pk).update(status="sent", sent_at=ask.due_at)
    late = client_of(mia).post(page(ask, "words"), words)

    assert "Leave the link in" in without.text
    assert with_it.status_code == 302
    assert "It is “sent”." in late.text


def test_what_a_deleted_colleague_sent_counts_on_and_what_waited_for_them_goes(program, mia, now):
    sent = MessageFactory(purpose=Purpose.ASK, status="sent", sent_at=now, user=mia)
    kept = MessageFactory(purpose=Purpose.ASK, status="kept", user=mia)
    MessageFactory(purpose=Purpose.ASK, status="by_hand", user=mia)
    MessageFactory(purpose=Purpose.SALES_ALERT, status="sent", sent_at=now, user=mia, program=program)

    mia.delete()

    assert set(Message.objects.values_list("pk", "user")) == {(sent.pk, None), (kept.pk, None)}
