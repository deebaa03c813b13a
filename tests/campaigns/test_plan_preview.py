"""Before anything is sent: who would get what and when, and who would not."""

import pytest

from campaigns.models import Ask, Message
from campaigns.services.planner import plan_due
from campaigns.services.preview import lines
from referrals.models import Candidate, Event, Finder
from tests.campaigns.test_admin_plans import DAY, Status, Trigger, members, page, text
from tests.cast import client_of, member_of
from tests.factories import AdvocateFactory, AskFactory, OutreachPlanFactory, PlanStepFactory, ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def maya(program):
    return client_of(member_of(program))


def test_the_preview_says_who_gets_what_and_when_and_who_does_not_and_why(maya, program):
    plan = OutreachPlanFactory(program=program, trigger=Trigger.MEMBER, status=Status.DRAFT)
    PlanStepFactory(plan=plan, position=2, wait_days=7, purpose="ask_last")
    members(2)
    members(1, email="")

    asked, left = maya.get(page(plan, "preview")), maya.get(page(plan, "preview"), {"why": "no_address"})

    assert "2 people are asked" in text(asked)
    assert "1 no address" in text(asked)
    assert text(asked).count("last reminder of an ask") >= 2
    assert text(left).count("<td> no address </td>") == 1
    assert not Ask.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_preview_costs_the_same_for_one_and_for_three(maya, program, count, django_assert_num_queries):
    plan = OutreachPlanFactory(program=program, trigger=Trigger.MEMBER)
    AskFactory.create_batch(count, plan=plan)
    members(count)
    maya.get(page(plan, "preview"))

    with django_assert_num_queries(15):
        maya.get(page(plan, "preview"))


def test_what_the_preview_promises_is_what_the_planner_does(maya, program, now):
    plan = OutreachPlanFactory(program=program, earliest_days=14)
    anna = AdvocateFactory()
    Event.objects.record([Event(kind="deal_won", advocate=anna, occurred_at=now)], now=now)

    [[line], _more] = lines(plan, "", now=now)
    plan_due(now=now + 14 * DAY)

    assert [taken.moment for taken in line.touches] == [Message.objects.get().due_at]


def test_the_preview_shows_what_is_written_already_and_has_not_left(maya, program, now):
    plan = OutreachPlanFactory(program=program, earliest_days=0)
    PlanStepFactory(plan=plan, position=2, wait_days=14, purpose="ask_last")
    Event.objects.record(
        [Event(kind="deal_won", advocate=AdvocateFactory(), occurred_at=now - 2 * DAY)], now=now
    )
    plan_due(now=now)
    waits = Message.objects.get()

    shown = text(maya.get(page(plan, "preview")))

    assert f'href="/admin/campaigns/message/{waits.pk}/change/"' in shown
    assert "(written, and waits)" in shown
    assert "nothing within 30 days" not in shown


def test_the_preview_leaves_out_whoever_was_in_the_plan_for_the_same_thing(program, now):
    plan = OutreachPlanFactory(program=program)
    event = Event(kind="deal_won", advocate=AdvocateFactory(), occurred_at=now - 20 * DAY)
    Event.objects.record([event], now=now)
    Ask.objects.all().end(Ask.End.REFERRED, now=now)

    assert lines(plan, "", now=now) == ([], False)


def test_the_preview_says_how_many_points_somebody_lacks(maya, program):
    plan = OutreachPlanFactory(program=program, trigger=Trigger.MEMBER)
    Finder.objects.create(program=program, automatic_from=60)
    [anna] = members(1)
    Candidate.objects.create(program=program, advocate=anna, score=42)

    shown, why = maya.get(page(plan, "preview")), maya.get(page(plan, "preview"), {"why": "not_warm"})

    assert "0 people are asked" in text(shown)
    assert "<td> not warm enough for an automatic message: 42 of 60 points </td>" in text(why)
    assert (
        f'Plans ask by themselves from 60 points on. <a href="/admin/referrals/finder/{program.finder.pk}/'
        in text(shown)
    )
