from datetime import timedelta

import pytest

from referrals.models import Referral
from referrals.services.conversion import record_conversion
from referrals.services.referral import Friend, submit_referrals
from referrals.transitions import Refused
from rewards.models import Reward
from rewards.services.reward import hand_out, mark_used, release_rewards
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db


def sell(referral, now, amount=20000, currency="EUR"):
    return record_conversion(referral, external_id="42", amount=amount, currency=currency, now=now)


def test_a_reward_says_what_whom_when_and_why(now):
    referral = ReferralFactory()
    rule = RewardRuleFactory(program=referral.program, hold_days=14, incentive__value=2500)

    sell(referral, now)

    reward = Reward.objects.get()
    assert (reward.status, reward.side, reward.rule, reward.amount, reward.currency) == (
        "pending", "advocate", rule, 2500, "EUR",
    )  # fmt: skip
    assert reward.due_at == now + timedelta(days=14)
    assert reward.event.data["order"] == "42"


@pytest.mark.parametrize(
    "rule",
    [
        {"minimum": 20001},
        {"active": False},
        {"incentive__active": False},
        {"when": "referral.submitted"},
        {"program": None},
    ],
    ids=["sale too small", "inactive rule", "inactive incentive", "another event", "another program"],
)
def test_a_rule_that_does_not_fit_gives_nothing(now, rule):
    referral = ReferralFactory()
    RewardRuleFactory(
        **{"program": referral.program} | rule | ({"program": ProgramFactory()} if "program" in rule else {})
    )
    fitting = RewardRuleFactory(program=referral.program, minimum=20000)

    sell(referral, now)

    assert [reward.rule for reward in Reward.objects.all()] == [fitting]


def test_a_smallest_sale_is_not_reached_in_another_currency(now):
    referral = ReferralFactory()
    RewardRuleFactory(program=referral.program, minimum=100)

    sell(referral, now, amount=1_000_000, currency="USD")

    assert Reward.objects.count() == 0


@pytest.mark.parametrize(("ends_in", "rewards"), [(0, 0), (1, 1)])
def test_a_rule_gives_until_it_ends(now, ends_in, rewards):
    referral = ReferralFactory()
    RewardRuleFactory(program=referral.program, ends_at=now + timedelta(seconds=ends_in))

    sell(referral, now)

    assert Reward.objects.count() == rewards


def test_a_friend_who_does_not_count_earns_nobody_anything(now):
    enrolment = EnrolmentFactory()
    RewardRuleFactory(program=enrolment.program, when="referral.submitted")
    AdvocateFactory(email="customer@x.example")

    friends = [Friend("Ben", "ben@x.example"), Friend("Carla", "customer@x.example")]
    submit_referrals(enrolment, friends, now=now, agreement="")

    assert [str(reward.referral) for reward in Reward.objects.all()] == ["Ben"]


@pytest.mark.parametrize("status", ["rejected", "under_review"])
def test_a_sale_to_someone_who_does_not_count_is_refused_whole(now, status):
    referral = ReferralFactory(status=status)
    RewardRuleFactory(program=referral.program)

    with pytest.raises(Refused, match="cannot become “customer”"):
        sell(referral, now)

    assert (referral.conversions.count(), Reward.objects.count()) == (0, 0)


def test_the_clock_approves_what_is_due_and_needs_nobody(now):
    due = RewardFactory(needs_approval=False)
    later = RewardFactory(needs_approval=False, due_at=now + timedelta(seconds=1))
    asked = RewardFactory(needs_approval=True)

    released = release_rewards(now=now)

    assert released == 1
    due.refresh_from_db()
    assert due.status == "approved"
    assert set(Reward.objects.filter(status="pending")) == {later, asked}


def test_more_than_fits_a_batch_is_released_whole(now, monkeypatch):
    monkeypatch.setattr("rewards.services.reward.BATCH", 2)
    monkeypatch.setattr("rewards.services.reward.KEYS", 3)
    for _ in range(5):
        RewardFactory(needs_approval=False)

    assert release_rewards(now=now) == 5
    assert not Reward.objects.filter(status="pending").exists()


@pytest.mark.parametrize("status", ["rejected", "under_review"])
def test_a_doubt_is_never_paid_by_waiting(now, status):
    promised = RewardFactory(needs_approval=False, referral__status=status)
    approved = RewardFactory(status="approved", referral__status=status)

    assert release_rewards(now=now) == 0
    assert hand_out(Reward.objects.filter(pk=approved.pk), now=now, by=None).refused == [approved]
    promised.refresh_from_db()
    assert promised.status == "pending"


def test_only_approved_rewards_whose_time_has_come_are_handed_out(now):
    ready = RewardFactory(status="approved")
    waiting = RewardFactory(status="approved", due_at=now + timedelta(seconds=1))
    promised = RewardFactory(status="pending")
    other = RewardFactory(status="approved")

    moved, refused = hand_out(Reward.objects.exclude(pk=other.pk), now=now, by=None, code="GIFT-1")

    assert (moved, set(refused)) == ([ready], {waiting, promised})
    ready.refresh_from_db()
    assert (ready.status, ready.code) == ("issued", "GIFT-1")
    other.refresh_from_db()
    assert (other.status, other.code) == ("approved", "")


def test_handing_out_three_rewards_asks_as_often_as_one(now, django_assert_num_queries):
    program = ProgramFactory()
    incentive = IncentiveFactory(program=program)
    for count in (1, 3):
        for _ in range(count):
            RewardFactory(status="approved", rule__incentive=incentive, referral__enrolment__program=program)
        with django_assert_num_queries(12):
            hand_out(Reward.objects.filter(status="approved"), now=now, by=None)


def test_a_lost_friend_who_buys_after_all_still_earns(now):
    referral = ReferralFactory(status=Referral.Status.LOST)
    RewardRuleFactory(program=referral.program)

    sell(referral, now)

    assert Reward.objects.count() == 1


def test_what_was_handed_out_is_marked_as_used_and_nothing_else(now):
    issued, pending = RewardFactory(status="issued"), RewardFactory()

    result = mark_used(Reward.objects.all(), now=now, by=None)

    assert (result.moved, result.refused) == ([issued], [pending])
