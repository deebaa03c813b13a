"""Everything between the company and one person: what happened, what was written, who visited their link."""

from datetime import timedelta

import pytest
from django.urls import reverse

from referrals.models import Click, Event
from tests.cast import client_of, member_of
from tests.factories import NOW, ChannelFactory, EnrolmentFactory, MessageFactory, ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return EnrolmentFactory()


def url(place):
    return reverse("admin:referrals_advocate_timeline", args=[place.advocate_id])


def fill(place, count=1):
    for n in range(count):
        at = NOW - timedelta(days=n)
        Event.objects.record([Event(kind="purchase", advocate=place.advocate, occurred_at=at)], now=at)
        MessageFactory(
            advocate=place.advocate, program=place.program, subject="Thank you", status="sent", sent_at=at
        )
        Click.objects.create(enrolment=place, at=at, visitor="v", is_bot=False, confirmed_at=at)


def test_messages_and_visits_stand_among_what_happened(place):
    channel = ChannelFactory(program=place.program)
    for hour, bot, seen in ((1, False, NOW), (2, False, NOW), (3, True, None), (4, False, None)):
        Click.objects.create(
            enrolment=place,
            channel=channel,
            at=NOW - timedelta(hours=hour),
            visitor="v",
            is_bot=bot,
            confirmed_at=seen,
        )
    held = {"status": "withheld", "held_for": "week", "held_at": NOW - timedelta(hours=5)}
    mail = MessageFactory(advocate=place.advocate, program=place.program, subject="A favour?", **held)
    MessageFactory(
        advocate=place.advocate, program=place.program, subject="Old news", status="bounced",
        reason="550 no such user", created_at=NOW - timedelta(hours=6),
    )  # fmt: skip
    MessageFactory(advocate=place.advocate, subject="Of another program")
    MessageFactory(advocate=place.advocate, program=place.program, purpose="sign_in", subject="Your code")
    MessageFactory(
        advocate=place.advocate, program=place.program, purpose="sales_alert", subject="Call a friend"
    )
    maya = client_of(member_of(place.program))

    rows = [[str(cell) for cell in row[1:]] for row in maya.get(url(place)).context["rows"]]

    assert rows[0] == ["2 visits to the share link", "", "E-mail", "people"]
    link = f'<a href="{reverse("admin:campaigns_message_change", args=[mail.pk])}">A favour?</a>'
    assert (rows[1][0].startswith(link), rows[1][2]) == (True, "enough in one week")
    assert ("Old news" in rows[2][0], rows[2][2]) == (True, "550 no such user")
    assert len(rows) == 3
    page = maya.get(reverse("admin:referrals_advocate_change", args=[place.advocate_id])).text
    assert page.count("A favour?") == 2
    assert "Your code" not in page


def test_one_kind_is_shown_alone_and_what_is_old_is_a_page_further(place):
    fill(place, 20)
    maya = client_of(member_of(place.program))

    first, second = (maya.get(url(place), {"p": page}).context for page in (1, 2))

    assert (len(first["rows"]), first["next"], len(second["rows"]), second["next"]) == (50, 2, 10, 0)
    assert first["kinds"] == [
        ("purchase", "purchase", 20),
        ("message", "messages", 20),
        ("visit", "visits", 20),
    ]
    for kind in ("purchase", "message", "visit"):
        assert len(maya.get(url(place), {"kind": kind}).context["rows"]) == 20


@pytest.mark.parametrize("count", [1, 3, 300])
def test_it_asks_as_often_however_much_there_is(place, count, django_assert_num_queries):
    fill(place, count)
    maya = client_of(member_of(place.program))
    maya.get(url(place))

    with django_assert_num_queries(14):
        maya.get(url(place))


def test_a_colleague_of_another_program_reads_nothing_of_it(place):
    fill(place)
    other = EnrolmentFactory(advocate=place.advocate, program=ProgramFactory())

    rows = client_of(member_of(other.program)).get(url(place)).context["rows"]

    # The purchase belongs to no program.
    assert [row[1] for row in rows] == ["purchase"]
