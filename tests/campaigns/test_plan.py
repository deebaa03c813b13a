"""Plans: what they say, what they refuse, and how they are started and stopped."""

import pytest
from django.db import IntegrityError, transaction

from campaigns.models import Ask, OutreachPlan
from referrals.models import Event
from referrals.transitions import Refused
from tests.factories import AskFactory, OutreachPlanFactory, PlanStepFactory, UserFactory

pytestmark = pytest.mark.django_db
Status = OutreachPlan.Status


def test_a_plan_moves_along_its_table_and_each_move_says_who(now):
    plan = OutreachPlanFactory(status=Status.DRAFT, name="After a deal")
    maya = UserFactory()

    for status in (Status.LIVE, Status.PAUSED, Status.LIVE, Status.ENDED):
        plan.advance(status, now=now, by=maya)

    moves = Event.objects.filter(kind=Event.Kind.PLAN_MOVED).order_by("pk")
    assert [(event.data["from"], event.data["to"], event.actor) for event in moves] == [
        ("draft", "live", maya), ("live", "paused", maya), ("paused", "live", maya), ("live", "ended", maya),
    ]  # fmt: skip
    with pytest.raises(Refused, match="It is “ended” now and cannot become “live” from there"):
        plan.advance(Status.LIVE, now=now)


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_a_step_never_leads_back():
    plan = OutreachPlanFactory(first=None)

    refused(lambda: PlanStepFactory(plan=plan, position=3, goto=3))
    PlanStepFactory(plan=plan, position=3, goto=4)


def test_nobody_is_in_two_rounds_at_once_whatever_the_plans(now):
    running = AskFactory(started_at=now)

    refused(lambda: AskFactory(advocate=running.advocate, started_at=now))
    AskFactory(advocate=running.advocate)
    Ask.objects.filter(pk=running.pk).end(Ask.End.DONE, now=now)
    AskFactory(advocate=running.advocate, started_at=now)


def test_a_plan_asks_a_person_once_a_round():
    ask = AskFactory()

    refused(lambda: AskFactory(plan=ask.plan, advocate=ask.advocate))
    AskFactory(plan=ask.plan, advocate=ask.advocate, round=2)
