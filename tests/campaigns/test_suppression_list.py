"""A list of addresses that want nothing: uploaded, looked at, taken in whole or not at all."""

import pytest
from django.urls import reverse

from campaigns.models import Message, Suppression
from campaigns.tasks import read_files
from referrals.contacts import email_key, phone_key
from tests.campaigns.test_admin_imports import boss, client, upload  # noqa: F401
from tests.cast import client_of, member_of
from tests.factories import NOW, AdvocateFactory, MessageFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db
TEXT = "Email Address,Phone,Note\nanna@x.example,,old\nBEN@x.example,07700 900123,\n"
CHOSEN = {"read": "1", "column0": "email", "column1": "phone", "column2": "left_out"}


def test_a_list_is_looked_at_and_put_on_ours_with_its_reason(client, boss):  # noqa: F811
    program = boss.memberships.get().program
    Suppression.objects.create(
        key=email_key("anna@x.example"), program=program, reason="bounced", created_at=NOW
    )
    waiting = MessageFactory(program=program, advocate=AdvocateFactory(), to_address="ben@x.example")
    url = upload(client, TEXT, "suppressions").url
    read_files()
    assert client.get(url).context["errors"][0][:2] == [3, "Phone"]

    client.post(url, CHOSEN | {"program": program.pk, "country": "GB", "why": "complained"})
    read_files()
    tiles = [("new on the list", 2), ("on it already", 1), ("refused", 0)]
    assert client.get(url).context["tiles"] == tiles
    assert Suppression.objects.count() == 1
    client.post(url, {"import": "1"})
    read_files()

    assert set(Suppression.objects.values_list("key", "program", "reason")) == {
        (email_key("anna@x.example"), program.pk, "bounced"),
        (email_key("ben@x.example"), program.pk, "complained"),
        (phone_key("+447700900123"), program.pk, "complained"),
    }
    assert Message.objects.get(pk=waiting.pk).status == "withheld"
    assert "Nothing is sent to 2 more addresses." in client.get(url).content.decode()


def test_one_row_that_cannot_be_read_keeps_all_off_the_list(client):  # noqa: F811
    url = upload(client, "email\nanna@x.example\nben\n", "suppressions").url
    read_files()

    client.post(url, {"import": "1"})
    read_files()

    assert not Suppression.objects.exists()
    assert client.get(url).context["wrong"] == 1


def test_a_list_without_a_heading_says_so(client):  # noqa: F811
    url = upload(client, "anna@x.example\nben@x.example\n", "suppressions").url
    read_files()

    assert "Write “email” in a row above it." in client.get(url).content.decode()


def test_every_program_is_for_whoever_sees_them_all():
    first, _second = ProgramFactory(), ProgramFactory()
    for user, said in ((member_of(first), "first"), (UserFactory(is_staff=True, is_superuser=True), "")):
        url = upload(client_of(user), "email\nanna@x.example\n", "suppressions").url
        read_files()
        client_of(user).post(url, {"import": "1"})
        read_files()
        assert Suppression.objects.filter(program=first if said else None).count() == 1

    sales = client_of(member_of(first, "sales"))
    assert sales.get(reverse("admin:imports"), {"what": "suppressions"}).status_code == 403


def test_a_list_asks_as_often_for_three_hundred_as_for_one(client, django_assert_max_num_queries):  # noqa: F811
    for start, rows in ((0, 1), (1000, 300)):
        text = "email\n" + "".join(f"c{n}@x.example\n" for n in range(start, start + rows))
        url = upload(client, text, "suppressions").url
        read_files()
        client.post(url, {"import": "1"})
        # SQLite stores three hundred in two statements.
        with django_assert_max_num_queries(16):
            read_files()

    assert Suppression.objects.count() == 301
