"""What people are called in a letter, and why they get it."""

import pytest

from campaigns.models import Purpose
from campaigns.services.delivery import deliver_due
from referrals.contacts import first_name_of
from tests.factories import EnrolmentFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Anna Rossi", "Anna"),
        ("ANNA ROSSI", "Anna"),
        ("anna rossi", "Anna"),
        ("ИВАН ПЕТРОВ", "Иван"),
        ("JEAN-PIERRE DUBOIS", "Jean-Pierre"),
        ("JD SALINGER", "JD"),
        ("IBM Italia", "IBM"),
        ("李 明", "李"),
        ("", ""),
    ],
)
def test_nobody_is_shouted_at_because_a_file_was_in_capitals(name, called):
    assert first_name_of(name) == called


def test_whoever_is_asked_reads_how_we_know_them_and_not_that_they_recommend_us(now):
    context = {"link": "https://x.example/"}
    letters = [
        MessageFactory(
            purpose=Purpose.ASK, advocate=place.advocate, program=place.program, to_name="ANNA ROSSI",
            contact_kind=kind, context=context,
        )
        for kind in ("customer", "partner")
        if (place := EnrolmentFactory(program__company="Acme"))
    ]  # fmt: skip

    deliver_due(now=now)

    for letter in letters:
        letter.refresh_from_db()
    assert "Dear Anna," in letters[0].text
    assert "You get this because you are a customer of Acme." in letters[0].text
    assert "You get this because you and Acme know each other." in letters[1].text


def test_a_friend_who_became_a_customer_is_not_told_that_they_recommend_us(now):
    place = EnrolmentFactory(program__company="Acme")
    letter = MessageFactory(
        purpose=Purpose.ADVOCATE_INVITE, advocate=place.advocate, program=place.program,
        contact_kind="customer", context={"link": "https://x.example/"},
    )  # fmt: skip

    deliver_due(now=now)

    letter.refresh_from_db()
    assert "You get this because you are a customer of Acme." in letter.text
