"""What the page of a file says of its faults: once for each reason, in words, and no more of it than is known."""

import pytest

from referrals.models import Membership
from tests.campaigns.test_admin_imports import looked_at
from tests.cast import client_of, member_of
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return client_of(member_of(ProgramFactory(), Membership.Role.MANAGER))


def test_what_is_wrong_stands_there_once_for_each_reason_below_the_columns(client):
    rows = "".join(f"{name},1\n" for name in ("ben", "carla", "dora", "emil", "fritz", "greta"))
    page = client.get(looked_at(client, f"Email,Note\nanna@x.example,\n{rows}"))

    assert page.context["causes"] == [
        (
            "Email",
            "This does not look like an e-mail address. Write it as name@example.com.",
            6,
            "3, 4, 5, 6, 7, …",
        )
    ]
    assert page.text.index("What each column holds") < page.text.index("Refused rows")


def test_strangers_are_one_reason_however_many(client):
    text = "E-mail,Score,Answered on\nanna@x.example,9,2026-01-31\nben@x.example,9,2026-01-31\n"

    page = client.get(looked_at(client, text, "satisfaction"))

    assert [cause[2:] for cause in page.context["causes"]] == [(2, "2, 3")]


def test_what_is_missing_among_the_columns_is_said_in_words(client):
    page = client.get(looked_at(client, "Whose,Score\nanna@x.example,9\n", "satisfaction"))

    assert "Say which column holds the customer number or the e-mail address" in page.text


def test_of_a_thousand_faults_nothing_is_said_to_be_here_already_and_nothing_is_offered(client):
    rows = "".join(f"C{n},ben@,x\n" for n in range(700))
    bad = "Customer ID,Email,Do not email\n" + rows.replace(",x", ",perhaps")

    page = client.get(looked_at(client, bad + "C701,anna@x.example,\n"))

    assert page.context["tiles"][:4] == [("new", 1), ("changed", 0), ("as they are", 0), ("refused", 700)]
    assert "Too many rows cannot be read" in page.text
    assert 'name="import"' not in page.text
