"""Whoever is not satisfied gets a call, and no ask."""

import pytest
from django.urls import reverse

from campaigns.models import Ask, CallTask, Purpose
from campaigns.services.call_task import log_call_task
from referrals.models import Event, Membership
from tests.campaigns.clockwork import DAY, Kind, happens
from tests.cast import client_of, member_of
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    CallTaskFactory,
    EnrolmentFactory,
    ProgramFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Outcome = CallTask.Outcome


def says(advocate, score, at=NOW, **more):
    return happens(advocate, Kind.SATISFACTION, at, score=score, **more)


def test_a_low_answer_makes_one_call_for_whoever_looks_after_them_and_ends_the_round():
    vera, program = UserFactory(), ProgramFactory()
    anna = EnrolmentFactory(program=program, advocate__owner=vera).advocate
    ask = AskFactory(advocate=anna, started_at=NOW)
    asking = CallTaskFactory(program=program, advocate=anna)

    says(anna, 6)

    asking.refresh_from_db()
    ask.refresh_from_db()
    [call] = CallTask.objects.open()
    assert (call.advocate, call.program, call.owner) == (anna, program, vera)
    assert (call.origin, call.purpose, call.reason) == ("unhappy", Purpose.UNHAPPY_SCRIPT, "gave 6 of 10")
    assert (ask.end_reason, asking.outcome) == (Ask.End.UNSATISFIED, Outcome.OVERTAKEN)


def test_seven_is_no_reason_to_call_nor_is_an_answer_of_long_ago_nor_one_they_took_back():
    ProgramFactory()
    content, long_ago, better = AdvocateFactory.create_batch(3)
    says(content, 7)
    says(long_ago, 1, NOW - 40 * DAY)
    says(better, 9)
    says(better, 2, NOW - DAY)

    assert not CallTask.objects.exists()


def test_an_answer_is_called_about_once_and_a_new_one_again():
    ProgramFactory()
    anna = AdvocateFactory()
    first = says(anna, 3)
    Event.objects.record([first], now=NOW)
    says(anna, 2)
    [call] = CallTask.objects.all()

    log_call_task(call, Outcome.HEARD, now=NOW, by=None, note="the invoice was wrong")
    assert not CallTask.objects.open().exists()
    says(anna, 4, NOW + 5 * DAY)

    assert [task.reason for task in CallTask.objects.open()] == ["gave 4 of 10"]


def test_whoever_is_satisfied_again_leaves_the_list():
    ProgramFactory()
    anna = AdvocateFactory()
    says(anna, 3)

    says(anna, 8, NOW + DAY)

    assert CallTask.objects.get().outcome == Outcome.OVERTAKEN


@pytest.mark.parametrize("count", [1, 3])
def test_many_low_answers_cost_as_much_as_one(count, django_assert_num_queries):
    ProgramFactory()
    people = AdvocateFactory.create_batch(count)
    low = [Event(kind=Kind.SATISFACTION, advocate=one, occurred_at=NOW, data={"score": 2}) for one in people]

    with django_assert_num_queries(10):
        Event.objects.record(low, now=NOW)

    assert CallTask.objects.count() == count


def test_the_call_has_a_script_of_its_own_and_asks_for_nothing():
    program = ProgramFactory()
    says(AdvocateFactory(name="Anna Rossi"), 3)
    page = reverse("admin:campaigns_calltask_change", args=[CallTask.objects.get().pk])

    shown = client_of(member_of(program, Membership.Role.SUPPORT)).get(page).content.decode()

    assert "<h3>Before you call</h3>" in shown
    assert "You told us that you are not satisfied" in shown
    assert ("Heard them out" in shown, "Said yes" in shown, "Said no" in shown) == (True, False, False)
