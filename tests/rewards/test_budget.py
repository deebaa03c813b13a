from datetime import date, timedelta

import pytest

from referrals.services.conversion import record_conversion, reverse_conversion
from referrals.transitions import Refused
from rewards.models import (
    Account,
    Budget,
    CouponCode,
    Incentive,
    LedgerEntry,
    MysteryBox,
    Prize,
    Reward,
    RewardRule,
    RewardScheme,
    Tier,
)
from rewards.services.audit import ledger_differences
from rewards.services.points import balance, pick_prize
from rewards.services.reward import approve, decline, hand_out, promise_waiting, release_rewards, revoke, undo
from tests.factories import (
    EnrolmentFactory,
    IncentiveFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def sell(referral, now, number="1", amount=20000):
    return record_conversion(referral, external_id=number, amount=amount, currency="EUR", now=now)


def everything():
    return Reward.objects.all()


def test_a_budget_that_is_used_up_puts_rewards_on_the_waiting_list_until_there_is_more(now):
    rule = RewardRuleFactory()
    budget = Budget.objects.create(
        program=rule.program, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), amount=4000
    )
    for number in range(2):
        sell(ReferralFactory(enrolment__program=rule.program), now, str(number))

    assert sorted(everything().values_list("status", flat=True)) == ["pending", "waiting"]
    Budget.objects.update(amount=8000)
    assert promise_waiting(now=now) == 1
    budget.refresh_from_db()
    assert budget.used == 8000
    assert ledger_differences() == []


def test_declining_gives_the_money_the_stock_and_the_code_back(now):
    rule = RewardRuleFactory(incentive__stock=1, incentive__fulfilment="code")
    CouponCode.objects.create(incentive=rule.incentive, code="A1")
    budget = Budget.objects.create(
        program=rule.program, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), amount=4000
    )
    sell(ReferralFactory(enrolment__program=rule.program), now)
    assert Incentive.objects.get().stock == 0
    assert CouponCode.objects.free().count() == 0

    decided = decline(everything(), reason="not_eligible", now=now, by=UserFactory())

    assert len(decided.moved) == 1
    budget.refresh_from_db()
    assert (budget.used, Incentive.objects.get().stock, CouponCode.objects.free().count()) == (0, 1, 1)
    undo(everything(), now=now, by=UserFactory())
    assert everything().get().status == "pending"
    assert ledger_differences() == []


def test_a_code_from_the_pool_is_handed_out_once_approved(now):
    rule = RewardRuleFactory(incentive__fulfilment="code", incentive__expires_after_days=30)
    CouponCode.objects.create(incentive=rule.incentive, code="A1")
    sell(ReferralFactory(enrolment__program=rule.program), now)

    approve(everything(), now=now, by=UserFactory())

    reward = everything().get()
    assert (reward.status, reward.code, reward.expires_at) == ("issued", "A1", now + timedelta(days=30))


def test_another_incentive_takes_the_place_of_one_that_has_run_out(now):
    rule = RewardRuleFactory(incentive__stock=0, fallback="other")
    rule.fallback_incentive = IncentiveFactory(program=rule.program, name="a letter", kind="letter", value=0)
    rule.save()
    sell(ReferralFactory(enrolment__program=rule.program), now)

    reward = everything().get()

    assert (reward.status, reward.incentive, reward.cost) == ("pending", rule.fallback_incentive, 0)


def test_a_reversed_sale_frees_the_promise_and_a_new_sale_renews_it(now):
    rule = RewardRuleFactory()
    referral = ReferralFactory(enrolment__program=rule.program)
    conversion = sell(referral, now)

    reverse_conversion(conversion, reason="refunded", now=now)
    assert everything().get().status == "declined"
    sell(referral, now, "2")

    assert everything().get().status == "pending"
    assert ledger_differences() == []


