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
from rewards.services.budget import renew_budgets
from rewards.services.claim import settle_claims
from rewards.services.reward import (
    approve,
    decline,
    hand_out,
    mark_used,
    promise_waiting,
    release_rewards,
    revoke,
    undo,
)
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
    "sell little",
    "reverse",
    "reverse one",
    "approve",
    "decline",
    "hand out",
    "revoke",
    "undo",
    "release",
    "use",
    "pay back",
    "let go",
    "let keep",
    "next month",
    "renew",
    "refill",
]


# Chance alone seldom comes this far: some walks begin here.
CLAIMED = [("sell", 0, 0), ("approve", 0, 25), ("hand out", 0, 0), ("reverse", 0, 0)]
TWICE = [("sell", 1, 0), ("sell again", 1, 0)]
OPENINGS = (
    [],
    CLAIMED[:2],
    CLAIMED,
    [*CLAIMED, ("pay back", 0, 0)],
    [*CLAIMED, ("let go", 0, 0)],
    [*CLAIMED, ("let keep", 0, 0)],
    [*TWICE, ("reverse one", 1, 0)],
    [*CLAIMED[:2], *TWICE, ("next month", 0, 0), ("renew", 0, 0)],
)
SETTLED = {"pay back": "repaid", "let go": "waived", "let keep": "issued"}


def a_program():
    rule = RewardRuleFactory(incentive__stock=2, incentive__fulfilment="code", hold_days=1, fallback="other")
    rule.fallback_incentive = IncentiveFactory(program=rule.program, name="a mug", kind="swag", value=900)
    rule.minimum = 10000
    rule.save()
    RewardRuleFactory(
        program=rule.program, side="friend", approval="never", incentive__fulfilment="automatic"
    )
    RewardRuleFactory(program=rule.program, nth=2, incentive__value=2000)
    CouponCode.objects.bulk_create(CouponCode(incentive=rule.incentive, code=f"C{n}") for n in range(3))
    Budget.objects.create(
        program=rule.program, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), amount=13000,
        afterwards="month",
    )  # fmt: skip
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
        case "sell little":
            record_conversion(referrals[friend], external_id=f"little {friend}", **sale | {"amount": 9999})
        case "reverse one":
            if first := Conversion.objects.filter(referral=referrals[friend], reversed_at=None).first():
                reverse_conversion(first, reason="refunded", now=now)
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
        case "use":
            mark_used(rewards, now=now, by=by)
        case "pay back" | "let go" | "let keep":
            settle_claims(rewards, outcome=SETTLED[step], note="so", now=now, by=by)
        case "renew":
            renew_budgets(now=now)
        case "refill":
            Budget.objects.update(amount=F("amount") + 4000)
            promise_waiting(now=now)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(OPENINGS),
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 30)), max_size=9),
)
def test_any_order_of_steps_keeps_the_books_straight(django_db_blocker, opening, steps):
    from django.db import transaction

    with transaction.atomic():
        referrals, by, now = a_program(), UserFactory(), NOW
        for step, friend, hours in [*opening, *steps]:
            now += timedelta(hours=hours) + timedelta(days=31 if step == "next month" else 0)
            try:
                take(step, friend, referrals, now, by)
            except Refused:
                continue
        assert ledger_differences() == []
        keys = list(Reward.objects.values_list("referral", "rule", "side"))
        assert len(keys) == len(set(keys))
        assert not Budget.objects.filter(used__gt=F("amount")).exists()
        assert not Incentive.objects.filter(stock__lt=0).exists()
        # What was paid back was given away all the same: its code is known.
        none = ["waiting", "declined", "revoked"]
        promised = Reward.objects.exclude(status__in=none).filter(incentive__fulfilment="code")
        assert set(CouponCode.objects.exclude(reward=None).values_list("reward", flat=True)) == set(
            promised.values_list("pk", flat=True)
        )
        assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
        assert Referral.objects.count() == 3
        transaction.set_rollback(True)
