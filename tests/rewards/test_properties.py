"""Whatever happens in whatever order: sums are zero, nothing is paid twice, nothing below zero."""

from datetime import date, timedelta

import pytest
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referrals.models import Conversion, Referral
from referrals.services.conversion import record_conversion, reverse_conversion
from referrals.transitions import Refused
from rewards.models import Budget, CouponCode, Incentive, LedgerEntry, Reward
from rewards.services.audit import ledger_differences
from rewards.services.reward import approve, decline, hand_out, promise_waiting, release_rewards, revoke, undo
from tests.factories import (
    NOW,
    EnrolmentFactory,
    IncentiveFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

STEPS = [
    "sell",
    "sell",
    "sell again",
    "reverse",
    "approve",
    "decline",
    "hand out",
    "revoke",
    "undo",
    "release",
    "refill",
]


def a_program():
    rule = RewardRuleFactory(incentive__stock=2, incentive__fulfilment="code", hold_days=1, fallback="other")
    rule.fallback_incentive = IncentiveFactory(program=rule.program, name="a mug", kind="swag", value=900)
    rule.save()
    RewardRuleFactory(
        program=rule.program, side="friend", approval="never", incentive__fulfilment="automatic"
    )
    CouponCode.objects.bulk_create(CouponCode(incentive=rule.incentive, code=f"C{n}") for n in range(3))
    Budget.objects.create(
        program=rule.program, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), amount=13000
    )
    enrolment = EnrolmentFactory(program=rule.program)
    return [ReferralFactory(enrolment=enrolment) for _ in range(3)]


def take(step, friend, referrals, now, by):
    rewards = Reward.objects.filter(referral=referrals[friend])
    sale = {"amount": 20000, "currency": "EUR", "now": now}
    match step:
        case "sell":
            record_conversion(referrals[friend], external_id=f"order {friend}", **sale)
        case "sell again":
            record_conversion(referrals[friend], external_id=f"again {friend}", **sale)
        case "reverse":
            for conversion in Conversion.objects.filter(referral=referrals[friend]):
                reverse_conversion(conversion, reason="refunded", now=now)
        case "approve":
            approve(rewards, now=now, by=by)
        case "decline":
            decline(rewards, reason="other", now=now, by=by)
        case "hand out":
            hand_out(rewards, now=now, by=by, code="X")
        case "revoke":
            revoke(rewards, reason="other", now=now, by=by)
        case "undo":
            undo(rewards, now=now, by=by)
        case "release":
            release_rewards(now=now)
        case "refill":
            Budget.objects.update(amount=F("amount") + 4000)
            promise_waiting(now=now)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 30)), max_size=14))
def test_any_order_of_steps_keeps_the_books_straight(django_db_blocker, steps):
    from django.db import transaction

    with transaction.atomic():
        referrals, by, now = a_program(), UserFactory(), NOW
        for step, friend, hours in steps:
            now += timedelta(hours=hours)
            try:
                take(step, friend, referrals, now, by)
            except Refused:
                continue
        assert ledger_differences() == []
        keys = list(Reward.objects.values_list("referral", "rule", "side"))
        assert len(keys) == len(set(keys))
        assert not Budget.objects.filter(used__gt=F("amount")).exists()
        assert not Incentive.objects.filter(stock__lt=0).exists()
        promised = Reward.objects.alive().exclude(status="waiting").filter(incentive__fulfilment="code")
        assert set(CouponCode.objects.exclude(reward=None).values_list("reward", flat=True)) == set(
            promised.values_list("pk", flat=True)
        )
        assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
        assert Referral.objects.count() == 3
        transaction.set_rollback(True)
