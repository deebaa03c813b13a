from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.models import CallTask
from campaigns.services.call_task import hand_over_calls, log_call_task, make_calls, settle_calls
from referrals.models import Event
from referrals.transitions import Refused
from tests.factories import NOW, AdvocateFactory, CallTaskFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db
Outcome = CallTask.Outcome


def wanted(program, advocate, **more):
    return CallTask(program=program, advocate=advocate, origin="finder", due_at=NOW, **more)


def test_calls_are_made_once_for_each_person_and_key(django_assert_num_queries):
    program, people = ProgramFactory(), [AdvocateFactory() for _ in range(3)]

    with django_assert_num_queries(2):
        assert len(make_calls([wanted(program, anna, key=f"k{anna.pk}") for anna in people], now=NOW)) == 3
    with django_assert_num_queries(2):
        assert make_calls([wanted(program, anna) for anna in people], now=NOW) == []
    CallTask.objects.update(done_at=NOW)
    again = [wanted(program, people[0], key=f"k{people[0].pk}"), wanted(program, people[1], key="other")]
    assert [task.advocate for task in make_calls(again, now=NOW)] == [people[1]]


def test_a_yes_is_logged_as_a_talk_and_an_ask():
    task, by = CallTaskFactory(), UserFactory()

    assert log_call_task(task, Outcome.AGREED, now=NOW, by=by, note="glad to") is None

    task.refresh_from_db()
    assert (task.done_at, task.done_by, task.outcome, task.note) == (NOW, by, "agreed", "glad to")
    assert sorted(Event.objects.values_list("kind", "advocate", "actor")) == [
        ("advocate.called", task.advocate_id, by.pk), ("ask.sent", task.advocate_id, by.pk),
    ]  # fmt: skip


def test_a_no_is_remembered():
    task = CallTaskFactory()

    log_call_task(task, Outcome.DECLINED, now=NOW, by=None)

    assert Event.objects.get(kind=Event.Kind.ASK_DECLINED).advocate == task.advocate
    assert not CallTask.objects.open().exists()


def test_not_now_is_called_again_when_they_said():
    task = CallTaskFactory(owner=UserFactory(), reason="gave 10 of 10")
    later = NOW + timedelta(days=30)

    following = log_call_task(task, Outcome.NOT_NOW, now=NOW, by=None, next_at=later)

    assert (following.due_at, following.owner, following.reason) == (later, task.owner, "gave 10 of 10")
    assert list(CallTask.objects.open()) == [following]


def test_not_reached_is_called_again_on_the_next_working_day_and_counts_as_no_talk():
    task = CallTaskFactory(program=ProgramFactory(timezone="Europe/Rome"))

    following = log_call_task(task, Outcome.NO_ANSWER, now=NOW, by=None)

    assert following.due_at == datetime(2026, 3, 5, 9, tzinfo=ZoneInfo("Europe/Rome"))
    assert not Event.objects.exists()


def test_whoever_is_not_satisfied_is_asked_for_nothing():
    log_call_task(CallTaskFactory(origin="unhappy"), Outcome.AGREED, now=NOW, by=None)

    assert list(Event.objects.values_list("kind", flat=True)) == ["advocate.called"]


def test_a_call_is_logged_once():
    task = CallTaskFactory()
    log_call_task(task, Outcome.NO_ANSWER, now=NOW, by=None)

    with pytest.raises(Refused, match="This call has been logged already"):
        log_call_task(task, Outcome.AGREED, now=NOW, by=None)

    assert CallTask.objects.count() == 2


def test_what_is_settled_otherwise_leaves_the_list():
    task, other = CallTaskFactory(), CallTaskFactory()

    assert settle_calls([task.advocate_id], now=NOW) == 1
    assert list(CallTask.objects.open()) == [other]


def test_calls_are_handed_over_but_for_those_that_were_made():
    vera, done = UserFactory(), CallTaskFactory(done_at=NOW)
    task = CallTaskFactory()

    result = hand_over_calls(CallTask.objects.all(), vera, now=NOW, by=None)

    assert (result.moved, result.refused) == ([task], [done])
    assert CallTask.objects.get(owner=vera) == task
