"""Who is asked when, and who is not: the planner, driven as the clock drives it."""

from datetime import timedelta

import pytest

from campaigns.models import Ask, Message, OutreachPlan, PlanStep, Purpose, Suppression
from campaigns.services.asks import record_click, sign
from campaigns.services.planner import plan_due
from campaigns.services.step_words import repetitions
from campaigns.services.suppression import suppress
from campaigns.services.words import Wording
from campaigns.starters import STARTERS, begin_with
from referrals.models import Candidate, Enrolment, Event, Finder
from tests.campaigns.clockwork import DAY, End, Kind, Trigger, happens, plan_after, run, sent, the_ask
from tests.cast import client_of, member_of
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    EnrolmentFactory,
    PlanStepFactory,
    ProgramFactory,
    ReferralFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


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


def test_seven_touches_are_seven_different_letters():
    plan = begin_with(STARTERS[0], ProgramFactory(), now=NOW)
    OutreachPlan.objects.update(status="live", stretch=0)
    happens(AdvocateFactory())

    run(NOW, 300)

    bodies = [Wording([m]).template_for(m).body for m in Message.objects.order_by("pk")]
    assert (len(bodies), len(set(bodies))) == (7, 7)
    assert repetitions(plan) == []


def test_a_plan_that_would_repeat_itself_says_which_step():
    plan = plan_after(steps=[(0, "ask"), *[(9, "ask_follow_up")] * 6])
    plan.steps.filter(position__in=[2, 3]).update(channel="sms")

    page = client_of(member_of(plan.program)).get(f"/admin/campaigns/outreachplan/{plan.pk}/change/")

    assert page.text.count("says word for word what step") == 1
    assert "Step 3 says word for word what step 2 has said." in page.text


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


def finds(program, advocate=None, *, score=0, needed=40):
    Finder.objects.update_or_create(program=program, defaults={"automatic_from": needed})
    if advocate:
        Candidate.objects.update_or_create(program=program, advocate=advocate, defaults={"score": score})


@pytest.mark.parametrize(("score", "needed", "asked"), [(40, 40, True), (39, 40, False), (0, 0, True)])
def test_a_plan_asks_by_itself_only_who_has_the_points(score, needed, asked):
    plan, anna = plan_after(earliest_days=1), AdvocateFactory()
    finds(plan.program, anna if score else None, score=score, needed=needed)
    happens(anna)

    plan_due(now=NOW + DAY)

    assert (len(sent()), the_ask().state) == ((1, "running") if asked else (0, "waiting"))


def test_who_becomes_warm_is_asked_a_week_later_and_who_does_not_is_left_in_peace():
    plan, anna, bert = plan_after(earliest_days=1, latest_days=10), AdvocateFactory(), AdvocateFactory()
    finds(plan.program)
    happens(anna)
    happens(bert)
    plan_due(now=NOW + DAY)
    finds(plan.program, anna, score=50)

    run(NOW + 2 * DAY, 12)

    assert sent() == [(8, "ask")]
    assert list(Ask.objects.order_by("advocate").values_list("end_reason", flat=True)) == ["", End.NOT_WARM]


def test_points_are_asked_for_before_a_round_and_not_within_it():
    plan, anna = (
        plan_after(steps=[(0, "ask"), (14, "ask_last")], earliest_days=1, stretch=0),
        AdvocateFactory(),
    )
    finds(plan.program, anna, score=40)
    happens(anna)
    run(NOW, 1)
    # Having been asked lately takes points off.
    finds(plan.program, anna, score=10)

    run(NOW + 2 * DAY, 20)

    assert sent() == [(1, "ask"), (15, "ask_last")]


@pytest.mark.parametrize(
    "kept",
    [{"sender": "account_manager"}, {"trigger": Trigger.CUSTOMER}, {"steps": []}],
    ids=["asked by a person", "only just a customer", "called"],
)
def test_who_is_asked_by_a_person_needs_no_points_nor_who_has_only_just_come(kept):
    plan = plan_after(earliest_days=2, **kept)
    if not plan.steps.exists():
        PlanStepFactory(plan=plan, kind="call")
    finds(plan.program)
    happens(AdvocateFactory(owner=UserFactory(), phone="+390612345678"), *plan.kinds)

    plan_due(now=NOW + 2 * DAY)

    assert the_ask().state == "running"


def test_the_company_asks_by_itself_where_nobody_looks_after_them():
    plan = plan_after(earliest_days=1, sender="account_manager")
    finds(plan.program)
    happens(AdvocateFactory())

    plan_due(now=NOW + DAY)

    assert the_ask().state == "waiting"


def test_a_message_that_nobody_sends_by_hand_ends_the_round_after_the_grace_time():
    vera = UserFactory()
    plan_after(steps=[(0, "ask"), (14, "ask_last")], earliest_days=1, sender="account_manager")
    happens(AdvocateFactory(owner=vera))

    run(NOW, 30)
    assert (the_ask().state, Message.objects.get().status) == ("running", "by_hand")
    plan_due(now=NOW + 32 * DAY)

    message = Message.objects.get()
    assert (the_ask().end_reason, message.status) == (End.NOT_SENT, "withheld")
    assert message.reason == "Nobody sent it within 30 days."


def test_one_that_was_sent_by_hand_is_followed_up():
    plan_after(steps=[(0, "ask"), (14, "ask_last")], earliest_days=1, stretch=0, sender="account_manager")
    happens(AdvocateFactory(owner=UserFactory()))
    run(NOW, 20)

    Message.objects.update(status="sent", sent_at=NOW + 20 * DAY)
    run(NOW + 21 * DAY, 20)

    assert [message.purpose for message in Message.objects.order_by("pk")] == ["ask", "ask_last"]
    assert Message.objects.get(purpose="ask_last").due_at == NOW + 34 * DAY
