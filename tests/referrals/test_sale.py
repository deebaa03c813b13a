from datetime import timedelta
from itertools import permutations

import pytest

from campaigns.models import Message
from referrals.models import Attribution, Click, Conversion, Event, Referral
from referrals.services.conversion import record_conversion
from referrals.services.handling import reopen, settle
from referrals.services.sale import take_conversion, take_reversal
from referrals.transitions import Refused
from rewards.models import Reward
from tests.factories import (
    AdvocateFactory,
    ChannelFactory,
    EnrolmentFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
BEN = "ben@friend.example"


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def anna(program):
    return EnrolmentFactory(program=program)


@pytest.fixture
def carlo(program):
    return EnrolmentFactory(program=program, advocate__name="Carlo Bianchi")


@pytest.fixture
def sell(program, now):
    def take(order="1", amount=5000, at=now, **more):
        return take_conversion(
            program, external_id=order, amount=amount, currency="EUR", occurred_at=at, now=now, **more
        )

    return take


def named_by(enrolment, days=3, **more):
    at = enrolment.joined_at - timedelta(days=days)
    return ReferralFactory(enrolment=enrolment, submitted_at=at, **{"email": BEN} | more)


def test_a_sale_to_a_friend_somebody_named_counts_for_them(anna, sell):
    ben = named_by(anna)

    taken = sell(email="BEN@friend.example")

    ben.refresh_from_db()
    assert (taken.conversion.referral, ben.status, taken.attribution.standing) == (
        ben,
        "converted",
        "decided",
    )
    assert [row["verdict"] for row in taken.attribution.touches] == ["counts"]


def test_a_sale_with_only_a_code_makes_a_referral_and_invites_nobody(anna, sell):
    RewardRuleFactory(program=anna.program)

    taken = sell(code=anna.code.lower(), email=BEN, name="Ben Weber")

    ben = Referral.objects.get()
    assert (ben, ben.source, ben.name, ben.status) == (taken.referral, "sale", "Ben Weber", "converted")
    assert Reward.objects.get().enrolment == anna
    assert sorted(Message.objects.values_list("purpose", flat=True)) == ["success_thanks", "welcome"]


def test_a_sale_with_a_visit_brings_its_channel_and_a_bots_visit_brings_nothing(anna, now, sell):
    sms = ChannelFactory(program=anna.program, slug="sms")
    clicks = [
        Click.objects.create(enrolment=anna, channel=sms, visitor="v", is_bot=bot, at=now - timedelta(days=1))
        for bot in (False, True)
    ]

    assert sell("1", click=clicks[1], email=BEN).referral is None
    assert sell("2", click=clicks[0], email="cleo@friend.example").referral.channel == sms


def test_an_unknown_code_or_one_of_another_program_counts_for_nobody(sell):
    for n, code in enumerate(["NOTHING2", EnrolmentFactory().code, "\x00", "x" * 300]):
        taken = sell(str(n), code=code)
        assert (taken.conversion, taken.referral, taken.attribution.standing) == (None, None, "nobody")
    assert not Conversion.objects.exists()


def test_nobody_earns_by_buying_with_their_own_code(anna, sell):
    assert sell(code=anna.code, email=anna.advocate.email).conversion is None


def test_a_customer_from_before_counts_for_nobody(anna, sell):
    known = AdvocateFactory(email=BEN)
    type(known).objects.update(created_at=anna.joined_at - timedelta(days=300))

    assert sell(code=anna.code, email=BEN).conversion is None


def test_the_same_order_again_is_the_same_sale_and_another_amount_is_refused(anna, sell):
    named_by(anna)
    first = sell(email=BEN)
    before = Event.objects.count()

    assert sell(email=BEN).conversion == first.conversion
    assert Event.objects.count() == before
    with pytest.raises(Refused, match="with another amount"):
        sell(email=BEN, amount=1)


def test_an_order_that_somebody_recorded_by_hand_stays_where_they_put_it(anna, carlo, now, sell):
    ben = named_by(anna)
    sold = record_conversion(ben, external_id="1", amount=5000, currency="EUR", now=now)

    assert sell(email=BEN, code=carlo.code).conversion == sold
    assert sell("2", email=BEN, code=carlo.code).referral == ben


def test_an_order_reported_again_under_the_address_of_another_friend_is_still_its_buyers(anna, sell):
    named_by(anna, email="cleo@friend.example")
    sell(email=BEN)

    again = sell(email="cleo@friend.example", code=anna.code)

    assert (again.referral.enrolment, again.referral.email) == (anna, "")
    assert again.referral.email_key == again.attribution.email_key != ""


def test_a_refund_that_comes_before_its_order_waits_for_it(anna, program, now, sell):
    RewardRuleFactory(program=program)
    waiting = take_reversal(program, external_id="1", reason="Refunded", now=now)
    assert waiting.standing == "waiting"

    taken = sell(code=anna.code, email=BEN)

    assert (taken.conversion.reversed_at, taken.conversion.reversal_reason) == (now, "Refunded")
    assert not Reward.objects.exists()
    assert not Message.objects.exists()


def test_a_refund_takes_the_sale_and_its_reward_back_once(anna, program, now, sell):
    RewardRuleFactory(program=program)
    sell(code=anna.code, email=BEN)

    for _ in range(2):
        take_reversal(program, external_id="1", reason="Refunded", now=now)

    assert (Conversion.objects.get().reversed_at, Reward.objects.get().status) == (now, "declined")
    assert Event.objects.filter(kind="conversion.reversed").count() == 1


def test_an_earlier_order_that_arrives_late_takes_the_later_one_with_it(anna, carlo, now, sell):
    RewardRuleFactory(program=anna.program)
    sell("2", code=carlo.code, email=BEN)

    sell("1", at=now - timedelta(days=5), code=anna.code, email=BEN)

    assert set(Conversion.objects.values_list("referral__enrolment", flat=True)) == {anna.pk}
    assert list(Reward.objects.alive().values_list("enrolment", flat=True)) == [anna.pk]
    gone = Referral.objects.get(enrolment=carlo)
    assert (gone.status, gone.status_reason) == ("rejected", "other_advocate")
    assert Event.objects.get(kind="referral.attributed").referral.enrolment == anna


def test_what_was_handed_out_is_taken_from_nobody_and_a_person_decides(anna, carlo, now, sell):
    RewardRuleFactory(program=anna.program)
    sell("2", code=carlo.code, email=BEN)
    rewards = Reward.objects.all()
    rewards.advance("approved", now=now)
    rewards.advance("issued", now=now)

    sell("1", at=now - timedelta(days=5), code=anna.code, email=BEN)

    disputed = Attribution.objects.get(external_id="2")
    assert (disputed.standing, disputed.enrolment, disputed.rightful) == ("disputed", carlo, anna)
    assert disputed.conversion.referral.enrolment == carlo


def test_a_sale_to_a_friend_under_review_waits_for_the_review(anna, now, sell):
    ben = named_by(anna, status="under_review")
    assert sell(email=BEN).attribution.standing == "held"

    reopen(Referral.objects.filter(pk=ben.pk), now=now, by=None)

    assert Conversion.objects.get().referral == ben
    assert Attribution.objects.get().standing == "decided"


def test_when_the_review_says_no_the_sale_goes_to_whoever_comes_next(anna, carlo, now, sell):
    ben = named_by(anna, status="under_review")
    visit = Click.objects.create(enrolment=carlo, visitor="v", is_bot=False, at=now - timedelta(days=1))
    sell(email=BEN, click=visit)

    settle(Referral.objects.filter(pk=ben.pk), "rejected", now=now, by=None, reason="suspicious")

    assert Conversion.objects.get().referral.enrolment == carlo


@pytest.mark.parametrize("order", range(6))
def test_in_whatever_order_an_order_a_second_one_and_a_refund_arrive_the_end_is_the_same(
    anna, carlo, program, now, sell, order
):
    RewardRuleFactory(program=program)
    steps = [
        lambda: sell("1", at=now - timedelta(days=5), code=anna.code, email=BEN),
        lambda: sell("2", code=carlo.code, email=BEN),
        lambda: take_reversal(program, external_id="2", now=now),
    ]

    for step in list(permutations(steps))[order]:
        step()

    found = Conversion.objects.order_by("external_id").values_list("referral__enrolment", "reversed_at")
    assert list(found) == [(anna.pk, None), (anna.pk, now)]
    assert [reward.enrolment for reward in Reward.objects.alive()] == [anna]


@pytest.mark.parametrize("orders", [1, 3])
def test_taking_a_sale_costs_the_same_however_much_the_person_bought_before(
    anna, sell, orders, django_assert_max_num_queries
):
    named_by(anna)
    for n in range(orders):
        sell(f"before-{n}", email=BEN)

    with django_assert_max_num_queries(30):
        sell("now", email=BEN)
