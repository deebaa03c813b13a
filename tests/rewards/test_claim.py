"""What was handed out and has to come back: paid back, or not asked for."""

from datetime import date

import pytest

from referrals.models import Event
from referrals.services.conversion import record_conversion, reverse_conversion
from rewards.models import Account, Budget, CouponCode, LedgerEntry, Reward
from rewards.services.audit import ledger_differences
from rewards.services.claim import settle_claims
from rewards.services.reward import approve, revoke
from tests.factories import ReferralFactory, RewardFactory, RewardRuleFactory, UserFactory

pytestmark = pytest.mark.django_db


def claimed_back(now):
    """A reward with a code that was handed out before the sale was taken back."""
    rule = RewardRuleFactory(incentive__fulfilment="code")
    CouponCode.objects.create(incentive=rule.incentive, code="A1")
    Budget.objects.create(
        program=rule.program, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), amount=4000
    )
    referral = ReferralFactory(enrolment__program=rule.program)
    sale = record_conversion(referral, external_id="1", amount=20000, currency="EUR", now=now)
    approve(Reward.objects.all(), now=now, by=UserFactory())
    reverse_conversion(sale, reason="refunded", now=now)
    assert Reward.objects.get().status == "claimed"
    return Reward.objects.all()


@pytest.mark.parametrize(
    ("outcome", "account", "used"),
    [
        ("repaid", Account.BUDGET, 0),
        ("waived", Account.PAID, 4000),
        ("issued", Account.PAID, 4000),
    ],
)
def test_a_claim_ends_with_a_counter_entry(now, outcome, account, used):
    claim, boss = claimed_back(now), UserFactory()
    before = LedgerEntry.objects.balance(account, "EUR")

    settle_claims(claim, outcome=outcome, note="Wired on Monday", now=now, by=boss)

    assert LedgerEntry.objects.balance(Account.CLAIMED, "EUR") == 0
    assert LedgerEntry.objects.balance(account, "EUR") - before == 4000
    assert Budget.objects.get().used == used
    assert ledger_differences() == []
    event = Event.objects.filter(kind=f"reward.{outcome}").latest("pk")
    assert (event.actor, event.data["note"]) == (boss, "Wired on Monday")


@pytest.mark.parametrize("outcome", ["repaid", "waived"])
def test_a_claim_is_settled_once_and_its_code_stays_given_away(now, outcome):
    claim = claimed_back(now)
    settle_claims(claim, outcome=outcome, now=now, by=None)

    again = settle_claims(claim, outcome="repaid", now=now, by=None)
    taken = revoke(claim, reason="mistake", now=now, by=None)

    assert (again.moved, taken.moved) == ([], [])
    assert CouponCode.objects.free().count() == 0
    assert ledger_differences() == []


@pytest.mark.parametrize("status", ["approved", "issued", "redeemed", "waived"])
@pytest.mark.parametrize("outcome", ["repaid", "issued"])
def test_what_is_no_claim_is_left_alone(now, status, outcome):
    reward = RewardFactory(status=status)

    assert settle_claims(Reward.objects.all(), outcome=outcome, now=now, by=None).refused == [reward]
    assert Reward.objects.get().status == status


def test_what_was_taken_back_by_mistake_is_theirs_again_and_can_be_taken_back_anew(now):
    claim = claimed_back(now)

    settle_claims(claim, outcome="issued", note="The refund was of another order", now=now, by=UserFactory())
    assert (claim.get().status, claim.get().code) == ("issued", "A1")
    revoke(claim, reason="other", now=now, by=UserFactory())

    assert claim.get().status == "claimed"
    assert ledger_differences() == []


def test_settling_three_claims_asks_as_often_as_one(now, django_assert_num_queries):
    rule = RewardRuleFactory()
    for count in (1, 3):
        rows = [
            RewardFactory(
                status="claimed", rule=rule, referral=ReferralFactory(enrolment__program=rule.program)
            )
            for _ in range(count)
        ]
        with django_assert_num_queries(13):
            settle_claims(
                Reward.objects.filter(pk__in=[r.pk for r in rows]), outcome="waived", now=now, by=None
            )
