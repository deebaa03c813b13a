"""Who is asked when, and who is not: the planner, driven as the clock drives it."""

from datetime import date, timedelta

import pytest

from campaigns.models import Ask, CallTask, Message, OutreachPlan, PlanStep, Purpose, Suppression
from campaigns.services.asks import record_click, sign
from campaigns.services.planner import plan_due
from campaigns.services.suppression import suppress
from referrals.models import Enrolment, Event, Segment
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    EnrolmentFactory,
    OutreachPlanFactory,
    PlanStepFactory,
    ProgramFactory,
    ReferralFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Kind, Trigger, End = Event.Kind, OutreachPlan.Trigger, Ask.End
DAY = timedelta(days=1)


def happens(advocate, kind=Kind.DEAL_WON, at=NOW, program=None, **data):
    event = Event(kind=kind, advocate=advocate, program=program, occurred_at=at, data=data)
    Event.objects.record([event], now=max(at, NOW))
    return event


def plan_after(trigger=Trigger.DEAL_WON, steps=((0, Purpose.ASK),), **more):
    plan = OutreachPlanFactory(trigger=trigger, first=None, **more)
    for position, (days, purpose) in enumerate(steps, start=1):
        PlanStepFactory(plan=plan, position=position, wait_days=days, purpose=purpose)
    return plan


def run(now, days, step=DAY):
    """Let the clock tick so many days, once a day; whatever is due by then counts as sent."""
    for n in range(days + 1):
        at = now + n * step
        plan_due(now=at)
        waiting = Message.objects.filter(ask__isnull=False, status="queued", due_at__lte=at)
        for message in waiting:
            Message.objects.filter(pk=message.pk).update(status="sent", sent_at=message.due_at)


def sent():
    return [
        ((m.due_at - NOW).days, m.purpose) for m in Message.objects.filter(ask__isnull=False).order_by("pk")
    ]


def the_ask():
    return Ask.objects.get()


def test_a_customer_is_asked_so_many_days_after_a_deal_with_a_link_of_their_own():
    plan, anna = plan_after(earliest_days=14), AdvocateFactory(name="Anna Rossi", timezone="Europe/Rome")
    happens(anna)

    plan_due(now=NOW + 14 * DAY - timedelta(minutes=1))
    assert sent() == []
    plan_due(now=NOW + 14 * DAY)

    [message] = Message.objects.all()
    place = Enrolment.objects.get(advocate=anna, program=plan.program)
    assert (message.advocate, message.to_address, message.purpose) == (anna, anna.email, Purpose.ASK)
    assert message.context["link"] == f"http://localhost:8000/a/{place.token}/?ask={sign(message.ask_id)}"
    assert message.due_at == NOW + 14 * DAY
    assert Event.objects.filter(kind=Kind.ASKED, advocate=anna).count() == 1


def test_the_seven_touches_space_out_while_nothing_is_opened():
    plan_after(steps=[(0, "ask"), (14, "ask_follow_up"), (20, "ask_last")], earliest_days=1)
    happens(AdvocateFactory())

    run(NOW, 120)

    # Half as long again each time: 21 days for 14, 30 for 20.
    assert sent() == [(1, "ask"), (22, "ask_follow_up"), (52, "ask_last")]
    assert (the_ask().end_reason, the_ask().touches) == (End.DONE, 3)


def test_whoever_opened_the_link_is_followed_up_without_the_extra_wait():
    plan_after(steps=[(0, "ask"), (14, "ask_follow_up")], earliest_days=1)
    anna = AdvocateFactory()
    happens(anna)
    plan_due(now=NOW + DAY)
    Message.objects.update(status="sent", sent_at=NOW + DAY)

    assert record_click(sign(the_ask().pk), anna.pk, now=NOW + 2 * DAY)
    plan_due(now=NOW + 15 * DAY)

    assert sent() == [(1, "ask"), (15, "ask_follow_up")]
    assert not record_click(sign(the_ask().pk), anna.pk, now=NOW + 3 * DAY)
    assert Event.objects.filter(kind=Kind.ASK_CLICKED, advocate=anna).count() == 1


def test_a_click_counts_for_its_own_advocate_and_with_our_signature_only():
    ask = AskFactory(started_at=NOW)

    assert not record_click(sign(ask.pk), ask.advocate_id + 1, now=NOW)
    assert not record_click(f"{ask.pk}:forged", ask.advocate_id, now=NOW)
    assert not record_click("", ask.advocate_id, now=NOW)


def name_a_friend(ask):
    place = EnrolmentFactory(advocate=ask.advocate, program=ask.plan.program)
    happens(ask.advocate, Kind.REFERRAL_SUBMITTED, referral=ReferralFactory(enrolment=place).pk)


def unsubscribe(ask):
    suppress(ask.advocate.email_key, ask.plan.program, Suppression.Reason.UNSUBSCRIBED, now=NOW)


def bounce(ask):
    suppress(ask.advocate.email_key, None, Suppression.Reason.BOUNCED, now=NOW)


