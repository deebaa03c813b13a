"""What one person gets unasked: not too much, not at night, and nothing they refused."""

from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.factors import budget_left
from campaigns.models import ContactPolicy, ContactPreference, Message, MessageTemplate, Purpose
from campaigns.services.delivery import HANDFUL, claim, deliver_due
from campaigns.services.pressure import MONTH, WEEK
from tests.factories import NOW, AdvocateFactory, MessageFactory, ProgramFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db
Status, Held = Message.Status, Message.Held
WORDS = {"subject": "Whom do you know", "body": "Hello {{ first_name }}, whom do you know?"}


@pytest.fixture(autouse=True)
def words():
    write_words()


def write_words():
    # In place of the bank's, which want more values.
    purposes = (Purpose.ASK, Purpose.PROGRESS, Purpose.NURTURE)
    MessageTemplate.objects.filter(purpose__in=purposes).delete()
    for purpose in purposes:
        MessageTemplate.objects.create(purpose=purpose, **WORDS)


def ask(advocate=None, **more) -> Message:
    mailbox = {"to_address": advocate.email} if advocate else {}
    return MessageFactory(**({"purpose": Purpose.ASK, "advocate": advocate, "context": {}} | mailbox | more))


def became(message: Message) -> tuple[str, str, datetime]:
    message.refresh_from_db()
    return message.status, message.held_for, message.due_at


def test_the_third_message_of_a_week_waits_until_the_first_is_a_week_old(now):
    anna = AdvocateFactory()
    for days in (1, 2):
        ask(anna, status=Status.SENT, sent_at=now - timedelta(days=days))
    third = ask(anna)

    deliver_due(now=now)

    assert became(third) == (Status.QUEUED, Held.WEEK, now + timedelta(days=5))
    assert mail.outbox == []
    deliver_due(now=now + timedelta(days=5))
    assert became(third)[0] == Status.SENT


def test_without_a_mail_server_the_third_of_a_week_waits_just_as_long(now, settings):
    settings.MAIL_LEAVES = False
    anna = AdvocateFactory()
    for days in (1, 2):
        ask(anna, status=Status.KEPT, due_at=now - timedelta(days=days))
    third = ask(anna)

    deliver_due(now=now)

    assert became(third) == (Status.QUEUED, Held.WEEK, now + timedelta(days=5))
    assert budget_left([anna.pk], now=now) == (6, {anna.pk: 4})


def test_the_seventh_of_a_month_waits_however_far_apart_they_are(now):
    anna = AdvocateFactory()
    for days in (5, 9, 13, 17, 21, 25):
        ask(anna, status=Status.SENT, sent_at=now - timedelta(days=days))
    seventh = ask(anna)

    deliver_due(now=now)

    # In five days the oldest is a month old: a Monday.
    assert became(seventh) == (Status.QUEUED, Held.MONTH, now + timedelta(days=5))


def test_one_budget_counts_every_program_and_every_address_of_a_person(now):
    anna = AdvocateFactory()
    ask(anna, program=ProgramFactory(), status=Status.SENT, sent_at=now - timedelta(days=1))
    ask(anna, to_address="+390612345678", to_key="phone", status=Status.SENT, sent_at=now - timedelta(days=2))
    third = ask(anna, program=ProgramFactory())

    deliver_due(now=now)

    assert became(third)[:2] == (Status.QUEUED, Held.WEEK)


def test_within_one_batch_what_goes_first_counts(now):
    anna = AdvocateFactory()
    asks = [ask(anna) for _number in range(3)]

    deliver_due(now=now)

    assert [became(message)[0] for message in asks] == [Status.SENT, Status.SENT, Status.QUEUED]


def test_thanks_are_neither_counted_nor_held_back(now):
    anna = AdvocateFactory()
    for days in (1, 2, 3):
        MessageFactory(
            advocate=anna, to_address=anna.email, status=Status.SENT, sent_at=now - timedelta(days=days)
        )
    first = ask(anna)
    deliver_due(now=now)
    thanks = [MessageFactory(advocate=anna, to_address=anna.email) for _number in range(3)]

    deliver_due(now=datetime(2026, 3, 8, 3, tzinfo=UTC))

    assert became(first)[0] == Status.SENT
    assert {became(message)[0] for message in thanks} == {Status.SENT}


def test_what_is_due_at_night_where_they_are_waits_for_their_morning(now):
    # Ten in the morning in Rome is four at night in New York.
    message = ask(AdvocateFactory(timezone="America/New_York"))

    deliver_due(now=now)

    assert became(message) == (Status.QUEUED, Held.QUIET, datetime(2026, 3, 4, 13, tzinfo=UTC))
    assert message.attempts == 0


def test_what_would_come_too_late_is_not_sent_at_all(now):
    late = ask(AdvocateFactory(), not_after=now - timedelta(minutes=1))
    at_night = ask(AdvocateFactory(timezone="America/New_York"), not_after=now + timedelta(hours=1))

    deliver_due(now=now)

    assert became(late)[:2] == (Status.WITHHELD, Held.TOO_LATE)
    assert became(at_night)[:2] == (Status.WITHHELD, Held.QUIET)
    assert at_night.reason == "quiet hours where they are: by then it would be too late."


