import pytest

from referrals.models import Advocate, Event, FollowUp, Referral
from referrals.services.conversion import record_conversion
from referrals.services.referral import Friend, accept, decline, submit_referrals
from referrals.transitions import Refused
from rewards.models import LedgerEntry, Reward
from rewards.models.ledger import Account
from tests.factories import AdvocateFactory, EnrolmentFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db
BEN = Friend(name="Ben Weber", email="ben@friend.example")


def test_naming_a_friend_makes_a_referral_a_call_and_an_event(now):
    enrolment = EnrolmentFactory()

    [referral] = submit_referrals(enrolment, [BEN], now=now, agreement="They agreed.")

    assert referral.status == Referral.Status.SUBMITTED
    assert FollowUp.objects.get().due_at.hour == 14
    assert list(Event.objects.values_list("kind", flat=True)) == ["referral.submitted"]
    assert referral.consents.get().words == "They agreed."


def test_naming_five_friends_costs_as_many_queries_as_one(now, django_assert_num_queries):
    enrolment = EnrolmentFactory()
    for first, count in ((0, 1), (1, 5)):
        friends = [Friend(name="Ben", email=f"ben{first + n}@friend.example") for n in range(count)]
        with django_assert_num_queries(14):
            submit_referrals(enrolment, friends, now=now, agreement="")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Advocate.Kind.CUSTOMER, Referral.Reason.EXISTING_CUSTOMER), (Advocate.Kind.LOST_LEAD, "")],
)
def test_a_friend_who_is_a_customer_is_taken_in_and_does_not_count(now, kind, reason):
    AdvocateFactory(email="B.E.N+x@gmail.com", kind=kind)

    [referral] = submit_referrals(EnrolmentFactory(), [Friend("Ben", "ben@gmail.com")], now=now, agreement="")

    assert referral.status_reason == reason
    assert FollowUp.objects.count() == (0 if reason else 1)


def test_a_friend_whom_somebody_else_named_does_not_count(now):
    first = ReferralFactory(email="ben@friend.example")

    [second] = submit_referrals(EnrolmentFactory(program=first.program), [BEN], now=now, agreement="")

    assert second.status_reason == Referral.Reason.ALREADY_REFERRED


def test_nobody_names_more_than_thirty_friends_a_day(now):
    enrolment = EnrolmentFactory()
    thirty = [Friend(name="Ben", email=f"ben{n}@friend.example") for n in range(30)]
    submit_referrals(enrolment, thirty, now=now, agreement="")

    with pytest.raises(Refused, match="30 people a day"):
        submit_referrals(enrolment, [Friend(name="Cleo", email="cleo@friend.example")], now=now, agreement="")

    assert Referral.objects.count() == 30


def test_friends_who_come_by_a_link_use_up_nothing(now):
    enrolment = EnrolmentFactory()
    came = [Friend(name="Ben", email=f"ben{n}@friend.example") for n in range(31)]

    submit_referrals(enrolment, came, now=now, agreement="", source=Referral.Source.LINK)
    submit_referrals(enrolment, [Friend("Cleo", "cleo@friend.example")], now=now, agreement="")

    assert Referral.objects.count() == 32


def test_a_yes_after_a_no_is_a_yes_again(now):
    referral = ReferralFactory()
    accept(referral, agreement="Yes.", now=now)
    decline(referral, now=now)

    accept(referral, agreement="Yes.", now=now)

    referral.refresh_from_db()
    assert referral.status == Referral.Status.SUBMITTED
    assert FollowUp.objects.open().count() == 1


def test_a_sale_reported_twice_is_one_conversion_and_one_reward_a_side(now):
    referral = ReferralFactory()
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=referral.program, side=side)

    sales = [
        record_conversion(referral, external_id="42", amount=20000, currency="EUR", now=now) for _ in range(2)
    ]

    assert sales[0] == sales[1]
    assert sorted(Reward.objects.values_list("side", flat=True)) == ["advocate", "friend"]
    assert LedgerEntry.objects.balance(Account.PROMISED, "EUR") == 8000
    assert LedgerEntry.objects.balance(Account.BUDGET, "EUR") == -8000


def test_a_converted_referral_cannot_be_lost(now):
    referral = ReferralFactory(status=Referral.Status.CONVERTED)

    with pytest.raises(Refused, match="It is “customer” now and cannot become “lost” from there."):
        referral.advance(Referral.Status.LOST, now=now)
