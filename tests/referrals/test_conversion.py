import pytest

from campaigns.models import Message
from referrals.models import Conversion, Event
from referrals.services.conversion import record_conversion, reverse_conversion
from referrals.transitions import Refused
from rewards.models import Reward
from tests.factories import EnrolmentFactory, FollowUpFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("earlier", [0, 3])
def test_a_sale_with_two_rewards_and_two_mails_is_one_short_transaction(
    now, earlier, django_assert_max_num_queries
):
    enrolment = EnrolmentFactory()
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=enrolment.program, side=side)
    for n in range(earlier):
        sold = ReferralFactory(enrolment=enrolment, program=enrolment.program)
        record_conversion(sold, external_id=f"earlier-{n}", amount=200, currency="EUR", now=now)
    referral = ReferralFactory(enrolment=enrolment, program=enrolment.program)
    FollowUpFactory(referral=referral)

    # With the test's own savepoint and its release.
    with django_assert_max_num_queries(29):
        record_conversion(referral, external_id="42", amount=200, currency="EUR", now=now)

    assert referral.rewards.count() == 2
    assert Message.objects.filter(referral=referral).count() == 2


def test_the_same_order_again_changes_nothing_even_after_it_was_taken_back(now):
    referral = ReferralFactory()
    RewardRuleFactory(program=referral.program)

    def sell(**more):
        return record_conversion(
            referral, **{"external_id": "42", "amount": 200, "currency": "EUR", "now": now} | more
        )

    first = sell()
    reverse_conversion(first, reason="Refunded", now=now)
    before = Event.objects.count()

    assert sell() == first
    assert Event.objects.count() == before
    referral.refresh_from_db()
    assert (referral.status, Reward.objects.get().status) == ("qualified", "declined")
    with pytest.raises(Refused, match="with another amount or friend"):
        sell(amount=300)


def test_a_sale_to_a_friend_who_does_not_count_is_refused_whole(now):
    referral = ReferralFactory(status="rejected")

    with pytest.raises(Refused, match="cannot become “customer” from there"):
        record_conversion(referral, external_id="42", amount=200, currency="EUR", now=now)

    assert not Conversion.objects.exists()
