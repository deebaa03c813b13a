"""A program with budgets spends nothing unawares: what follows the last day is said, or follows by itself."""

from datetime import date, timedelta

import pytest

from referrals.services.conversion import record_conversion
from rewards.models import Budget, Contest, Reward, RewardScheme
from rewards.services.budget import ending_budgets, renew_budgets
from rewards.services.contest import draw, enter_free
from rewards.services.explanation import for_staff
from rewards.services.reward import promise_waiting
from tests.factories import (
    BudgetFactory,
    EnrolmentFactory,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
# The day of ``now`` is 4 March 2026.
FEBRUARY = {"starts_on": date(2026, 2, 1), "ends_on": date(2026, 2, 28)}
MARCH = {"starts_on": date(2026, 3, 1), "ends_on": date(2026, 3, 31)}


def sell(rule, now):
    referral = ReferralFactory(enrolment__program=rule.program)
    record_conversion(referral, external_id=f"{referral.pk}", amount=20000, currency="EUR", now=now)
    return referral.rewards.get()


def periods(program):
    return [(b.starts_on, b.ends_on, b.amount) for b in program.budgets.order_by("starts_on")]


@pytest.mark.parametrize(
    ("budgets", "status"),
    [
        ([], "pending"),
        ([FEBRUARY], "waiting"),
        ([FEBRUARY | {"afterwards": "unlimited"}], "pending"),
        ([FEBRUARY | {"afterwards": "month"}], "waiting"),
        ([FEBRUARY | {"afterwards": "unlimited"}, MARCH | {"amount": 0}], "waiting"),
        ([FEBRUARY, {"starts_on": date(2026, 4, 1), "ends_on": date(2026, 4, 30)}], "waiting"),
        ([{"starts_on": date(2026, 4, 1), "ends_on": date(2026, 4, 30)}], "pending"),
    ],
    ids=["never one", "over", "no limit after it", "not renewed yet", "used up", "a gap", "not begun yet"],
)
def test_on_a_day_without_a_budget_money_is_spent_only_if_somebody_said_so(now, budgets, status):
    rule = RewardRuleFactory()
    for budget in budgets:
        BudgetFactory(program=rule.program, **budget)

    assert sell(rule, now).status == status


def test_a_reward_that_waits_for_the_next_budget_says_so_and_gets_it(now):
    rule = RewardRuleFactory()
    BudgetFactory(program=rule.program, **FEBRUARY)
    reward = sell(rule, now)
    assert "When it was earned, no budget covered the day: the last one was over." in for_staff(reward)

    BudgetFactory(program=rule.program, **MARCH)

    assert promise_waiting(now=now) == 1
    reward.refresh_from_db()
    assert reward.budget.starts_on == MARCH["starts_on"]


def test_what_costs_nothing_needs_no_budget(now):
    rule = RewardRuleFactory(incentive__kind="points", incentive__value=100)
    BudgetFactory(program=rule.program, **FEBRUARY)

    assert sell(rule, now).status == "pending"


def test_a_prize_of_a_contest_that_no_budget_covers_waits_for_one(now):
    mug = IncentiveFactory(value=900)
    BudgetFactory(program=mug.program, **FEBRUARY)
    contest = Contest.objects.create(
        program=mug.program, name="Spring", starts_at=now - timedelta(days=2), ends_at=now
    )
    contest.prizes.create(place=1, incentive=mug)
    enter_free(contest, EnrolmentFactory(program=mug.program), now=now - timedelta(days=1))

    draw(contest, now=now)

    assert Reward.objects.get().status == "waiting"


@pytest.mark.parametrize(
    ("afterwards", "first_days"),
    [
        ("month", [date(2026, 2, 1), date(2026, 3, 1)]),
        ("quarter", [date(2026, 2, 1), date(2026, 3, 1)]),
        ("wait", [date(2026, 2, 1)]),
        ("unlimited", [date(2026, 2, 1)]),
    ],
)
def test_a_budget_begins_anew_once_however_often_the_clock_looks(now, afterwards, first_days):
    budget = BudgetFactory(**FEBRUARY, afterwards=afterwards)

    made = [renew_budgets(now=now), renew_budgets(now=now)]

    assert made == [len(first_days) - 1, 0]
    assert [first for first, _last, _amount in periods(budget.program)] == first_days


def test_a_month_begins_anew_a_week_ahead_and_keeps_to_the_calendar(now):
    program = ProgramFactory()
    BudgetFactory(program=program, starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 31), afterwards="month")
    on = now.replace(month=1)

    renewed = [renew_budgets(now=on.replace(day=day)) for day in (24, 25)]

    assert renewed == [0, 1]
    assert periods(program)[1] == (date(2026, 2, 1), date(2026, 2, 28), 100000)


def test_after_a_long_standstill_only_the_periods_that_can_be_used_are_made(now):
    budget = BudgetFactory(starts_on=date(2025, 1, 1), ends_on=date(2025, 3, 31), afterwards="quarter")

    renew_budgets(now=now)

    assert periods(budget.program)[1:] == [(date(2026, 1, 1), date(2026, 3, 31), 100000)]


def test_a_renewed_period_ends_where_a_planned_one_begins(now):
    budget = BudgetFactory(**FEBRUARY, afterwards="quarter")
    BudgetFactory(program=budget.program, starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 30))

    renew_budgets(now=now)

    assert periods(budget.program)[1][:2] == (date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("last", "more", "left"),
    [
        (date(2026, 3, 3), {}, [0]),
        (date(2026, 3, 4), {}, [1]),
        (date(2026, 3, 17), {}, [14]),
        (date(2026, 3, 18), {}, []),
        (date(2026, 3, 4), {"afterwards": "year"}, []),
        (date(2026, 3, 4), {"afterwards": "unlimited"}, []),
        (date(2026, 3, 4), {"program__status": "paused"}, []),
    ],
)
def test_the_end_of_a_budget_is_foreseen(now, last, more, left):
    budget = BudgetFactory(starts_on=date(2026, 2, 1), ends_on=last, **more)

    assert [found.days_left for found in ending_budgets([budget.program_id], now=now)] == left


def test_a_budget_that_another_follows_ends_unnoticed_and_a_program_says_how_far_it_looks_ahead(now):
    followed = BudgetFactory(starts_on=date(2026, 2, 1), ends_on=date(2026, 3, 10))
    BudgetFactory(program=followed.program, starts_on=date(2026, 3, 11), ends_on=date(2026, 3, 31))
    short = BudgetFactory(starts_on=date(2026, 2, 1), ends_on=date(2026, 3, 10))
    RewardScheme.objects.create(program=short.program, warn_days=6)

    assert ending_budgets([followed.program_id, short.program_id], now=now) == []


@pytest.mark.parametrize("count", [1, 3])
def test_looking_at_the_calendar_asks_once_however_many_programs(now, count, django_assert_num_queries):
    programs = [BudgetFactory(**FEBRUARY).program_id for _ in range(count)]

    with django_assert_num_queries(1):
        assert len(ending_budgets(programs, now=now)) == count
    with django_assert_num_queries(1):
        assert renew_budgets(now=now) == 0
    assert Budget.objects.count() == count
