"""What has run out is said: on the desk, in the digest, and to the manager, once a day."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from campaigns.models import Message
from campaigns.services import desk
from campaigns.services.digest import compose_digest, write_digests
from campaigns.services.shortages import running_out, tell_of_shortages, tight_budgets
from referrals.models import Program
from rewards.models import Budget, Contest, CouponCode, LedgerCheck, RewardScheme
from rewards.services.reward import approve
from tests.campaigns.test_digest import subscribe
from tests.cast import client_of, member_of
from tests.factories import (
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
    program = ProgramFactory()
    Budget.objects.create(
        program=program, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), amount=4000, used=used
    )

    assert tight_budgets(Program.objects.all(), now=now).exists() is tight
    assert not tight_budgets(Program.objects.all(), now=now + timedelta(days=365)).exists()


def test_the_manager_is_told_once_a_day(now):
    program = a_full_program(now, name="Friends")
    manager, sales = member_of(program), member_of(program, "sales")

    for hours in (0, 1, 24):
        tell_of_shortages(now=now + timedelta(hours=hours))

    notes = Message.objects.filter(purpose="staff_notice", user=manager)
    assert [note.context["subject"] for note in notes] == ["Friends: something we promise has run out"] * 2
    assert "“a mug” has run out" in notes[0].context["body"]
    assert "Of the budget until 2026-12-31, €0.00 are left" in notes[0].context["body"]
    assert not Message.objects.filter(user=sales).exists()


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
