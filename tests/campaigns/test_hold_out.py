"""What asking brought, by comparison with those who were left out."""

import pytest

from campaigns.models import Ask
from campaigns.services.hold_out import verdict, what_asking_brought
from rewards.services.report import Effect
from tests.campaigns.clockwork import DAY
from tests.cast import client_of, member_of
from tests.factories import NOW, AskFactory, EnrolmentFactory, OutreachPlanFactory, ReferralFactory

pytestmark = pytest.mark.django_db


def turn(plan, days_ago, *, asked, **more):
    at = NOW - days_ago * DAY
    how = {"started_at": at} if asked else {"ended_at": at, "end_reason": Ask.End.HELD_OUT}
    return AskFactory(plan=plan, since=at, due_at=at, **how, **more)


def names_a_friend(ask, days_ago, **more):
    place = EnrolmentFactory(advocate=ask.advocate, program=ask.plan.program)
    ReferralFactory(enrolment=place, submitted_at=NOW - days_ago * DAY, **more)


def test_both_groups_are_counted_by_what_they_did_after_their_turn(django_assert_num_queries):
    plan = OutreachPlanFactory(hold_out=20)
    for days in (150, 120, 100, 30):
        turn(plan, days, asked=True)
    asked = turn(plan, 100, asked=True)
    late, before, left, rejected = (turn(plan, 200, asked=n == 0, advocate__name=f"{n}") for n in range(4))
    names_a_friend(asked, 90)
    names_a_friend(late, 100)
    names_a_friend(before, 210)
    names_a_friend(left, 150)
    names_a_friend(rejected, 150, status="rejected")

    with django_assert_num_queries(1):
        found = what_asking_brought(plan, now=NOW)

    assert (found.asked.named, found.asked.bought) == (5, 1)
    assert (found.left_out.named, found.left_out.bought, found.too_fresh) == (3, 1, 1)


def test_somebody_whose_turn_came_twice_counts_once_by_the_first_time():
    plan = OutreachPlanFactory(hold_out=20)
    first = turn(plan, 200, asked=False)
    turn(plan, 100, asked=False, advocate=first.advocate, round=2)
    names_a_friend(first, 50)

    found = what_asking_brought(plan, now=NOW)

    assert (found.left_out.named, found.left_out.bought) == (1, 0)


@pytest.mark.parametrize(
    ("asked", "left_out", "words"),
    [
        ((99, 50), (4000, 2), "Not enough data yet: the smaller side has 99 of the 100 people it takes, whose "
         "turn was at least 90 days ago."),
        ((100, 10), (100, 9), "No difference that the numbers can tell: -7.5 to +9.5 percentage points."),
        ((1000, 120), (1000, 60), "Asking works: 6.0 percentage points more people recommend somebody "
         "(95 %: +3.5 to +8.5)."),
        ((1000, 60), (1000, 120), "Asking does harm: 6.0 percentage points fewer"),
    ],
    ids=["too few", "no difference", "works", "harm"],
)  # fmt: skip
def test_the_difference_is_said_in_a_sentence(asked, left_out, words):
    assert words in verdict(Effect("Asked", *asked), Effect("Left out", *left_out))


def test_the_page_of_a_plan_that_leaves_people_out_compares_them():
    plan = OutreachPlanFactory(hold_out=20)
    turn(plan, 100, asked=True)
    turn(plan, 100, asked=False)

    maya = client_of(member_of(plan.program))
    shown = maya.get(f"/admin/campaigns/outreachplan/{plan.pk}/change/").content.decode()

    assert "What asking brought" in shown
    assert "the smaller side has 1 of the 100 people" in shown
