from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from campaigns.models import Message
from campaigns.services.bank import load_bank
from referrals.models import Advocate, Referral, Submission
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    ProgramFactory,
    ReferralFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

BEN = {
    "friends": "1",
    "friend1-name": "Ben Weber",
    "friend1-email": "ben@friend.example",
    "agreed": "on",
}
STRANGER = {"name": "Anna Rossi", "email": "anna@customer.example"}


@pytest.fixture(autouse=True)
def words():
    load_bank()


@pytest.fixture
def enrolment():
    program = ProgramFactory(slug="acme", owner=UserFactory())
    return EnrolmentFactory(program=program, advocate__email="anna@customer.example")


def test_a_strangers_friends_hear_nothing_before_the_address_is_proved(client):
    ProgramFactory(slug="acme")

    response = client.post("/p/acme/refer/", BEN | STRANGER)

    assert response.url == "/p/acme/refer/sent/"
    assert "Please look at your mail" in client.get(response.url).text
    assert not Referral.objects.exists()
    assert not Advocate.objects.exists()
    mail = Message.objects.get()
    assert (mail.purpose, mail.to_address) == ("confirm", "anna@customer.example")
    assert "Ben" not in str(mail.context)


def test_the_mailed_link_shows_what_will_be_sent_and_its_button_sends_it(client):
    ProgramFactory(slug="acme", owner=UserFactory())
    client.post("/p/acme/refer/", BEN | STRANGER)
    held = Submission.objects.get()
    link = f"/p/acme/confirm/{held.token}/"

    page = client.get(link).text

    assert "Ben Weber" in page
    assert "Anna Rossi" in page[page.index("letter__body") :]
    assert not Referral.objects.exists()
    receipt = client.post(link).url
    assert Referral.objects.get().enrolment.advocate.email == "anna@customer.example"
    assert "Thank you, Anna" in client.get(receipt).text
    assert "This is on its way already" in client.get(link).text
    assert client.post(link).url == receipt
    assert Referral.objects.count() == 1


@pytest.mark.parametrize("token", ["nothing", "x" * 40])
def test_a_link_that_is_over_says_what_to_do(client, token):
    ProgramFactory(slug="acme")

    response = client.get(f"/p/acme/confirm/{token}/")

    assert response.status_code == 404
    assert "This link no longer works" in response.text
    assert 'href="/p/acme/refer/"' in response.text
    assert client.post(f"/p/acme/confirm/{token}/").status_code == 404


def test_a_link_of_another_program_or_too_late_sends_nothing(client):
    ProgramFactory(slug="acme")
    ProgramFactory(slug="other")
    client.post("/p/acme/refer/", BEN | STRANGER)
    held = Submission.objects.get()

    assert client.post(f"/p/other/confirm/{held.token}/").status_code == 404
    Submission.objects.update(expires_at=held.created_at - timedelta(hours=1))
    assert client.post(f"/p/acme/confirm/{held.token}/").status_code == 404
    assert not Referral.objects.exists()


def test_nobody_is_greeted_by_a_name_we_do_not_know(client):
    ProgramFactory(slug="acme")

    page = client.get("/p/acme/refer/").text

    assert "Hello" not in page.partition("letter__body")[0]
    assert "Your\u00a0name" in page.partition("letter__body")[2]


def test_a_stranger_does_not_learn_whom_an_address_has_named(client, enrolment):
    ReferralFactory(enrolment=enrolment, email="ben@friend.example")

    assert client.post("/p/acme/refer/", BEN | STRANGER).url == "/p/acme/refer/sent/"


def test_a_stranger_is_no_friend_of_their_own(client):
    ProgramFactory(slug="acme")

    page = client.post("/p/acme/refer/", BEN | STRANGER | {"friend1-email": "Anna@customer.example"}).text

    assert "That is your own address or number." in page
    assert not Submission.objects.exists()


def test_one_mailbox_gets_five_such_links_an_hour_and_then_silence(client):
    ProgramFactory(slug="acme")

    pages = [client.post("/p/acme/refer/", BEN | STRANGER).url for _ in range(6)]

    assert set(pages) == {"/p/acme/refer/sent/"}
    assert Message.objects.count() == 5


def test_somebody_signed_in_need_not_prove_the_address_again(client, enrolment):
    enrolment.advocate.user = User.objects.create(username="anna")
    enrolment.advocate.save()
    client.force_login(enrolment.advocate.user)

    page = client.get("/p/acme/refer/").text
    response = client.post("/p/acme/refer/", BEN)

    assert 'name="email"' not in page
    assert response.url == f"/a/{enrolment.token}/sent/"


def test_somebody_signed_in_joins_a_program_with_the_first_friend_and_not_by_looking(client):
    ProgramFactory(slug="acme")
    advocate = AdvocateFactory(user=User.objects.create(username="anna"))
    client.force_login(advocate.user)

    client.get("/p/acme/refer/")
    assert not advocate.enrolments.exists()
    client.post("/p/acme/refer/", BEN)

    assert advocate.enrolments.get().referrals.get().name == "Ben Weber"
