"""A sale that a colleague wrote down without a number, and that the shop reports: it counts once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from referrals.models import Conversion, Event
from referrals.services.buyers import Sale
from referrals.services.many_sales import take_conversions
from referrals.services.sale import take_conversion, take_reversal
from referrals.services.touch import Buyer, Hints
from rewards.models import Reward
from tests.cast import client_of, member_of
from tests.factories import EnrolmentFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(today):
    referral = ReferralFactory(email="ben@friend.example", submitted_at=today - timedelta(days=20))
    RewardRuleFactory(program=referral.program)
    return referral


@pytest.fixture
def today():
    return timezone.now()


@pytest.fixture
def maya(ben):
    return client_of(member_of(ben.program))


def by_hand(ben, maya, amount="1234.50", order="", day=None):
    name = "sale" if ben.conversions.exists() else "converted"
    url = reverse("admin:referrals_referral_step", args=[ben.pk, name])
    return maya.post(url, {"_do": "1", "amount": amount, "order": order, "sold_on": day or ""}, follow=True)


def shop(ben, at, amount=123450, order="SO-1"):
    return take_conversion(
        ben.program, external_id=order, amount=amount, currency="EUR", email=ben.email, occurred_at=at, now=at
    )


def in_bulk(ben, at, amount=123450, order="SO-1"):
    buyer = Buyer(email=ben.email)
    sale = Sale(order, amount, "EUR", at, buyer, Hints())
    return take_conversions(ben.program, [sale], now=at)


def sales():
    return list(Conversion.objects.order_by("external_id").values_list("external_id", flat=True))


@pytest.mark.parametrize("report", [shop, in_bulk])
@pytest.mark.parametrize("is_first", [True, False])
def test_whichever_comes_first_it_is_one_sale_with_the_number_and_one_reward(
    ben, maya, today, report, is_first
):
    first, second = [lambda: by_hand(ben, maya), lambda: report(ben, today)][:: 1 if is_first else -1]
    first()
    second()
    second()

    assert sales() == ["SO-1"]
    assert Reward.objects.count() == 1
    [event] = Event.objects.filter(kind="conversion.joined")
    page = maya.get(reverse("admin:referrals_referral_change", args=[ben.pk])).text
    assert event.data["order"] == "SO-1"
    assert "Recorded by hand and reported as order SO-1: taken for one sale" in page
    assert "same friend, same amount, 0 days apart" in page


@pytest.mark.parametrize(
    ("days", "amount", "order"),
    [(8, 123450, ""), (0, 123451, ""), (0, 123450, "SO-0")],
)
def test_other_days_another_amount_or_a_number_make_two(ben, maya, today, days, amount, order):
    by_hand(ben, maya, order=order)
    shop(ben, today + timedelta(days=days), amount)

    assert len(sales()) == 2
    assert not Event.objects.filter(kind="conversion.joined").exists()


@pytest.mark.parametrize("is_first", [True, False])
def test_staff_say_that_they_are_two(ben, maya, today, is_first):
    first, second = [lambda: by_hand(ben, maya), lambda: shop(ben, today)][:: 1 if is_first else -1]
    first()
    second()
    url = reverse("admin:referrals_conversion_step", args=[Conversion.objects.get().pk, "two-sales"])

    maya.post(url, {"_do": "1", "note": "He bought a second one."})
    shop(ben, today)
    by_hand(ben, maya)

    assert sales() == ["SO-1", f"referral-{ben.pk}"]
    assert Event.objects.get(kind="conversion.told_apart").data["note"] == "He bought a second one."
    assert maya.get(url).status_code == 302


def test_different_amounts_are_for_a_person_to_look_at(ben, maya, today):
    by_hand(ben, maya, amount="1200")
    shop(ben, today)
    page = reverse("admin:referrals_referral_change", args=[ben.pk])
    recorded = Conversion.objects.get(amount=120000)

    assert "Perhaps the same sale twice" in maya.get(page).text
    url = reverse("admin:referrals_conversion_step", args=[recorded.pk, "two-sales"])
    maya.post(url, {"_do": "1", "note": "Two lamps."})

    assert "Perhaps the same sale twice" not in maya.get(page).text
    assert len(sales()) == 2


def test_a_refund_that_came_before_its_order_takes_back_what_was_recorded_by_hand(ben, maya, today):
    by_hand(ben, maya)
    take_reversal(ben.program, external_id="SO-1", reason="sent back", now=today)
    shop(ben, today)

    [sale] = Conversion.objects.all()
    assert (sale.external_id, sale.reversal_reason) == ("SO-1", "sent back")


def test_a_sale_that_a_colleague_recorded_says_what_the_rule_says_and_why_not_somebody_else(ben, maya, today):
    carlo = EnrolmentFactory(program=ben.program, advocate__name="Carlo Bianchi")
    ReferralFactory(
        enrolment=carlo, email=ben.email, source="named", submitted_at=today - timedelta(days=2)
    )  # fmt: skip
    by_hand(ben, maya)
    sale = Conversion.objects.get()
    url = reverse("admin:referrals_conversion_change", args=[sale.pk])

    page = maya.get(url)

    told = [str(line) for line in page.context["summary"]]
    assert "It counts for Anna Rossi: " in told[0]
    assert told[1] == "By the rule it counts for the same advocate: it is the strongest one."
    assert "A recommendation counts for" in " ".join(told)
    [touches] = [panel for panel in page.context["panels"] if panel.title == "What brought them"]
    assert [(row[0], row[3]) for row in touches.rows] == [
        ("Anna Rossi", "this one counts"), ("Carlo Bianchi", "there is a stronger one"),
    ]  # fmt: skip

    type(ben).objects.filter(pk=ben.pk).update(submitted_at=today - timedelta(days=999))
    told = [str(line) for line in maya.get(url).context["summary"]]
    assert told[1].startswith("By the rule alone it would count for Carlo Bianchi: ")
