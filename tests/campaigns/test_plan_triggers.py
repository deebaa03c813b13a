"""What begins a plan, for whom, and by which way its steps go."""

from datetime import date, timedelta

import pytest

from campaigns.models import Ask, CallTask, Message, OutreachPlan, PlanStep
from campaigns.services.plan import go_live, pause
from campaigns.services.planner import plan_due
from referrals.models import Segment
from tests.campaigns.clockwork import DAY, Kind, Trigger, happens, plan_after, run, sent, the_ask
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    EnrolmentFactory,
    ProgramFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


TO_PRO = {"trigger": Trigger.FIELD, "about": "plan", "value": "pro"}


@pytest.mark.parametrize(
    ("settings", "kind", "data", "begins"),
    [
        ({"trigger": Trigger.TAG, "about": "vip"}, Kind.TAG_APPLIED, {"tag": "vip"}, True),
        ({"trigger": Trigger.TAG, "about": "vip"}, Kind.TAG_APPLIED, {"tag": "new"}, False),
        ({"trigger": Trigger.TAG}, Kind.TAG_APPLIED, {"tag": "new"}, True),
        (TO_PRO, Kind.FIELD_CHANGED, {"field": "plan", "to": "pro"}, True),
        (TO_PRO, Kind.FIELD_CHANGED, {"field": "plan", "to": "free"}, False),
        ({"trigger": Trigger.PROMOTER}, Kind.SATISFACTION, {"score": 9}, True),
        ({"trigger": Trigger.PROMOTER}, Kind.SATISFACTION, {"score": 8}, False),
        ({"trigger": Trigger.PURCHASE, "nth": 2}, Kind.PURCHASE, {}, False),
        ({"trigger": Trigger.DEAL_WON, "status": "paused"}, Kind.DEAL_WON, {}, False),
    ],
)  # fmt: skip
def test_a_plan_begins_with_what_it_waits_for(settings, kind, data, begins):
    plan_after(**settings)

    happens(AdvocateFactory(), kind, **data)

    assert Ask.objects.exists() == begins


def test_the_second_purchase_begins_a_plan_for_the_second():
    plan_after(Trigger.PURCHASE, nth=2)
    anna = AdvocateFactory()

    happens(anna, Kind.PURCHASE, NOW - 9 * DAY)
    second = happens(anna, Kind.PURCHASE, NOW)
    happens(anna, Kind.PURCHASE, NOW + DAY)

    assert the_ask().event_id == second.pk


def test_what_happened_to_another_programs_customer_begins_nothing():
    plan_after()

    happens(AdvocateFactory(), program=ProgramFactory())

    assert not Ask.objects.exists()


def test_a_plan_that_goes_live_asks_about_what_has_just_happened():
    anna, bert = AdvocateFactory(), AdvocateFactory()
    happens(anna, at=NOW - 20 * DAY)
    happens(bert, at=NOW - 200 * DAY)
    plan_after(look_at=NOW)

    plan_due(now=NOW)
    plan_due(now=NOW)

    assert [m.advocate for m in Message.objects.all()] == [anna]
    assert OutreachPlan.objects.get().look_at is None


def test_what_has_begun_a_round_begins_no_other_after_a_pause():
    plan = plan_after(Trigger.PURCHASE)
    happens(AdvocateFactory(), Kind.PURCHASE)
    # Recommended somebody before the turn came: nothing was sent, so there is no rest.
    Ask.objects.all().end(Ask.End.REFERRED, now=NOW)

    pause(OutreachPlan.objects.all(), now=NOW, by=None)
    go_live(plan, typed=None, now=NOW + DAY, by=None)
    run(NOW + DAY, 20)

    assert the_ask().end_reason == "referred"
    assert sent() == []


def test_everyone_is_asked_once_on_its_day_and_never_two_days_running():
    plan_after(Trigger.DATE, on_date=date(2026, 3, 4), look_at=NOW)
    AdvocateFactory.create_batch(3)

    run(NOW, 3)

    assert sent() == [(0, "ask")] * 3


