"""Plans that send a survey: whom they ask, whom they remind, and when they are over."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Ask, Message, OutreachPlan, PlanStep, SurveyResponse
from campaigns.services.plan import why_not_live
from campaigns.services.planner import plan_due
from campaigns.services.survey import Said, answer
from referrals.models import Candidate, Event, Finder
from tests.campaigns.clockwork import DAY, End, Kind, Trigger, happens, run, sent, the_ask
from tests.cast import client_of, member_of
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    EnrolmentFactory,
    MessageFactory,
    OutreachPlanFactory,
    PlanStepFactory,
    ProgramFactory,
    SurveyFactory,
)

pytestmark = pytest.mark.django_db
Aim = OutreachPlan.Aim


def survey_plan(program=None, steps=((0, "survey_invite"), (10, "survey_invite")), **more):
    program = program or ProgramFactory()
    survey = SurveyFactory(program=program)
    usual = {"aim": Aim.SURVEY, "trigger": Trigger.PROJECT_DONE, "earliest_days": 1, "stretch": 0}
    plan = OutreachPlanFactory(program=program, first=None, **usual | more)
    for position, (days, purpose) in enumerate(steps, start=1):
        asks = {"survey": survey} if purpose == "survey_invite" else {}
        PlanStepFactory(plan=plan, position=position, wait_days=days, purpose=purpose, **asks)
    return plan


def gives(score, at=NOW, number=0):
    response = SurveyResponse.objects.order_by("pk")[number]
    answer(response, Said(score, {}, {}), language="en", now=at)
    return response


def test_the_mail_leads_to_a_survey_of_the_persons_own_and_to_the_same_when_it_reminds():
    survey_plan()
    happens(AdvocateFactory(), Kind.PROJECT_DONE)

    run(NOW, 20)

    response = SurveyResponse.objects.get()
    assert sent() == [(1, "survey_invite"), (11, "survey_invite")]
    assert [m.variant for m in Message.objects.order_by("pk")] == ["", "second"]
    assert {m.context["link"] for m in Message.objects.all()} == {
        f"http://localhost:8000/s/{response.token}/"
    }
    assert (response.source, response.ask) == ("plan", the_ask())
    # Nobody was asked for a recommendation.
    assert not Event.objects.filter(kind=Kind.ASKED).exists()


def test_whoever_has_answered_is_not_reminded_and_their_round_is_over():
    survey_plan()
    happens(AdvocateFactory(), Kind.PROJECT_DONE)
    run(NOW, 3)

    gives(8, NOW + 4 * DAY)
    run(NOW + 5 * DAY, 20)

    assert len(sent()) == 1
    assert the_ask().end_reason == End.ANSWERED


def test_a_reminder_that_waits_to_leave_stays_here_once_they_have_answered():
    plan = survey_plan(steps=((0, "survey_invite"), (10, "survey_invite"), (10, "review_request")))
    happens(AdvocateFactory(), Kind.PROJECT_DONE)
    run(NOW, 2)
    reminder = MessageFactory(ask=the_ask(), purpose="survey_invite", program=plan.program)

    gives(9, NOW + 3 * DAY)

    reminder.refresh_from_db()
    assert (reminder.status, reminder.held_for) == ("withheld", "settled")
    # A review is still to be asked for, so the round goes on.
    assert the_ask().ended_at is None


def test_whoever_is_unhappy_leaves_the_round_and_gets_a_call_instead():
    survey_plan(steps=((0, "survey_invite"), (10, "review_request")))
    happens(AdvocateFactory(), Kind.PROJECT_DONE)
    run(NOW, 2)

    gives(4, NOW + 3 * DAY)

    assert the_ask().end_reason == End.UNSATISFIED


def test_a_plan_looks_whether_they_have_answered():
    survey_plan(steps=((0, "survey_invite"), (5, "ask"), (0, "survey_invite"), (3, "review_request")))
    PlanStep.objects.filter(position=2).update(kind="branch", condition="answered", goto=4)
    for _n in range(2):
        happens(AdvocateFactory(), Kind.PROJECT_DONE)
    run(NOW, 2)

    answered = gives(9, NOW + 3 * DAY).enrolment.advocate
    run(NOW + 4 * DAY, 20)

    purposes = {
        ask.advocate == answered: list(ask.messages.order_by("pk").values_list("purpose", flat=True))
        for ask in Ask.objects.all()
    }
    assert purposes[True] == ["survey_invite", "review_request"]
    assert purposes[False] == ["survey_invite", "survey_invite", "review_request"]


def test_a_survey_asks_the_unsatisfied_those_who_said_no_and_those_without_points():
    program = ProgramFactory()
    Finder.objects.create(program=program, automatic_from=50)
    Candidate.objects.create(program=program, advocate=AdvocateFactory(), score=60)
    survey_plan(program)
    anna, bert, cleo = AdvocateFactory.create_batch(3)
    happens(anna, Kind.SATISFACTION, NOW - DAY, score=2)
    happens(bert, Kind.ASK_DECLINED, NOW - DAY)
    for one in (anna, bert, cleo):
        happens(one, Kind.PROJECT_DONE)

    run(NOW, 2)

    assert {m.advocate for m in Message.objects.all()} == {anna, bert, cleo}


def test_being_asked_for_one_thing_is_no_rest_from_being_asked_for_another():
    program = ProgramFactory()
    anna = EnrolmentFactory(program=program).advocate
    AskFactory(
        plan=OutreachPlanFactory(program=program), advocate=anna, since=NOW - 20 * DAY,
        started_at=NOW - 20 * DAY, ended_at=NOW - 9 * DAY, end_reason="done",
    )  # fmt: skip
    survey_plan(program)
    happens(anna, Kind.PROJECT_DONE)

    run(NOW, 2)
    assert sent() == [(1, "survey_invite")]
    survey_plan(program, trigger=Trigger.RESULT)
    gives(9, NOW + 3 * DAY)
    happens(anna, Kind.RESULT, NOW + 4 * DAY)
    run(NOW + 4 * DAY, 3)

    # Another survey has to wait its turn.
    assert len(sent()) == 1


def test_a_promoter_is_asked_for_a_recommendation_as_soon_as_they_have_answered():
    program = ProgramFactory()
    anna = EnrolmentFactory(program=program).advocate
    survey_plan(program)
    asks = OutreachPlanFactory(program=program, trigger=Trigger.PROMOTER, earliest_days=1, latest_days=30)
    happens(anna, Kind.PROJECT_DONE)
    run(NOW, 2)

    gives(10, NOW + 3 * DAY)
    run(NOW + 3 * DAY, 4)

    assert [m.purpose for m in Message.objects.filter(ask__plan=asks)] == ["ask"]


# SQLite takes no more than 999 values a statement: many rows are some statements more.
@pytest.mark.parametrize(("count", "queries"), [(1, 30), (3, 30), (300, 48)])
def test_many_are_sent_a_survey_in_as_many_queries_as_one(count, queries, django_assert_max_num_queries):
    survey_plan()
    done = [
        Event(kind=Kind.PROJECT_DONE, advocate=one, occurred_at=NOW - 2 * DAY)
        for one in AdvocateFactory.create_batch(count)
    ]
    Event.objects.record(done, now=NOW)

    with django_assert_max_num_queries(queries):
        plan_due(now=NOW)

    assert SurveyResponse.objects.count() == count


def test_a_survey_that_is_closed_sends_nobody_to_it_any_more():
    plan = survey_plan()
    happens(AdvocateFactory(), Kind.PROJECT_DONE)
    plan_due(now=NOW + DAY)
    survey = plan.steps.first().survey
    page = f"/admin/campaigns/survey/{survey.pk}/change/"
    form = {"name": survey.name, "kind": survey.kind, "valid_days": 90, "change_days": 14}

    client_of(member_of(plan.program)).post(page, form | {"texts-TOTAL_FORMS": 0, "texts-INITIAL_FORMS": 0})

    assert [(m.status, m.reason) for m in Message.objects.all()] == [("withheld", "The survey was closed.")]
    run(NOW + 2 * DAY, 30)
    assert Message.objects.count() == 1


def test_opening_the_survey_counts_for_its_round(client):
    survey_plan()
    happens(AdvocateFactory(), Kind.PROJECT_DONE, timezone.now() - timedelta(days=2))
    plan_due(now=timezone.now())
    response = SurveyResponse.objects.get()

    assert client.get(f"/s/{response.token}/").text.count("seen.js") == 1
    assert the_ask().clicked_at is None
    client.post(f"/s/{response.token}/seen/")

    assert the_ask().clicked_at is not None


def test_a_plan_does_not_start_with_a_survey_that_is_closed_or_with_steps_for_another_aim():
    plan = survey_plan()
    assert why_not_live(plan) == ""

    plan.steps.filter(position=2).update(purpose="ask", survey=None)
    assert (
        why_not_live(plan)
        == "Step 2 does not fit: the plan asks for an answer to a survey, and for nothing else."
    )
    survey = plan.steps.first().survey
    survey.is_open = False
    survey.save()
    assert why_not_live(plan).startswith(f"Step 1 sends “{survey.name}”, which takes no answers.")


def test_the_page_of_a_plan_refuses_steps_that_do_not_fit_and_says_what_they_do():
    plan = survey_plan(status="draft")
    foreign = SurveyFactory()
    maya = client_of(member_of(plan.program))
    url = f"/admin/campaigns/outreachplan/{plan.pk}/change/"
    page = maya.get(url)
    form = {
        name: "" if value is None else value
        for name, value in page.context["adminform"].form.initial.items()
        if name in page.context["adminform"].form.fields
    }
    for inner in page.context["inline_admin_formsets"][0].formset:
        form[inner.add_prefix("id")] = inner.instance.pk or ""
        form |= {inner.add_prefix(name): "" if v is None else v for name, v in inner.initial.items()}
    form |= {"steps-TOTAL_FORMS": 2, "steps-INITIAL_FORMS": 2}

    shown = re.sub(r"\s+", " ", page.text)
    assert f"1. At once: advocate: survey “{plan.steps.first().survey}”, e-mail." in shown
    refused = maya.post(url, form | {"steps-0-purpose": "ask", "steps-1-survey": foreign.pk})
    assert "The plan asks for an answer to a survey: choose words that fit." in refused.text
    assert "Select a valid choice" in refused.text
    assert "Say which survey." in maya.post(url, form | {"steps-1-survey": ""}).text
    answer = maya.post(url, form)
    assert answer.status_code == 302, answer.context["errors"]
