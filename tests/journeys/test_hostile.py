"""Every field of the public forms meets every hostile value: a sentence at the field, everything else kept,
nothing sent. What is harmless in one field, such as a long phone number's plus, has no row here."""

import pytest
from django.utils.html import escape

from campaigns.models import Message
from referrals.models import Referral, Submission
from tests.factories import EnrolmentFactory, ProfileFactory, ProgramFactory, QuestionFactory, ReferralFactory

pytestmark = pytest.mark.django_db

HOSTILE = {
    "a null character": "Ben\x00Weber",
    "an escape": "Ben\x1b[31mWeber",
    "a line break": "Ben\r\nBcc: all@world.example",
    "10,000 characters": "B" * 10_000,
    "markup": "<script>alert(1)</script>",
    "a right-to-left override": "Ben\u202eWeber",
    "a zero-width space": "Ben\u200bWeber",
    "a link": "see https://evil.example/now",
}
FRIEND = {
    "friend1-name": "Ben Weber",
    "friend1-email": "ben@friend.example",
    "friend1-relation": "Neighbours",
}
REFER = {"friends": "1", "agreed": "on", "name": "Anna Rossi", "email": "anna@customer.example"} | FRIEND
JOIN = {"name": "Ben Weber", "email": "ben@friend.example", "company": "Weber", "agreed": "on"}
YES = {"answer": "yes", "agreed": "on", "phone": "+39 06 6982 1234"}

hostile = pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())


def is_harmless(field, value):
    """A note is for staff to read and has several lines: line breaks and links may stand in it."""
    return field == "note" and value in {HOSTILE["a line break"], HOSTILE["a link"]}


def assert_refused(response, field, kept):
    page = response.text
    assert response.status_code == 200
    assert f'href="#id_{field}"' in page
    assert f'id="id_{field}_error"' in page
    for name, value in kept.items():
        if name not in {field, "friends", "agreed", "answer"}:
            assert f'value="{escape(value)}"' in page
    assert "<script>alert" not in page
    assert not Message.objects.exists()


@hostile
@pytest.mark.parametrize(
    "field", ["friend1-name", "friend1-email", "friend1-phone", "friend1-relation", "name", "email"]
)
def test_the_referral_form_refuses_it_at_the_field(client, field, value):
    ProgramFactory(slug="acme")

    response = client.post("/p/acme/refer/", REFER | {field: value})

    assert_refused(response, field, REFER)
    assert not Submission.objects.exists()


@hostile
@pytest.mark.parametrize("kind", ["yes_no", "choice", "text"])
def test_the_qualifying_questions_refuse_it_at_the_question(client, kind, value):
    enrolment = EnrolmentFactory()
    question = QuestionFactory(
        profile=ProfileFactory(program=enrolment.program), kind=kind, choices="Few\nMany"
    )
    field = f"friend1-question{question.pk}"

    response = client.post(f"/a/{enrolment.token}/", REFER | {field: value})

    assert_refused(response, field, FRIEND)
    assert not Referral.objects.exists()


@hostile
@pytest.mark.parametrize("field", ["name", "email", "phone", "company", "note"])
def test_leaving_details_refuses_it_at_the_field(client, field, value):
    enrolment = EnrolmentFactory()

    response = client.post(f"/r/{enrolment.code}/join/", JOIN | {field: value})

    # A note may have several lines and name a site: it is taken in as text.
    if is_harmless(field, value):
        assert response.status_code == 302
        return
    assert_refused(response, field, JOIN)
    assert not Referral.objects.exists()


@hostile
@pytest.mark.parametrize("field", ["phone", "note"])
def test_the_friends_yes_refuses_it_at_the_field(client, field, value):
    referral = ReferralFactory()

    response = client.post(f"/f/{referral.token}/", YES | {field: value})

    if is_harmless(field, value):
        assert response.status_code == 302
        return
    assert_refused(response, field, YES)
    referral.refresh_from_db()
    assert referral.accepted_at is None


@pytest.mark.parametrize(
    "address", ["anna", "anna@", "@friend.example", "a b@c.example", "anna@friend", "a@-.example"]
)
def test_an_address_that_is_none_is_refused_with_a_sentence(client, address):
    ProgramFactory(slug="acme")

    page = client.post("/p/acme/refer/", REFER | {"friend1-email": address})

    assert_refused(page, "friend1-email", REFER)
    assert "This does not look like an e-mail address. Write it as name@example.com." in page.text


@pytest.mark.parametrize("number", ["12", "+39", "abc", "+999 123 456 789", "06 6982 1234"])
def test_a_number_that_is_none_is_refused_with_a_sentence(client, number):
    ProgramFactory(slug="acme")

    page = client.post("/p/acme/refer/", REFER | {"friend1-phone": number})

    assert_refused(page, "friend1-phone", REFER)
    assert "This does not look like a phone number." in page.text
