"""What is left of a budget, a stock, a pool or points is given once, whoever asks at the same moment."""

from collections import Counter
from datetime import date, timedelta
from functools import partial

import pytest

from referrals.models import Event
from referrals.services.conversion import record_conversion, reverse_conversion
from referrals.transitions import Refused
from rewards.models import (
    Budget,
    Contest,
    ContestEntry,
    CouponCode,
    Incentive,
    Prize,
    Reward,
    RewardScheme,
    Tier,
)
from rewards.services.audit import ledger_differences
from rewards.services.claim import settle_claims
from rewards.services.contest import draw, enter_free
from rewards.services.points import balance, pick_prize
from rewards.services.reward import approve, decline, promise_waiting, release_rewards, revoke, undo
from tests.factories import (
    EnrolmentFactory,
    EventFactory,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
YEAR = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}


def friends_of(program, count):
    return [ReferralFactory(enrolment__program=program) for _ in range(count)]


def sell(referral, now, number="", amount=20000):
    return record_conversion(
        referral, external_id=number or f"order {referral.pk}", amount=amount, currency="EUR", now=now
    )


def sell_all_at_once(referrals, now):
    said = at_once(len(referrals), lambda n: sell(referrals[n], now))
    assert [answer for answer in said if isinstance(answer, Exception)] == []


def statuses():
    return Counter(Reward.objects.values_list("status", flat=True))


def errors(said):
    return [answer for answer in said if isinstance(answer, Exception)]


def test_the_last_unit_of_a_stock_is_promised_once(now):
    rule = RewardRuleFactory(incentive__stock=1)

    sell_all_at_once(friends_of(rule.program, 10), now)

    assert statuses() == {"pending": 1, "waiting": 9}
    assert Incentive.objects.get().stock == 0
    assert ledger_differences() == []


def test_the_last_codes_of_a_pool_are_set_aside_once_each(now):
    rule = RewardRuleFactory(incentive__fulfilment="code")
    CouponCode.objects.bulk_create(CouponCode(incentive=rule.incentive, code=f"C{n}") for n in range(3))

    sell_all_at_once(friends_of(rule.program, 12), now)

    assert statuses() == {"pending": 3, "waiting": 9}
    assert CouponCode.objects.free().count() == 0


def test_the_last_euro_of_a_budget_is_promised_once(now):
    rule = RewardRuleFactory()
    budget = Budget.objects.create(program=rule.program, amount=8001, **YEAR)

    sell_all_at_once(friends_of(rule.program, 10), now)

    assert statuses() == {"pending": 2, "waiting": 8}
    budget.refresh_from_db()
    assert budget.used == 8000
    assert ledger_differences() == []


def test_a_limit_for_each_advocate_holds_for_friends_who_buy_at_once(now):
    rule = RewardRuleFactory(most=1)
    enrolment = EnrolmentFactory(program=rule.program)

    sell_all_at_once([ReferralFactory(enrolment=enrolment) for _ in range(10)], now)

    assert statuses() == {"pending": 1}


def test_friends_who_buy_at_once_lift_the_advocate_to_the_tier_together(now):
    rule = RewardRuleFactory(when="tier.reached")
    RewardScheme.objects.create(program=rule.program, has_ladder=True)
    tier = Tier.objects.create(program=rule.program, name="Silver", threshold=6)
    enrolment = EnrolmentFactory(program=rule.program)

    sell_all_at_once([ReferralFactory(enrolment=enrolment) for _ in range(6)], now)

    assert enrolment.standing.tier == tier
    assert Event.objects.filter(kind="tier.reached").count() == 1
    assert statuses() == {"pending": 1}


def test_two_who_approve_at_once_approve_once(now):
    rule = RewardRuleFactory()
    sell_all_at_once(friends_of(rule.program, 3), now)
    staff = [UserFactory() for _ in range(4)]

    said = at_once(4, lambda n: approve(Reward.objects.all(), now=now, by=staff[n]))

    assert errors(said) == []
    assert sum(len(answer.moved) for answer in said) == 3
    assert sum(len(answer.refused) for answer in said) == 9
    assert ledger_differences() == []


def test_one_person_who_clicks_twice_at_once_is_not_two_people(now):
    rule = RewardRuleFactory()
    RewardScheme.objects.create(program=rule.program, second_person_above=4000)
    sell_all_at_once(friends_of(rule.program, 1), now)
    one = UserFactory()

    at_once(4, lambda _: approve(Reward.objects.all(), now=now, by=one))

    assert statuses() == {"pending": 1}


