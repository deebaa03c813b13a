from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Sum
from hypothesis import given
from hypothesis import settings as fewer
from hypothesis import strategies as st

from referrals.models import Event, Referral
from referrals.services.conversion import record_conversion
from referrals.transitions import Refused
from rewards.models import Account, LedgerEntry, LedgerTransaction, Reward
from rewards.models.ledger import Movement
from rewards.models.reward import STANDS_IN
from rewards.services.reward import hand_out, release_rewards
from tests.factories import NOW, ReferralFactory, RewardFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["rewards_ledgertransaction", "rewards_ledgerentry"])
def test_the_database_refuses_to_change_the_ledger(now, table, change):
    RewardFactory().advance("approved", now=now)

    refused = pytest.raises(DatabaseError, match="The ledger is append-only: book a counter-entry instead.")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))

    assert (LedgerTransaction.objects.count(), LedgerEntry.objects.count()) == (1, 2)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", ["rewards_ledgertransaction", "rewards_ledgerentry"])
def test_the_database_refuses_to_empty_the_ledger(table):
    refused = pytest.raises(DatabaseError, match="The ledger is append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_one_event_cannot_move_money_twice(now):
    reward = RewardFactory()
    reward.advance("approved", now=now)
    event = Event.objects.get(kind="reward.approved")

    with pytest.raises(DatabaseError), transaction.atomic():
        again = Movement(
            event,
            event.program_id,
            reward.pk,
            reward.enrolment_id,
            Account.PROMISED,
            Account.OWED,
            4000,
            "EUR",
        )
        LedgerTransaction.objects.book([again], now=now)

    assert LedgerEntry.objects.balance(Account.OWED, "EUR") == 4000


# What staff, shops and the clock may do, in any order and as often as they like.
STEPS = {
    "sale": lambda row, now: record_conversion(row, external_id="1", amount=20000, currency="EUR", now=now),
    "other sale": lambda row, now: record_conversion(
        row, external_id="2", amount=99, currency="USD", now=now
    ),
    "sale again, amended": lambda row, now: record_conversion(
        row, external_id="1", amount=1, currency="EUR", now=now
    ),
    "approve": lambda row, now: Reward.objects.all().advance("approved", now=now),
    "decline": lambda row, now: Reward.objects.filter(side="friend").advance("declined", now=now),
    "revoke": lambda row, now: Reward.objects.filter(side="advocate").advance("revoked", now=now),
    "hand out": lambda row, now: hand_out(Reward.objects.all(), now=now, by=None),
    "use": lambda row, now: Reward.objects.all().advance("redeemed", now=now),
    "clock": lambda row, now: release_rewards(now=now),
    "qualify": lambda row, now: row.advance("qualified", now=now),
    "review": lambda row, now: row.advance("under_review", now=now),
    "release": lambda row, now: row.advance("submitted", now=now),
    "reject": lambda row, now: row.advance("rejected", now=now),
}


@fewer(max_examples=10)
@given(st.lists(st.tuples(st.sampled_from(list(STEPS)), st.integers(0, 3)), max_size=12))
def test_whatever_happens_in_whatever_order_the_ledger_adds_up(steps):
    with transaction.atomic():
        live_through(steps)
        look_at_the_books()
        transaction.set_rollback(True)


def live_through(steps):
    referral = ReferralFactory()
    program = referral.program
    RewardRuleFactory(program=program, side="advocate", minimum=10000, hold_days=2)
    RewardRuleFactory(program=program, side="friend", approval="never")
    RewardRuleFactory(program=program, side="advocate", when="referral.qualified", approval="never")
    now = NOW
    for name, days in steps:
        now += timedelta(days=days)
        try:
            with transaction.atomic():
                STEPS[name](Referral.objects.get(pk=referral.pk), now)
        except Refused:
            continue


def look_at_the_books():
    sums = LedgerEntry.objects.values("transaction").annotate(
        sum=Sum("amount"), currencies=Count("currency", distinct=True)
    )
    assert all((row["sum"], row["currencies"]) == (0, 1) for row in sums)
    expected = dict.fromkeys(Account.values, 0)
    for reward in Reward.objects.all():
        expected[Account.BUDGET] -= reward.amount
        expected[STANDS_IN[reward.status]] += reward.amount
        assert reward.status not in ("issued", "redeemed") or reward.due_at <= reward.status_at
    assert {account: LedgerEntry.objects.balance(account, "EUR") for account in Account.values} == expected
    assert not Reward.objects.values("referral", "rule", "side").annotate(n=Count("pk")).filter(n__gt=1)
