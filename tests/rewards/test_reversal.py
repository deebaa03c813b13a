"""One of several sales of the same friend is taken back: what it earned goes, unless another earns it too."""

from datetime import timedelta

import pytest

from referrals.models import Event
from referrals.services.conversion import record_conversion, reverse_conversion
from rewards.models import Reward
from rewards.services.audit import ledger_differences
from rewards.services.explanation import for_staff
from rewards.services.reward import approve, hand_out
from tests.factories import EnrolmentFactory, ReferralFactory, RewardRuleFactory, UserFactory

pytestmark = pytest.mark.django_db
LARGE, SMALL = 20000, 500


def sell(referral, now, order, amount=LARGE):
    return record_conversion(referral, external_id=order, amount=amount, currency="EUR", now=now)


def refund(sale, now):
    return reverse_conversion(sale, reason="refunded", now=now)


def given():
    return [(reward.referral, reward.status) for reward in Reward.objects.alive()]


def friends(rule, count):
    enrolment = EnrolmentFactory(program=rule.program)
    return [ReferralFactory(enrolment=enrolment) for _ in range(count)]


def test_a_later_sale_that_earns_the_same_stands_in_and_has_its_own_waiting_time(now):
    [ben] = friends(RewardRuleFactory(hold_days=14), 1)
    first = sell(ben, now, "A")
    sell(ben, now + timedelta(days=5), "B")

    refund(first, now + timedelta(days=6))

    reward = Reward.objects.get()
    assert (reward.status, reward.due_at) == ("pending", now + timedelta(days=19))
    assert reward.event.data["order"] == "B"
    assert "It was earned by order “A”, which was taken back; order “B” earns it too." in for_staff(reward)
    ben.refresh_from_db()
    assert ben.status == "converted"
    assert Event.objects.filter(kind="conversion.reversed").count() == 1


def test_the_reward_of_a_refunded_sale_goes_when_what_stands_is_too_small_for_it(now):
    [ben] = friends(RewardRuleFactory(minimum=LARGE), 1)
    sell(ben, now, "small before", SMALL)
    large = sell(ben, now, "large")
    sell(ben, now, "small after", SMALL)

    refund(large, now)

    assert given() == []
    assert Reward.objects.get().status_reason == "sale_reversed"
    sell(ben, now, "small again", SMALL)
    assert given() == []
    sell(ben, now, "large again")
    assert given() == [(ben, "pending")]
    assert Reward.objects.get().event.data["order"] == "large again"
    assert ledger_differences() == []


def test_a_refund_takes_what_its_own_sale_earned_and_nothing_else(now):
    small = RewardRuleFactory()
    large = RewardRuleFactory(program=small.program, minimum=LARGE)
    [ben] = friends(small, 1)
    sell(ben, now, "small", SMALL)
    upgrade = sell(ben, now, "large")

    refund(upgrade, now)

    assert [reward.rule for reward in Reward.objects.alive()] == [small]
    assert Reward.objects.get(rule=large).status == "declined"


def test_what_was_handed_out_for_a_refunded_sale_is_claimed_back_or_stays(now):
    fixed, large = RewardRuleFactory(), RewardRuleFactory(minimum=LARGE)
    for rule in (fixed, large):
        [ben] = friends(rule, 1)
        sale = sell(ben, now, f"first {rule.pk}")
        approve(rule.rewards.all(), now=now, by=UserFactory())
        hand_out(rule.rewards.all(), now=now, by=None)
        sell(ben, now, f"second {rule.pk}", SMALL)
        refund(sale, now)

    assert (fixed.rewards.get().status, large.rewards.get().status) == ("issued", "claimed")
    assert ledger_differences() == []


def test_the_second_friend_stays_the_second_while_one_sale_of_theirs_stands(now):
    ben, cleo, dora = friends(RewardRuleFactory(nth=2), 3)
    sell(ben, now, "1")
    first = sell(cleo, now, "2")
    sell(dora, now, "3")
    second = sell(cleo, now, "4")

    refund(first, now)
    assert given() == [(cleo, "pending")]
    refund(second, now)
    assert given() == []


def test_a_friend_who_comes_back_first_is_not_rewarded_as_the_second(now):
    ben, cleo = friends(RewardRuleFactory(nth=2), 2)
    sales = [sell(ben, now, "1"), sell(cleo, now, "2")]
    for sale in sales:
        refund(sale, now)

    sell(cleo, now, "3")

    assert given() == []


def test_a_sale_after_the_rule_ended_stands_in_for_nothing(now):
    rule = RewardRuleFactory(ends_at=now + timedelta(days=1))
    [ben] = friends(rule, 1)
    first = sell(ben, now, "in time")
    sell(ben, now + timedelta(days=2), "too late")

    refund(first, now + timedelta(days=3))

    assert given() == []


def test_three_rewards_of_a_refunded_sale_ask_as_often_as_one(now, django_assert_num_queries):
    for count in (1, 3):
        rules = [RewardRuleFactory()]
        rules += [RewardRuleFactory(program=rules[0].program, side="friend") for _ in range(count - 1)]
        [ben] = friends(rules[0], 1)
        first = sell(ben, now, f"first {count}")
        sell(ben, now, f"second {count}")
        with django_assert_num_queries(14):
            refund(first, now)