@pytest.mark.parametrize(
    ("chosen", "held"),
    [
        ({"refused": ["asks"]}, (Status.WITHHELD, Held.TOPIC)),
        ({"refused": ["progress"]}, (Status.SENT, "")),
        ({"way": "sms"}, (Status.WITHHELD, Held.CHANNEL)),
        ({"way": "none"}, (Status.WITHHELD, Held.CHANNEL)),
        ({"way": "email"}, (Status.SENT, "")),
        ({"paused_until": NOW + timedelta(days=90)}, (Status.QUEUED, Held.PAUSED)),
        ({"paused_until": NOW - timedelta(days=1)}, (Status.SENT, "")),
    ],
)
def test_what_somebody_chose_is_kept_to(now, chosen, held):
    anna = AdvocateFactory()
    ContactPreference.objects.create(advocate=anna, changed_at=now, **chosen)
    message = ask(anna)

    deliver_due(now=now)

    assert became(message)[:2] == held


def test_whoever_is_imported_anew_has_still_chosen(now):
    anna = AdvocateFactory(email="Anna@Customer.example")
    ContactPreference.objects.create(key=anna.email_key, refused=["asks"], changed_at=now)
    message = ask(anna)

    deliver_due(now=now)

    assert became(message)[:2] == (Status.WITHHELD, Held.TOPIC)


def test_whoever_wants_half_as_much_gets_one_a_week(now):
    anna = AdvocateFactory()
    ContactPreference.objects.create(advocate=anna, often="less", changed_at=now)
    ask(anna, status=Status.SENT, sent_at=now - timedelta(days=1))
    second = ask(anna)

    deliver_due(now=now)

    assert became(second)[:2] == (Status.QUEUED, Held.WEEK)


def test_an_advocates_choice_is_not_their_friends(now):
    anna = AdvocateFactory()
    ContactPreference.objects.create(advocate=anna, way="none", changed_at=now)
    to_friend = ask(anna, purpose=Purpose.NURTURE, to_address="ben@friend.example")

    deliver_due(now=now)

    assert became(to_friend)[0] == Status.SENT


def test_while_another_worker_writes_to_somebody_what_would_be_too_much_waits(now):
    anna = AdvocateFactory()
    ContactPolicy.objects.update(per_week=1)
    first = ask(anna)
    claim(now=now)
    second = ask(anna)

    deliver_due(now=now)

    assert became(first)[0] == Status.SENDING
    assert became(second)[:2] == (Status.QUEUED, Held.WEEK)
    assert second.reason == "Another message is on its way to them."


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_keep_to_the_cap(now, bank):
    write_words()
    people = AdvocateFactory.create_batch(4)
    program = ProgramFactory()
    for _round in range(5):
        for person in people:
            ask(person, program=program)

    for minutes in (0, 10, 20):
        assert not [e for e in at_once(2, lambda _n, m=minutes: deliver_due(now=now + timedelta(minutes=m)))
                    if isinstance(e, Exception)]  # fmt: skip

    for person in people:
        assert Message.objects.filter(advocate=person, status=Status.SENT).count() == 2


@settings(max_examples=4)
@given(
    st.lists(st.integers(0, 20 * 24 * 60), min_size=8, max_size=8),
    st.sampled_from(["Europe/Rome", "America/St_Johns"]),
)
def test_whatever_is_due_when_nobody_gets_too_much_or_anything_at_night(minutes, timezone):
    Message.objects.all().delete()
    anna, program = AdvocateFactory(timezone=timezone), ProgramFactory()
    # The last days before the clock is put forward.
    start = datetime(2026, 3, 20, tzinfo=UTC)
    for minute in minutes:
        ask(anna, program=program, due_at=start + timedelta(minutes=minute))

    while waiting := Message.objects.filter(status=Status.QUEUED).order_by("due_at").first():
        deliver_due(now=waiting.due_at)

    sent = sorted(Message.objects.values_list("sent_at", flat=True))
    assert len(sent) == 8
    for at in sent:
        local = at.astimezone(ZoneInfo(timezone))
        assert 8 <= local.hour < 20
        assert local.isoweekday() != 7
        assert sum(at - WEEK < other <= at for other in sent) <= 2
        assert sum(at - MONTH < other <= at for other in sent) <= 6


@pytest.mark.parametrize("count", [1, 3, 30])
def test_the_budgets_of_a_batch_cost_four_queries_however_many_people(now, count, django_assert_num_queries):
    program = ProgramFactory()
    for person in AdvocateFactory.create_batch(count):
        ask(person, program=program)
        ask(person, program=program, status=Status.SENT, sent_at=now - timedelta(days=3))

    # What a batch of thanks costs, and: the policy, the choices, what they got by mailbox and by person.
    with django_assert_num_queries(20 + 2 * ceil(count / HANDFUL)):
        deliver_due(now=now)

    assert len(mail.outbox) == count
