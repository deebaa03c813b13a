"""Every pair of states, as a table: x may go there, a dot may not."""

from itertools import product

import pytest

from referrals.models import Event, Referral
from referrals.transitions import Refused
from rewards.models import LedgerEntry, Reward
from rewards.models.reward import STANDS_IN
from tests.factories import ReferralFactory, RewardFactory

REFERRAL = """
             submitted under_review contacted qualified converted lost rejected
submitted    .         x            x         x         x         x    x
under_review x         .            .         .         .         x    x
contacted    .         x            .         x         x         x    x
qualified    .         x            .         .         x         x    x
converted    .         .            .         x         .         .    .
lost         x         .            .         .         x         .    .
rejected     x         .            .         .         .         .    .
"""
REWARD = """
         waiting pending approved issued redeemed declined revoked claimed repaid waived
waiting  .       x       .        .      .        x        .       .       .      .
pending  .       .       x        x      .        x        .       .       .      .
approved .       x       .        x      .        .        x       .       .      .
issued   .       .       .        .      x        .        .       x       .      .
redeemed .       .       .        .      .        .        .       x       .      .
declined x       x       .        .      .        .        .       .       .      .
revoked  x       x       .        .      .        .        .       .       .      .
claimed  .       .       .        x      .        .        .       .       x      x
repaid   .       .       .        .      .        .        .       .       .      .
waived   .       .       .        .      .        .        .       .       .      .
"""


def pairs(table):
    head, *lines = table.strip().splitlines()
    for line in lines:
        before, *marks = line.split()
        for after, mark in zip(head.split(), marks, strict=True):
            yield before, after, mark == "x"


@pytest.mark.parametrize(("model", "table"), [(Referral, REFERRAL), (Reward, REWARD)])
def test_the_table_names_every_pair(model, table):
    assert {(a, b) for a, b, _may in pairs(table)} == set(product(model.Status.values, repeat=2))


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "after", "may"), [*pairs(REFERRAL)])
def test_a_referral_moves_as_the_table_says(now, before, after, may):
    referral = ReferralFactory(status=before)

    if may:
        referral.advance(after, now=now, reason="price", note="Too dear.")
        event = Event.objects.get()
        assert event.kind == f"referral.{'released' if after == 'submitted' else after}"
        assert event.data == {"from": before, "to": after, "reason": "price", "note": "Too dear."}
    else:
        with pytest.raises(Refused, match="It is “.+” now and cannot become “.+” from there."):
            referral.advance(after, now=now)
        assert Event.objects.count() == 0
    assert Referral.objects.get().status == (after if may else before)


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "after", "may"), [*pairs(REWARD)])
def test_a_reward_moves_as_the_table_says_and_its_money_with_it(now, before, after, may):
    reward = RewardFactory(status=before)

    moved, refused = Reward.objects.all().advance(after, now=now)

    assert (len(moved), len(refused)) == ((1, 0) if may else (0, 1))
    assert Reward.objects.get().status == (after if may else before)
    booked = dict(LedgerEntry.objects.values_list("account", "amount"))
    if may and STANDS_IN[before] != STANDS_IN[after]:
        assert booked == {STANDS_IN[before]: -reward.amount, STANDS_IN[after]: reward.amount}
    else:
        assert booked == {}


@pytest.mark.django_db
def test_a_set_moves_as_far_as_it_may_with_as_many_queries_as_one(now, django_assert_num_queries):
    ReferralFactory(status="converted")
    for count in (1, 3):
        for _ in range(count):
            ReferralFactory(status="submitted")
        with django_assert_num_queries(10):
            moved, refused = Referral.objects.filter(status__in=["submitted", "converted"]).advance(
                "contacted", now=now
            )
        assert (len(moved), len(refused)) == (count, 1)