def test_an_approval_and_a_reversal_at_once_end_without_a_debt(now):
    rule = RewardRuleFactory()
    budget = Budget.objects.create(program=rule.program, amount=100_000, **YEAR)
    sales = [sell(referral, now) for referral in friends_of(rule.program, 8)]
    by = UserFactory()

    def decide(n):
        if n % 2:
            return approve(Reward.objects.filter(referral=sales[n // 2].referral), now=now, by=by)
        return reverse_conversion(sales[n // 2], reason="refunded", now=now)

    said = at_once(16, decide)

    assert errors(said) == []
    assert set(statuses()) <= {"declined", "revoked"}
    budget.refresh_from_db()
    assert budget.used == 0
    assert ledger_differences() == []


def test_a_reversal_and_another_sale_at_once_leave_the_reward_of_the_friend_who_stays(now):
    rule = RewardRuleFactory()
    referrals = friends_of(rule.program, 6)
    first = [sell(referral, now, f"first {referral.pk}") for referral in referrals]

    def trade(n):
        if n % 2:
            return sell(referrals[n // 2], now, f"second {n}")
        return reverse_conversion(first[n // 2], reason="refunded", now=now)

    said = at_once(12, trade)

    assert errors(said) == []
    assert set(Reward.objects.values_list("referral__status", "status")) == {("converted", "pending")}
    assert ledger_differences() == []


def test_the_last_points_are_spent_once(now):
    rule = RewardRuleFactory(
        incentive__kind="points", incentive__value=100, incentive__fulfilment="automatic", approval="never"
    )
    [referral] = friends_of(rule.program, 1)
    sell(referral, now)
    release_rewards(now=now)
    mug = IncentiveFactory(program=rule.program, name="a mug", kind="swag", value=900)
    prize = Prize.objects.create(program=rule.program, incentive=mug, points=60)

    said = at_once(6, lambda n: pick_prize(prize, referral.enrolment, now=now, key=str(n)))

    assert Counter(type(answer) for answer in said) == {Reward: 1, Refused: 5}
    assert balance(referral.enrolment) == 40
    assert ledger_differences() == []


def test_a_contest_drawn_twice_at_once_has_one_draw(now):
    mug = IncentiveFactory(name="a mug")
    contest = Contest.objects.create(
        program=mug.program, name="Spring", starts_at=now - timedelta(days=2), ends_at=now
    )
    contest.prizes.create(place=1, incentive=mug)
    for _ in range(3):
        enter_free(contest, EnrolmentFactory(program=mug.program), now=now - timedelta(days=1))

    said = at_once(4, lambda _: draw(contest, now=now))

    assert sorted(len(answer) for answer in said) == [0, 0, 0, 1]
    assert Reward.objects.count() == 1


def test_asking_for_a_free_entry_ten_times_at_once_is_one_chance(now):
    program = ProgramFactory()
    contest = Contest.objects.create(
        program=program, name="Spring", starts_at=now, ends_at=now + timedelta(days=1)
    )
    enrolment = EnrolmentFactory(program=program)

    said = at_once(10, lambda _: enter_free(contest, enrolment, now=now))

    assert errors(said) == []
    assert ContestEntry.objects.get().weight == 1


def test_a_decision_taken_back_twice_at_once_takes_stock_and_budget_once(now):
    rule = RewardRuleFactory(incentive__stock=5)
    budget = Budget.objects.create(program=rule.program, amount=100_000, **YEAR)
    sell_all_at_once(friends_of(rule.program, 2), now)
    decline(Reward.objects.all(), reason="other", now=now, by=UserFactory())

    said = at_once(4, lambda _: undo(Reward.objects.all(), now=now, by=None))

    assert errors(said) == []
    budget.refresh_from_db()
    assert (budget.used, Incentive.objects.get().stock, statuses()) == (8000, 3, {"pending": 2})
    assert ledger_differences() == []


def test_the_clock_of_two_machines_releases_each_reward_once(now):
    rule = RewardRuleFactory(approval="never", incentive__fulfilment="automatic")
    sell_all_at_once(friends_of(rule.program, 6), now)

    said = at_once(4, lambda _: release_rewards(now=now))

    assert errors(said) == []
    assert statuses() == {"issued": 6}
    assert Event.objects.filter(kind="reward.issued").count() == 6


def test_a_sale_of_a_limited_rule_and_a_step_of_another_do_not_wait_for_each_other_for_ever(now):
    """One locks the advocate and wants the budget; the other has the budget and names the advocate."""
    limited = RewardRuleFactory(most=100)
    program = limited.program
    RewardRuleFactory(program=program, when="referral.qualified", incentive__stock=1000)
    RewardRuleFactory(program=program, when="review.left", incentive__stock=1000)
    Budget.objects.create(program=program, amount=10**9, **YEAR)
    enrolment = EnrolmentFactory(program=program)
    referrals = [ReferralFactory(enrolment=enrolment) for _ in range(24)]

    def step(n):
        if n % 3 == 0:
            return sell(referrals[n], now)
        if n % 3 == 1:
            return referrals[n].advance("qualified", now=now)
        review = EventFactory.build(kind="review.left", program=program, advocate=enrolment.advocate)
        return Event.objects.record([review], now=now)

    said = at_once(24, step)

    assert errors(said) == []
    assert Reward.objects.count() == 24
    assert ledger_differences() == []


def test_points_paid_while_their_sales_are_refunded_lift_or_lower_the_advocate_and_wait_for_each_other(now):
    """Paying points moves the advocate on the ladder, as a refund does; both begin with the advocate."""
    program = ProgramFactory()
    RewardScheme.objects.create(program=program, has_ladder=True)
    Tier.objects.create(program=program, name="Silver", threshold=300, measure="points")
    for approval in ("never", "always"):
        incentive = IncentiveFactory(program=program, kind="points", value=100, fulfilment="automatic")
        RewardRuleFactory(program=program, incentive=incentive, approval=approval)
    enrolments, by = EnrolmentFactory.create_batch(2, program=program), UserFactory()
    sales = [sell(ReferralFactory(enrolment=enrolments[n % 2]), now) for n in range(12)]

    def step(n):
        steps = (
            lambda: reverse_conversion(sales[n // 2], reason="refunded", now=now),
            lambda: release_rewards(now=now),
            lambda: reverse_conversion(sales[n // 2], reason="refunded", now=now),
            lambda: approve(Reward.objects.filter(enrolment=enrolments[n // 2 % 2]), now=now, by=by),
        )
        return steps[n % 4]()

    said = at_once(24, step)

    assert errors(said) == []
    assert ledger_differences() == []


def test_incentives_promised_and_taken_back_in_opposite_order_do_not_lock_each_other_up(now):
    """Sales that renew one promise and make another, while staff take back, undo and refill."""
    program = ProgramFactory()
    mug, cup = (IncentiveFactory(program=program, name=name, stock=50) for name in ("a mug", "a cup"))
    RewardScheme.objects.create(program=program, has_ladder=True)
    Tier.objects.create(program=program, name="Silver", threshold=1)
    RewardRuleFactory(program=program, incentive=cup, when="tier.reached", most=1)
    RewardRuleFactory(program=program, incentive=mug, most=20)
    RewardRuleFactory(program=program, incentive=mug, when="referral.qualified")
    referrals = friends_of(program, 12)
    sales = [sell(referral, now) for referral in referrals]
    for sale in sales[:6]:
        reverse_conversion(sale, reason="refunded", now=now)
    by = UserFactory()

    def step(n):
        if n < 6:
            return sell(referrals[n], now, f"again {n}")
        if n < 12:
            return reverse_conversion(sales[n], reason="refunded", now=now)
        if n < 16:
            return revoke(Reward.objects.filter(incentive=(mug, cup)[n % 2]), reason="other", now=now, by=by)
        return undo(Reward.objects.all(), now=now, by=by) if n < 19 else promise_waiting(now=now)

    said = at_once(20, step)

    assert errors(said) == []
    for incentive in (mug, cup):
        incentive.refresh_from_db()
        held = Reward.objects.filter(incentive=incentive, status__in=["pending", "approved"])
        assert incentive.stock == 50 - held.count()
    assert ledger_differences() == []


def test_refunds_claims_decisions_and_retries_at_once_keep_the_books_straight(now):
    """Each friend bought twice; what was handed out is claimed back, settled, undone, while sales come and go."""
    rule = RewardRuleFactory(incentive__fulfilment="code", approval="never")
    program = rule.program
    RewardRuleFactory(program=program, most=4, incentive__stock=5)
    RewardRuleFactory(program=program, side="friend", minimum=10000)
    CouponCode.objects.bulk_create(CouponCode(incentive=rule.incentive, code=f"C{n}") for n in range(6))
    budget = Budget.objects.create(program=program, amount=60_000, **YEAR)
    enrolment, by = EnrolmentFactory(program=program), UserFactory()
    referrals = [ReferralFactory(enrolment=enrolment) for _ in range(4)]
    first = [sell(referral, now, f"first {n}") for n, referral in enumerate(referrals)]
    second = [sell(referral, now, f"second {n}", amount=9999) for n, referral in enumerate(referrals)]
    release_rewards(now=now)
    refund = partial(reverse_conversion, reason="refunded", now=now)

    def step(n):
        steps = (
            lambda: refund(first[n % 4]),
            lambda: refund(second[n % 4]),
            lambda: sell(referrals[n % 4], now, f"third {n % 4}"),
            lambda: undo(Reward.objects.all(), now=now, by=by),
            lambda: settle_claims(Reward.objects.all(), outcome=("repaid", "issued")[n % 2], now=now, by=by),
            lambda: (approve(Reward.objects.all(), now=now, by=by), promise_waiting(now=now)),
        )
        return steps[n // 4 % 6]()

    said = at_once(24, step)

    assert errors(said) == []
    assert ledger_differences() == []
    for sale in (*first, *second):
        refund(sale)
    settle_claims(Reward.objects.all(), outcome="repaid", note="so", now=now, by=by)
    assert ledger_differences() == []
    keys = Reward.objects.values_list("referral", "rule", "side")
    assert len(keys) == len(set(keys))
    budget.refresh_from_db()
    assert 0 <= budget.used <= budget.amount
    gone = ["waiting", "declined", "revoked"]
    held = (
        Reward.objects.exclude(status__in=gone).filter(incentive=rule.incentive).values_list("pk", flat=True)
    )
    assert set(CouponCode.objects.exclude(reward=None).values_list("reward", flat=True)) == set(held)