def say_no(ask):
    happens(ask.advocate, Kind.ASK_DECLINED)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (name_a_friend, End.REFERRED), (unsubscribe, End.UNSUBSCRIBED), (bounce, End.BOUNCED),
        (say_no, End.DECLINED),
    ],
)  # fmt: skip
def test_it_stops_at_once_and_takes_back_what_waits(act, reason):
    ask = AskFactory(started_at=NOW)
    other = AskFactory(plan=ask.plan, started_at=NOW)
    for one in (ask, other):
        Message.objects.create(
            key=f"k{one.pk}", ask=one, purpose="ask", language="en", due_at=NOW + DAY, created_at=NOW
        )

    act(ask)

    ask.refresh_from_db()
    other.refresh_from_db()
    assert (ask.end_reason, other.end_reason) == (reason, "")
    assert [m.status for m in Message.objects.filter(ask__isnull=False).order_by("pk")] == [
        "withheld",
        "queued",
    ]
    assert Event.objects.get(kind=Kind.ASK_ENDED).data["reason"] == reason


def rated(advocate, score):
    happens(advocate, Kind.SATISFACTION, NOW - DAY, score=score)


@pytest.mark.parametrize(("score", "asked"), [(9, True), (8, False), (None, True)])
def test_only_the_satisfied_are_asked_and_those_who_never_said(score, asked):
    plan_after(earliest_days=1)
    anna = AdvocateFactory()
    if score is not None:
        rated(anna, 3)
        happens(anna, Kind.SATISFACTION, NOW, score=score)
    happens(anna)

    plan_due(now=NOW + DAY)

    assert (bool(sent()), the_ask().end_reason) == (asked, "" if asked else End.UNSATISFIED)


def test_nobody_is_asked_within_a_day_of_signing_nor_after_the_latest_day():
    plan_after(earliest_days=0, latest_days=30)
    happens(AdvocateFactory())
    late = AdvocateFactory()
    AskFactory(plan=OutreachPlan.objects.get(), advocate=late, since=NOW - 31 * DAY, due_at=NOW)

    plan_due(now=NOW + timedelta(hours=23))
    assert sent() == []
    plan_due(now=NOW + timedelta(hours=48))

    assert len(sent()) == 1
    assert Ask.objects.get(advocate=late).end_reason == End.TOO_LATE


def test_one_round_at_a_time_and_a_rest_between_rounds_over_all_plans():
    anna = AdvocateFactory()
    first = AskFactory(advocate=anna, started_at=NOW, due_at=NOW + 99 * DAY)
    plan_after(earliest_days=1, rest_days=90)
    happens(anna)

    plan_due(now=NOW + DAY)
    assert sent() == []
    Ask.objects.filter(pk=first.pk).end(End.DONE, now=NOW + DAY)
    plan_due(now=NOW + 2 * DAY)
    assert (sent(), Ask.objects.exclude(pk=first.pk).get().due_at) == ([], NOW + 91 * DAY)
    plan_due(now=NOW + 91 * DAY)

    assert sent() == [(91, "ask")]


def test_who_is_left_out_to_compare_is_always_the_same_and_about_as_many_as_asked_for():
    plan = plan_after(earliest_days=1, hold_out=50)
    AskFactory.create_batch(60, plan=plan, due_at=NOW)

    plan_due(now=NOW)
    left = set(Ask.objects.filter(end_reason=End.HELD_OUT).values_list("advocate", flat=True))
    Ask.objects.all().update(due_at=NOW, ended_at=None, end_reason="", started_at=None)
    Message.objects.all().delete()
    plan_due(now=NOW)

    assert 15 <= len(left) <= 45
    assert set(Ask.objects.filter(end_reason=End.HELD_OUT).values_list("advocate", flat=True)) == left


def test_nothing_is_written_at_night_where_the_reader_lives():
    plan_after(earliest_days=1)
    happens(AdvocateFactory(timezone="Asia/Tokyo"), at=NOW + timedelta(hours=3))

    plan_due(now=NOW + DAY + timedelta(hours=3))

    # 22 o'clock in Tokyo; at eight it is 23 o'clock the evening before in London.
    assert Message.objects.get().due_at == NOW + DAY + timedelta(hours=13)


def test_a_branch_goes_on_by_what_they_did():
    plan = plan_after(steps=[(0, "ask")], earliest_days=1, stretch=0)
    PlanStepFactory(
        plan=plan, position=2, wait_days=7, kind=PlanStep.Kind.BRANCH, condition="clicked", goto=4
    )
    PlanStepFactory(plan=plan, position=3, purpose=Purpose.ASK_FOLLOW_UP)
    PlanStepFactory(plan=plan, position=4, wait_days=7, purpose=Purpose.ASK_LAST)
    opened, ignored = AdvocateFactory(), AdvocateFactory()
    happens(opened)
    happens(ignored)
    plan_due(now=NOW + DAY)
    record_click(sign(Ask.objects.get(advocate=opened).pk), opened.pk, now=NOW + DAY)

    run(NOW + DAY, 40)

    def got(who):
        return [m.purpose for m in Message.objects.filter(advocate=who).order_by("pk")]

    assert (got(opened), got(ignored)) == (["ask", "ask_last"], ["ask", "ask_follow_up", "ask_last"])


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

    with django_assert_num_queries(26):
        plan_due(now=NOW)
