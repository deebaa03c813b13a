"""What runs out is said: on the desk, in the digest, and to the manager, once."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from campaigns.models import Message
from campaigns.services import desk
from campaigns.services.digest import compose_digest, write_digests
from campaigns.services.shortages import running_out, tell_of_shortages, tight_budgets
from rewards.models import Budget, Contest, CouponCode, Incentive, LedgerCheck, RewardScheme
from rewards.services.reward import approve
from rewards.services.supply import drains
from tests.campaigns.test_digest import subscribe
from tests.cast import client_of, member_of
from tests.factories import (
    BudgetFactory,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db


def a_full_program(now, **facts):
    """Of everything that can be wrong with rewards, one."""
    program = ProgramFactory(**facts)
    IncentiveFactory(program=program, name="a mug", stock=0)
    budget = Budget.objects.create(
        program=program, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), amount=4000, used=4000
    )
    RewardScheme.objects.create(program=program, second_person_above=1)
    rule = RewardRuleFactory(program=program)
    for status in ("pending", "waiting", "claimed"):
        RewardFactory(
            rule=rule, referral=ReferralFactory(enrolment__program=program), status=status, budget=budget
        )
    approve(rule.rewards.filter(status="pending"), now=now, by=member_of(program))
    Contest.objects.create(
        program=program, name="Winter", starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=1)
    )
    return program


def needs(user, now):
    return {need.words: need for need in desk.look(user, now=now).needs if need.number}


def test_the_desk_names_each_and_leads_to_it(now):
    program = a_full_program(now)
    LedgerCheck.objects.create(checked_at=now, count=2, sentences=["one", "two"])
    manager = member_of(program)

    found = needs(manager, now)

    assert [(need.number, words) for words, need in found.items()] == [
        (2, "things in the ledger do not add up"),
        (1, "stock or pool of codes running out"),
        (1, "budget almost spent"),
        (1, "reward needs a second person"),
        (1, "reward to be paid back"),
        (1, "reward on the waiting list"),
        (1, "contest to draw"),
    ]
    client = client_of(manager)
    for words, need in list(found.items())[1:]:
        assert client.get(need.url).context["cl"].result_count == 1, words
    assert found["things in the ledger do not add up"].url == reverse(
        "admin:rewards_ledgertransaction_changelist"
    )


@pytest.mark.parametrize("role", ["sales", "support"])
def test_who_decides_nothing_about_rewards_reads_nothing_of_them(now, role):
    program = a_full_program(now)
    LedgerCheck.objects.create(checked_at=now, count=2)

    assert needs(member_of(program, role), now) == {}
    assert needs(member_of(ProgramFactory()), now).keys() == {"things in the ledger do not add up"}


def test_a_pool_runs_out_at_its_pace_and_an_endless_one_never(now):
    program = ProgramFactory()
    pool = IncentiveFactory(program=program, fulfilment="code")
    IncentiveFactory(program=program)
    CouponCode.objects.bulk_create(CouponCode(incentive=pool, code=str(n)) for n in range(10))
    assert running_out([program.pk], now=now) == []

    rule = RewardRuleFactory(program=program, incentive=pool)
    for _ in range(30):
        RewardFactory(rule=rule, referral=ReferralFactory(enrolment__program=program))

    [supply] = running_out([program.pk], now=now)
    assert (supply.incentive, supply.left, supply.days_left) == (pool, 10, 10)


@pytest.mark.parametrize(("used", "tight"), [(0, False), (3599, False), (3600, True), (4000, True)])
def test_a_budget_is_tight_with_a_tenth_left(now, used, tight):
    program = BudgetFactory(amount=4000, used=used).program

    assert bool(tight_budgets([program.pk], now=now)) is tight
    assert tight_budgets([program.pk], now=now + timedelta(days=365)) == []


@pytest.mark.parametrize(
    ("lately", "ends_on", "days", "tight"),
    [
        (0, date(2026, 12, 31), None, False),
        (20, date(2026, 12, 31), 15, False),
        (30, date(2026, 12, 31), 10, True),
        (30, date(2026, 3, 14), 10, False),
    ],
    ids=["nothing was promised", "a fortnight is enough", "ten days are not", "it lasts to its end"],
)
def test_a_budget_is_tight_when_it_is_spent_too_fast(now, lately, ends_on, days, tight):
    budget = BudgetFactory(amount=1200, used=lately * 10, ends_on=ends_on)
    budget.amount = budget.used + 100
    budget.save()
    for _ in range(lately // 10):
        RewardFactory(referral__enrolment__program=budget.program, budget=budget, cost=100, status="issued")

    [found] = drains([budget.program_id], now=now)

    assert (found.days_left, found.runs_out) == (days, tight)


def notes_of(user):
    return [note.context for note in Message.objects.filter(purpose="staff_notice", user=user).order_by("pk")]


def test_the_manager_is_told_once_of_what_ran_out(now):
    program = a_full_program(now, name="Friends")
    manager, sales = member_of(program), member_of(program, "sales")

    told = [tell_of_shortages(now=now + timedelta(hours=hours)) for hours in (0, 1, 24, 24 * 30)]

    # The member who approved in the setup is a manager as well.
    assert told == [2, 0, 0, 0]
    [note] = notes_of(manager)
    assert note["subject"] == "Friends: something we promise runs out"
    assert "“a mug” has run out" in note["body"]
    assert "Of the budget until 31 December 2026, €0.00 are left" in note["body"]
    assert not Message.objects.filter(user=sales).exists()


def stock_that_lasts(program, days):
    """Something that is given once a day, with so much of it left."""
    mug = IncentiveFactory(program=program, name="a mug", stock=days)
    rule = RewardRuleFactory(program=program, incentive=mug)
    for _ in range(30):
        RewardFactory(rule=rule, referral__enrolment__program=program)
    return mug


def test_the_manager_is_warned_before_a_stock_runs_out_and_told_when_it_has(now):
    program = ProgramFactory()
    manager, mug = member_of(program), stock_that_lasts(program, 13)
    lines = []
    for day, left in enumerate([14, 13, 12, 0, 0, 3, 0]):
        Incentive.objects.filter(pk=mug.pk).update(stock=left)
        if tell_of_shortages(now=now + timedelta(hours=day)):
            lines.append((day, notes_of(manager)[-1]["body"].splitlines()[0]))

    assert lines == [
        (1, "“a mug”: 13 left, enough for 13 days as things go."),
        (3, "“a mug” has run out."),
        (6, "“a mug” has run out."),
    ]


def test_a_program_says_how_long_before_it_wants_to_know(now):
    program = ProgramFactory()
    member_of(program)
    stock_that_lasts(program, 13)
    scheme = RewardScheme.objects.create(program=program, warn_days=13)
    assert tell_of_shortages(now=now) == 0

    scheme.warn_days = 30
    scheme.save()

    assert tell_of_shortages(now=now) == 1


def test_a_pace_around_the_limit_is_one_shortage(now):
    program = ProgramFactory()
    member_of(program)
    mug = stock_that_lasts(program, 13)
    told = []
    for day, left in ((0, 13), (1, 14), (2, 13), (8, 14), (9, 13)):
        Incentive.objects.filter(pk=mug.pk).update(stock=left)
        told.append(tell_of_shortages(now=now + timedelta(days=day)))

    assert told == [1, 0, 0, 0, 1]


def test_the_manager_is_warned_before_a_budget_ends_and_told_when_it_has(now):
    budget = BudgetFactory(ends_on=date(2026, 3, 10))
    manager = member_of(budget.program)
    assert needs(manager, now)["budget ends and none follows"].tone == "warn"

    told = [tell_of_shortages(now=now + timedelta(days=day)) for day in (0, 1, 7, 8)]

    assert told == [1, 0, 1, 0]
    assert [note["body"].splitlines()[0] for note in notes_of(manager)] == [
        "The budget ends on 10 March 2026; from then on rewards wait for the next one.",
        "The budget ended on 10 March 2026; rewards wait until there is another.",
    ]
    over = needs(manager, now + timedelta(days=7))["budget ends and none follows"]
    assert over.tone == "bad"
    assert client_of(manager).get(over.url).context["cl"].result_count == 1


@pytest.mark.parametrize("count", [1, 3])
def test_looking_for_shortages_asks_as_often_however_many(now, count, django_assert_num_queries):
    for _ in range(count):
        a_full_program(now)
    tell_of_shortages(now=now)

    with django_assert_num_queries(8):
        tell_of_shortages(now=now)


def test_nobody_is_told_of_a_program_that_is_not_open_or_lacks_nothing(now):
    member_of(a_full_program(now, status="paused"))
    member_of(ProgramFactory())

    assert tell_of_shortages(now=now) == 0
    assert Message.objects.count() == 0


def test_the_digest_begins_with_what_is_wrong(now):
    program = a_full_program(now, name="Friends")
    LedgerCheck.objects.create(checked_at=now, count=2)
    for role in ("manager", "sales"):
        subscribe(member_of(program, role), next_at=now)

    write_digests(now=now)

    texts = {
        row.user.memberships.get().role: compose_digest(row)[1].splitlines()
        for row in Message.objects.filter(purpose="digest")
    }
    lines = [line.removeprefix("- ").split(": ")[0] for line in texts["manager"] if line.startswith("- ")]
    assert lines[:7] == [
        "2 things in the ledger do not add up",
        "1 stock or pool of codes runs out",
        "1 budget is almost spent",
        "1 reward needs a second person",
        "1 reward is to be paid back",
        "1 reward is on the waiting list",
        "1 contest can be drawn",
    ]
    assert not any("ledger" in line for line in texts["sales"])


def test_a_ledger_that_adds_up_is_not_news(now):
    program = ProgramFactory()
    LedgerCheck.objects.create(checked_at=now, count=0)
    subscribe(member_of(program), next_at=now)

    assert write_digests(now=now) == 0