def test_members_come_in_day_by_day_and_no_more_than_allowed_begin_in_one():
    plan_after(Trigger.MEMBER, look_at=NOW, a_day=2)
    AdvocateFactory.create_batch(3)
    AdvocateFactory(email="")

    plan_due(now=NOW)
    assert len(sent()) == 2
    AdvocateFactory()
    run(NOW + DAY + timedelta(hours=1), 1)

    assert len(sent()) == 4


def test_a_step_without_an_address_for_its_channel_is_left_out():
    plan = plan_after(steps=[(0, "ask"), (7, "ask_follow_up"), (7, "ask_last")], earliest_days=1)
    plan.steps.filter(position=2).update(channel="sms")
    happens(AdvocateFactory(phone=""))

    run(NOW, 40)

    assert [purpose for _day, purpose in sent()] == ["ask", "ask_last"]


def test_a_message_that_still_waits_is_not_followed_up():
    plan_after(steps=[(0, "ask"), (3, "ask_follow_up")], earliest_days=1)
    happens(AdvocateFactory())
    plan_due(now=NOW + DAY)

    plan_due(now=NOW + 20 * DAY)
    assert len(sent()) == 1
    Message.objects.update(status="sent", sent_at=NOW + 20 * DAY)
    run(NOW + 21 * DAY, 10)

    assert [purpose for _day, purpose in sent()] == ["ask", "ask_follow_up"]


def test_an_account_manager_who_asks_gets_the_letter_to_send():
    boris = UserFactory(first_name="Boris", last_name="Lang")
    plan_after(sender="account_manager", earliest_days=1)
    happens(AdvocateFactory(owner=boris))

    plan_due(now=NOW + DAY)

    message = Message.objects.get()
    assert (message.status, message.user, message.context["signature"]) == ("by_hand", boris, "Boris Lang")


def test_somebody_calls_where_the_plan_says_so():
    plan = plan_after(earliest_days=1, steps=[(0, "ask")])
    plan.steps.update(kind=PlanStep.Kind.CALL)
    anna = AdvocateFactory(phone="+390612345", owner=UserFactory())
    happens(anna)

    run(NOW, 2)

    call = CallTask.objects.get()
    assert (call.advocate, call.owner, call.origin, call.reason) == (anna, anna.owner, "plan", plan.name)
    assert sent() == []


def test_only_people_of_the_segment_are_asked_and_the_inner_circle_first():
    plan = plan_after(Trigger.MEMBER, look_at=NOW, a_day=1)
    plan.segment = Segment.objects.create(
        name="Partners", conditions=[{"field": "kind", "is": "is", "value": "partner"}]
    )
    plan.save()
    AdvocateFactory(kind="customer")
    AdvocateFactory(kind="partner")
    picked = AdvocateFactory(kind="partner")
    circle = Segment.objects.create(name="Circle", kind="inner_circle", program=plan.program)
    circle.picks.create(advocate=picked, picked_by=UserFactory(), picked_at=NOW)

    plan_due(now=NOW)

    assert [m.advocate for m in Message.objects.all()] == [picked]
    assert Ask.objects.count() == 2


def test_the_inner_circle_is_asked_first_also_when_something_has_happened_to_many():
    plan = plan_after(earliest_days=1, a_day=1)
    for _ in range(3):
        happens(AdvocateFactory())
    picked = AdvocateFactory()
    happens(picked)
    circle = Segment.objects.create(name="Circle", kind="inner_circle", program=plan.program)
    circle.picks.create(advocate=picked, picked_by=UserFactory(), picked_at=NOW)

    plan_due(now=NOW + DAY)

    assert [m.advocate for m in Message.objects.all()] == [picked]


def test_customers_of_another_program_are_left_to_it():
    plan_after(Trigger.MEMBER, look_at=NOW)
    EnrolmentFactory()

    plan_due(now=NOW)

    assert sent() == []


def test_a_tick_with_nothing_due_asks_once(django_assert_num_queries):
    for plan in (plan_after(), plan_after(Trigger.MEMBER, look_at=NOW + DAY)):
        AskFactory(plan=plan, due_at=NOW + DAY)

    with django_assert_num_queries(1):
        assert plan_due(now=NOW) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_costs_the_same_for_one_and_for_three(count, django_assert_num_queries):
    plan = plan_after()
    AskFactory.create_batch(count, plan=plan, due_at=NOW)

    with django_assert_num_queries(25):
        plan_due(now=NOW)
