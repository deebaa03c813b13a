import pytest

from campaigns.models import MessageTemplate
from campaigns.services.bank import load_bank
from tests.factories import (
    ChannelFactory,
    EnrolmentFactory,
    ProfileFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def words():
    load_bank()


@pytest.fixture
def enrolment():
    program = ProgramFactory(slug="acme", owner=UserFactory())
    return EnrolmentFactory(program=program, advocate__email="anna@customer.example")


def path_of(enrolment):
    return f"/a/{enrolment.token}/"


def test_the_receipt_brings_the_link_the_code_and_ready_words(client, enrolment):
    ChannelFactory(program=enrolment.program, slug="whatsapp", name="WhatsApp")
    ChannelFactory(program=enrolment.program, slug="poster", name="Poster")

    page = client.get(f"/a/{enrolment.token}/sent/").text

    assert "Your link is ready" in page
    assert f"http://localhost:8000/r/{enrolment.code}/" in page
    assert f'src="/r/{enrolment.code}/qr.svg"' in page
    assert "https://wa.me/?text=" in page
    assert "mailto:?" not in page
    assert "Poster" not in page


def test_the_receipt_shows_only_whom_the_advocate_named(client, enrolment, django_assert_num_queries):
    ReferralFactory.create_batch(3, enrolment=enrolment, program=enrolment.program, name="Ben Weber")
    ReferralFactory(
        enrolment=enrolment, program=enrolment.program, source="link", email="finn@friend.example"
    )

    with django_assert_num_queries(5):
        page = client.get(f"/a/{enrolment.token}/sent/").text

    assert page.count("Ben Weber") == 3
    assert "finn@friend.example" not in page


def test_the_program_page_says_what_both_get_and_asks_for_one_thing(client, django_assert_num_queries):
    rule = RewardRuleFactory(program__slug="acme", minimum=10000, hold_days=14)
    ProfileFactory(program=rule.program, headline="Small shops")
    RewardRuleFactory(program=rule.program, side="friend", active=False)

    with django_assert_num_queries(3):
        page = client.get("/p/acme/").text

    assert rule.incentive.name in page
    assert "when your friend becomes a customer, with an order of €100.00 or more, 14 days later" in page
    assert "Your friend gets a €" not in page
    assert "Small shops" in page
    assert 'href="/p/acme/refer/"' in page


def test_the_first_page_is_the_only_program_or_the_list_or_says_that_there_is_none(client):
    assert "Nothing to recommend yet" in client.get("/").text
    ProgramFactory(headline="Know a baker?")
    assert "<h1>Know a baker?</h1>" in client.get("/").text
    ProgramFactory(headline="Know a butcher?")
    page = client.get("/").text
    assert "Know a baker?" in page
    assert "Know a butcher?" in page


def test_a_program_without_words_for_friends_still_shows_its_form(client, enrolment):
    MessageTemplate.objects.all().delete()

    assert "letter__body" not in client.get(path_of(enrolment)).text
