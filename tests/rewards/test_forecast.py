"""What a rule would have cost last year counts what somebody would have kept."""

from datetime import timedelta

import pytest

from referrals.models import Referral
from referrals.services.conversion import record_conversion, reverse_conversion
from rewards.services.forecast import cost_of_last_year
from tests.factories import EnrolmentFactory, EventFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


def friends(rule, count):
    enrolment = EnrolmentFactory(program=rule.program)
    return [ReferralFactory(enrolment=enrolment) for _ in range(count)]


def sell(referral, now, order=""):
    return record_conversion(
        referral, external_id=order or str(referral.pk), amount=20000, currency="EUR", now=now
    )


def test_rejected_friends_and_refunded_sales_cost_nothing(now):
    rule = RewardRuleFactory()
    kept, refunded, rejected, partly = friends(rule, 4)
    for referral in (kept, rejected):
        sell(referral, now)
    reverse_conversion(sell(refunded, now), reason="refunded", now=now)
    reverse_conversion(sell(partly, now, "first"), reason="refunded", now=now)
    sell(partly, now, "second")
    Referral.objects.filter(pk=rejected.pk).update(status="rejected")

    found = cost_of_last_year(rule, now=now + timedelta(days=1))

    assert (found.rewards, found.cost, found.currency) == (2, 8000, "EUR")


def test_a_friend_who_gave_back_what_they_bought_is_no_new_qualified_friend(now):
    rule = RewardRuleFactory(when="referral.qualified")
    bought, qualified = friends(rule, 2)
    reverse_conversion(sell(bought, now), reason="refunded", now=now)
    qualified.advance("qualified", now=now)

    assert cost_of_last_year(rule, now=now + timedelta(days=1)).rewards == 1


def test_what_concerns_no_friend_is_counted_as_it_happened(now):
    rule = RewardRuleFactory(when="review.left")
    for _ in range(2):
        EventFactory(kind="review.left", program=rule.program, advocate=EnrolmentFactory().advocate)

    assert cost_of_last_year(rule, now=now + timedelta(days=1)).rewards == 2
