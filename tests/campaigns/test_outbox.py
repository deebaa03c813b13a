from datetime import timedelta

import pytest
from django.db import connection, transaction
from django_q.models import OrmQ

from campaigns.models import Message, Purpose
from campaigns.services import outbox
from referrals.contacts import email_key
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


def welcome(key: str, program, **more) -> Message:
    return Message(
        key=key, purpose=Purpose.WELCOME, program=program, to_address="B.en+x@gmail.com", context={}, **more
    )


def test_a_message_queued_twice_is_in_the_outbox_once(now):
    program = ProgramFactory()

    for _time in range(2):
        outbox.queue([welcome("welcome:1", program)], now=now)

    message = Message.objects.get()
    assert message.to_key == email_key("ben@gmail.com")
    assert (message.language, message.due_at, message.created_at) == ("en", now, now)


def test_many_messages_are_one_insert(now, django_assert_num_queries):
    program = ProgramFactory()
    for first, count in ((0, 1), (1, 30)):
        with django_assert_num_queries(1):
            outbox.queue([welcome(f"welcome:{first + n}", program) for n in range(count)], now=now)


def test_nothing_to_queue_costs_nothing(now, django_assert_num_queries):
    with django_assert_num_queries(0):
        outbox.queue([], now=now)


def test_the_worker_is_nudged_once_for_a_transaction(now, django_capture_on_commit_callbacks):
    program = ProgramFactory()

    with django_capture_on_commit_callbacks(execute=True):
        for number in range(3):
            outbox.queue([welcome(f"welcome:{number}", program)], now=now)

    assert [task.func() for task in OrmQ.objects.all()] == ["campaigns.tasks.deliver"]


@pytest.mark.django_db(transaction=True)
def test_commits_of_one_moment_share_a_nudge_that_no_worker_can_have_taken_yet(now, time_machine):
    program = ProgramFactory()

    time_machine.move_to(now, tick=False)
    outbox.queue([welcome("welcome:1", program)], now=now)
    outbox.queue([welcome("welcome:2", program)], now=now)
    assert [nudge.lock for nudge in OrmQ.objects.all()] == [now + timedelta(milliseconds=200)]

    # A worker may be taking the first one.
    time_machine.move_to(now + timedelta(milliseconds=160), tick=False)
    outbox.queue([welcome("welcome:3", program)], now=now)
    assert OrmQ.objects.count() == 2


def test_work_that_waits_for_other_reasons_is_no_nudge(now, time_machine, django_capture_on_commit_callbacks):
    time_machine.move_to(now, tick=False)
    OrmQ.objects.create(key="goodword", payload="", lock=now)
    OrmQ.objects.create(key="goodword", payload="", lock=now + timedelta(minutes=15))

    with django_capture_on_commit_callbacks(execute=True):
        outbox.queue([welcome("welcome:1", ProgramFactory())], now=now)

    assert OrmQ.objects.count() == 3


def test_what_was_rolled_back_nudges_nobody(now, django_capture_on_commit_callbacks):
    program = ProgramFactory()

    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        outbox.queue([welcome("welcome:1", program)], now=now)
        transaction.set_rollback(True)

    assert callbacks == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_fails_no_request(now):
    program = ProgramFactory()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_ormq RENAME TO away")
    try:
        with transaction.atomic():
            outbox.queue([welcome("welcome:1", program)], now=now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO django_q_ormq")

    assert Message.objects.count() == 1
