"""A friend who is not ready is written to, from some days later, until they answer or want no more of it."""

from datetime import timedelta

import pytest

from campaigns.models import Ask, Message
from campaigns.services.asks import start_nurture
from campaigns.services.planner import plan_due
from campaigns.services.suppression import suppress_keys
from referrals.services.follow_up import log_call
from tests.cast import client_of, member_of
from tests.factories import FollowUpFactory, OutreachPlanFactory, PlanStepFactory, ReferralFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(now):
    return ReferralFactory(
        accepted_at=now - timedelta(days=3), status="contacted", email="ben@friend.example"
    )


@pytest.fixture
def plan(ben):
    plan = OutreachPlanFactory(program=ben.program, audience="friends", touches=3, first=None)
    for position, days in ((1, 7), (2, 30)):
        PlanStepFactory(plan=plan, position=position, wait_days=days, purpose="nurture")
    return plan


@pytest.fixture
def nurtured(ben, plan, now):
    return start_nurture(ben, plan, now=now, by=None)


def test_the_first_letter_comes_as_many_days_later_as_the_plan_says(nurtured, now):
    plan_due(now=now + timedelta(days=6))
    assert not Message.objects.exists()

    plan_due(now=now + timedelta(days=7, hours=1))
    assert Message.objects.get().to_address == "ben@friend.example"


@pytest.mark.parametrize(("outcome", "ends"), [("reached", True), ("not_ready", True), ("no_answer", False)])
def test_whoever_answers_the_phone_is_written_to_no_more(nurtured, ben, now, outcome, ends):
    call = FollowUpFactory(referral=ben)

    log_call(call, outcome, now=now + timedelta(days=8), by=None)

    nurtured.refresh_from_db()
    assert (nurtured.end_reason == "answered") == ends


def test_whoever_unsubscribes_is_on_the_plan_no_more(nurtured, ben, now):
    suppress_keys([ben.email_key], ben.program_id, "unsubscribed", now=now)

    assert Ask.objects.get().end_reason == "unsubscribed"


def test_whoever_opens_the_call_reads_that_we_write_meanwhile(nurtured, ben, plan):
    call = FollowUpFactory(referral=ben)

    page = client_of(member_of(ben.program, "sales")).get(f"/admin/referrals/followup/{call.pk}/change/")

    assert f"We write to them meanwhile: “{plan}”, next on 11 Mar at the earliest." in page.text
    assert '<a href="/admin/calls/">My calls</a> &rsaquo; Ben Weber' in page.text
