"""Part of a sale is paid back: the rest counts, and earns what it is enough for."""

from datetime import timedelta

import pytest
from django.urls import reverse

from referrals.models import Attribution, Conversion, Event, Refund
from referrals.public_ids import public_id
from referrals.services.refund import take_refund
from referrals.services.sale import take_conversion
from referrals.transitions import Refused
from rewards.models import Reward, Standing
from rewards.services.audit import ledger_differences
from rewards.services.explanation import for_staff
from rewards.services.reward import approve, hand_out
from tests.cast import System, client_of, member_of
from tests.factories import ReferralFactory, RewardRuleFactory, RewardSchemeFactory, TierFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(now):
    """Buys for at least €50, which earns Anna something, and for anything, which earns Ben something."""
    referral = ReferralFactory(email="ben@friend.example", submitted_at=now - timedelta(days=5))
    RewardRuleFactory(program=referral.program, minimum=5000)
    RewardRuleFactory(program=referral.program, side="friend")
    return referral


def buy(ben, now, order="A1", amount=10_000):
    return take_conversion(
        ben.program, external_id=order, amount=amount, currency="EUR", email=ben.email, now=now
    )


def pay_back(ben, now, amount, number="", order="A1", **more):
    return take_refund(ben.program, external_id=order, amount=amount, number=number, now=now, **more)


def standing():
    return dict(Reward.objects.values_list("side", "status"))


def test_a_reward_stays_while_the_rest_is_enough_and_goes_when_it_is_not(ben, now):
    buy(ben, now)

    pay_back(ben, now, 4000)
    assert (Conversion.objects.get().left, standing()) == (6000, {"advocate": "pending", "friend": "pending"})
    pay_back(ben, now, 2000, reason="Too large")

    assert (Conversion.objects.get().left, standing()) == (
        4000,
        {"advocate": "declined", "friend": "pending"},
    )
    lost = Reward.objects.get(side="advocate")
    assert "Reason: part of the sale was refunded." in for_staff(lost)
    ben.refresh_from_db()
    assert ben.status == "converted"
    events = Event.objects.filter(kind="conversion.reduced").order_by("pk")
    assert [event.data["left"] for event in events] == [6000, 4000]
    assert ledger_differences() == []


def test_what_was_handed_out_is_claimed_back(ben, now):
    buy(ben, now)
    later = now + timedelta(days=20)
    approve(Reward.objects.filter(side="advocate"), now=later, by=UserFactory())
    hand_out(Reward.objects.filter(side="advocate"), now=later, by=UserFactory())

    pay_back(ben, later, 6000)

    assert standing() == {"advocate": "claimed", "friend": "pending"}


def test_when_nothing_is_left_the_sale_is_taken_back(ben, now):
    buy(ben, now)
    pay_back(ben, now, 4000)
    pay_back(ben, now, 6000, reason="Returned")

    sale = Conversion.objects.get()
    assert (sale.reversed_at, sale.reversal_reason) == (now, "Returned")
    assert Attribution.objects.get().reversed_at == now
    assert set(standing().values()) == {"declined"}


def test_a_later_sale_stands_in_with_what_is_left_of_it(ben, now):
    buy(ben, now)
    buy(ben, now, "A2", 8000)
    pay_back(ben, now, 4000, order="A2")

    pay_back(ben, now, 9000)

    assert standing()["advocate"] == "declined"
    buy(ben, now, "A3", 5000)
    assert standing()["advocate"] == "pending"


@pytest.mark.parametrize("before", [["r1"], ["r1", "r2"]])
def test_a_refund_may_come_before_its_order(ben, now, before):
    amounts = {"r1": 4000, "r2": 2000}
    for number in before:
        assert pay_back(ben, now, amounts[number], number).conversion is None
    buy(ben, now)
    for number in amounts:
        pay_back(ben, now, amounts[number], number)

    assert Refund.objects.count() == 2
    assert (Conversion.objects.get().left, standing()) == (
        4000,
        {"advocate": "declined", "friend": "pending"},
    )


@pytest.mark.parametrize(
    ("refund", "why"),
    [
        ({"amount": 10_001}, "That is more than is left of this order."),
        ({"amount": 0}, "A refund is more than nothing."),
        ({"amount": 10, "currency": "USD"}, "The order was paid in EUR."),
        ({"amount": 11, "number": "r1"}, "This refund is recorded already, with another amount."),
    ],
)
def test_what_cannot_be_is_refused(ben, now, refund, why):
    buy(ben, now)
    pay_back(ben, now, 10, "r1")

    with pytest.raises(Refused, match=why):
        pay_back(ben, now, **refund)
    assert Conversion.objects.get().left == 9990


def test_a_ladder_of_value_counts_what_is_left(ben, now):
    RewardSchemeFactory(program=ben.program, has_ladder=True)
    TierFactory(program=ben.program, measure="value", threshold=8000)
    buy(ben, now)
    assert Standing.objects.get().tier is not None

    pay_back(ben, now, 3000)

    assert Standing.objects.get().tier is None


def test_the_api_takes_part_of_a_sale_back_once(ben, now):
    shop = System(ben.program)
    buy(ben, now)
    sale = f"/conversions/{public_id('con', Conversion.objects.get().pk)}"
    refund = {"amount": 6000, "refund": "r1", "reason": "Too large"}

    first, again = shop.post(f"{sale}/reverse", refund), shop.post(f"{sale}/reverse", refund)
    by_number = shop.post(
        "/conversions/reverse", refund | {"external_id": "A1", "refund": "r2", "amount": 1000}
    )
    too_much = shop.post(f"{sale}/reverse", refund | {"refund": "r3"})

    assert (first.status_code, first.json()["refunded"], first.json()["reversed_at"]) == (200, 6000, None)
    assert again.json() == first.json()
    assert by_number.json()["refunded"] == 7000
    assert (too_much.status_code, shop.get(sale).json()["refunded"]) == (409, 7000)
    assert (
        shop.post("/conversions/reverse", {"external_id": "B", "amount": 5}).json()["standing"] == "waiting"
    )


def test_staff_refund_part_of_a_sale_and_read_what_is_left(ben, now):
    buy(ben, now)
    sale = Conversion.objects.get()
    page = reverse("admin:referrals_conversion_step", args=[sale.pk, "take-back"])
    sales, manager = client_of(member_of(ben.program, "sales")), client_of(member_of(ben.program))

    assert sales.post(page, {"_do": "1", "note": "x"}).status_code == 403
    manager.post(page, {"_do": "1", "amount": "60", "note": "Too large"})
    shown = manager.get(reverse("admin:referrals_conversion_change", args=[sale.pk])).text
    manager.post(page, {"_do": "1", "note": "Returned"})

    assert "Of it €60.00 was paid back; €40.00 goes on counting." in shown
    assert "Too large" in shown
    sale.refresh_from_db()
    assert (sale.refunded, sale.reversal_reason) == (6000, "Returned")
