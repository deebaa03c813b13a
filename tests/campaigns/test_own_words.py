"""Words that somebody of ours wrote for one reader: plain text as it was typed, in the same frame as every mail."""

from datetime import timedelta

import pytest

from campaigns.channels.mail import build_mail
from campaigns.models import Purpose
from campaigns.services.composing import plain_html
from campaigns.services.delivery import claim
from campaigns.services.erasure import erase_advocates
from campaigns.services.personal_data import everything_about
from campaigns.services.words import render
from referrals.models import Advocate
from tests.factories import AdvocateFactory, MessageFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db
BODY = "Dear {{ first_name }},\n\n*how* is the <roof>?\nTell me: {{ link }}.\n\n\n\nTom"


@pytest.fixture
def tom():
    return UserFactory(first_name="Tom", last_name="Brennan", email="tom@acme.example")


@pytest.fixture
def program():
    return ProgramFactory(sender_name="Acme", reply_to="hello@acme.example")


def own(program, writer, **more):
    words = {"subject": "{{ first_name }}, a question", "body": BODY}
    context = {"own_words": words, "link": "http://localhost:8000/a/x/?ask=1"}
    return MessageFactory(program=program, user=writer, purpose=Purpose.ASK, context=context, **more)


def test_every_line_stays_as_it_was_typed_and_is_read_as_nothing_else(program, tom):
    mail = render(own(program, tom))

    assert mail.subject == "Anna, a question"
    assert mail.text.startswith(
        "Dear Anna,\n\n*how* is the <roof>?\nTell me: http://localhost:8000/a/x/?ask=1.\n\nTom\n"
    )
    link = '<a href="http://localhost:8000/a/x/?ask=1"'
    assert "*how* is the &lt;roof&gt;?<br>Tell me: " in mail.html
    assert link in mail.html
    assert "http://localhost:8000/u/" in mail.text


def test_an_address_ends_before_the_quote_or_the_full_stop_around_it():
    assert plain_html('see "https://a.example/?b=1&c=2".') == (
        '<p>see &quot;<a href="https://a.example/?b=1&amp;c=2">https://a.example/?b=1&amp;c=2</a>&quot;.</p>'
    )


def test_it_comes_from_the_person_who_wrote_it_and_answers_go_to_them(program, tom):
    mail = build_mail(own(program, tom), None)

    assert mail.from_email.startswith('"Tom Brennan, Acme" <')
    assert mail.reply_to == ["tom@acme.example"]
    assert "Auto-Submitted" not in mail.extra_headers
    assert "List-Unsubscribe" in mail.extra_headers


def test_a_writer_without_name_and_address_writes_as_the_company(program):
    mail = build_mail(own(program, UserFactory(first_name="", last_name="", email="")), None)

    assert mail.from_email.startswith("Acme <")
    assert mail.reply_to == ["hello@acme.example"]


@pytest.mark.parametrize("count", [1, 3])
def test_who_wrote_them_is_found_for_a_whole_batch(program, now, count, django_assert_num_queries):
    for _ in range(count):
        own(program, UserFactory())

    with django_assert_num_queries(8):
        assert len({message.user.email for message in claim(now=now)}) == count


def test_what_waits_is_told_to_its_reader_and_forgotten_with_them(program, tom, now):
    anna = AdvocateFactory()
    message = own(program, tom, advocate=anna, to_address=anna.email, due_at=now + timedelta(days=1))

    [told] = everything_about(anna)["messages"]
    erase_advocates(Advocate.objects.filter(pk=anna.pk), now=now, by=tom)
    message.refresh_from_db()

    assert (told["subject"], told["text"]) == ("{{ first_name }}, a question", BODY)
    assert (message.status, message.context) == ("withheld", {})