def test_a_reversed_sale_claims_back_what_was_handed_out(now):
    rule = RewardRuleFactory()
    conversion = sell(ReferralFactory(enrolment__program=rule.program), now)
    approve(everything(), now=now, by=UserFactory())
    hand_out(everything(), now=now, by=UserFactory(), code="X")

    reverse_conversion(conversion, reason="refunded", now=now)

    assert everything().get().status == "claimed"
    assert LedgerEntry.objects.balance(Account.CLAIMED, "EUR") == 4000
    assert ledger_differences() == []


def test_a_large_reward_needs_a_second_person(now):
    rule = RewardRuleFactory()
    RewardScheme.objects.create(program=rule.program, second_person_above=4000)
    sell(ReferralFactory(enrolment__program=rule.program), now)
    first, second = UserFactory(), UserFactory()

    assert "second person" in approve(everything(), now=now, by=first).refused[0].refusal
    assert "ask a second person" in approve(everything(), now=now, by=first).refused[0].refusal
    assert len(approve(everything(), now=now, by=second).moved) == 1


def test_points_buy_a_prize_once(now):
    rule = RewardRuleFactory(
        incentive__kind="points", incentive__value=100, incentive__fulfilment="automatic", approval="never"
    )
    referral = ReferralFactory(enrolment__program=rule.program)
    sell(referral, now)
    release_rewards(now=now)
    mug = IncentiveFactory(program=rule.program, name="a mug", kind="swag", value=900, cost=400)
    prize = Prize.objects.create(program=rule.program, incentive=mug, points=70)
    assert balance(referral.enrolment) == 100

    first = pick_prize(prize, referral.enrolment, now=now, key="one")
    assert pick_prize(prize, referral.enrolment, now=now, key="one") == first
    assert balance(referral.enrolment) == 30
    with pytest.raises(Refused, match="40 more points"):
        pick_prize(prize, referral.enrolment, now=now, key="two")
    decline(everything().filter(prize=prize), reason="mistake", now=now, by=UserFactory())

    assert balance(referral.enrolment) == 100
    assert ledger_differences() == []


def test_the_ladder_is_climbed_with_each_friend_and_its_tier_counts_for_rules(now):
    rule = RewardRuleFactory(when=RewardRule.When.TIER)
    RewardScheme.objects.create(program=rule.program, has_ladder=True)
    Tier.objects.create(program=rule.program, name="Silver", threshold=2)
    enrolment = EnrolmentFactory(program=rule.program)
    for number in range(2):
        assert not everything().exists()
        sell(ReferralFactory(enrolment=enrolment), now, str(number))

    assert enrolment.standing.tier.name == "Silver"
    assert everything().get().referral is None


def test_no_more_rewards_than_the_rule_allows(now):
    rule = RewardRuleFactory(most=1)
    enrolment = EnrolmentFactory(program=rule.program)
    for number in range(2):
        sell(ReferralFactory(enrolment=enrolment), now, str(number))

    assert everything().count() == 1


def test_a_mystery_gift_is_drawn_when_promised_and_takes_from_what_it_is(now):
    rule = RewardRuleFactory(incentive__kind="mystery", incentive__value=0)
    box = MysteryBox.objects.create(incentive=rule.incentive)
    mug = IncentiveFactory(program=rule.program, name="a mug", kind="swag", value=900, stock=5)
    box.outcomes.create(incentive=mug, chances=1)
    sell(ReferralFactory(enrolment__program=rule.program), now)

    reward = everything().get()

    assert (reward.incentive, reward.shown, reward.worth) == (mug, rule.incentive, "")
    mug.refresh_from_db()
    assert mug.stock == 4


def test_revoking_what_was_approved_is_final_until_undone(now):
    rule = RewardRuleFactory()
    sell(ReferralFactory(enrolment__program=rule.program), now)
    approve(everything(), now=now, by=UserFactory())

    revoke(everything(), reason="suspicious", now=now, by=UserFactory())
    assert everything().get().status == "revoked"
    undo(everything(), now=now, by=UserFactory())

    assert everything().get().status == "pending"
    assert ledger_differences() == []
