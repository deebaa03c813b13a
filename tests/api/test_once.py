"""``Idempotency-Key``: the contract that Stripe documents."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from referrals.locks import try_hold
from referrals.models import ApiCall, Conversion, Referral
from referrals.services.expiry import forget_expired
from referrals.services.referral import erase_friend
from rewards.models import LedgerEntry, Reward
from tests.cast import System
from tests.factories import EnrolmentFactory, ReferralFactory, RewardRuleFactory
from tests.threads import at_once

ANNA = {"email": "anna@example.com", "name": "Anna Rossi"}
ORDER = {
    "external_id": "A-42", "amount": 12900, "currency": "EUR", "email": "ben@friend.example",
    "occurred_at": "2026-03-05T10:00:00Z",
}  # fmt: skip


@pytest.mark.django_db
def test_the_same_call_gets_the_first_answer_again():
    crm = System()

    first = crm.post("/advocates", ANNA, Idempotency_Key="k1")
    crm.post("/advocates", ANNA | {"name": "Anna Bianchi"})
    again = crm.post("/advocates", ANNA, Idempotency_Key="k1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert again["Content-Type"] == first["Content-Type"]


@pytest.mark.django_db
def test_another_call_under_the_same_name_is_refused():
    crm = System()
    crm.post("/advocates", ANNA, Idempotency_Key="k1")

    other = crm.post("/advocates", ANNA | {"name": "Eve"}, Idempotency_Key="k1")
    elsewhere = crm.post("/advocates/bulk", ANNA, Idempotency_Key="k1")

    assert (other.status_code, elsewhere.status_code) == (409, 422)
    assert "used for another call" in other.json()["detail"]


@pytest.mark.django_db
def test_what_was_refused_may_be_sent_again_corrected():
    crm = System()
    crm.post("/advocates", {"external_id": "1"})
    crm.post("/advocates", ANNA)

    refused = crm.post("/advocates", ANNA | {"external_id": "1"}, Idempotency_Key="k1")
    corrected = crm.post("/advocates", ANNA | {"external_id": "2"}, Idempotency_Key="k1")

    assert (refused.status_code, corrected.status_code) == (409, 200)


@pytest.mark.django_db
def test_two_systems_may_draw_the_same_name():
    one = System()
    other = System(one.program)

    answers = [system.post("/advocates", ANNA, Idempotency_Key="k1") for system in (one, other)]

    assert [answer.status_code for answer in answers] == [201, 200]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["x" * 256, "é"])
def test_a_name_that_cannot_be_one_is_refused(name):
    answer = System().post("/advocates", ANNA, Idempotency_Key=name)

    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


@pytest.mark.django_db
def test_answers_are_forgotten_after_a_day():
    crm = System()
    crm.post("/advocates", ANNA, Idempotency_Key="k1")

    forget_expired(now=timezone.now() + timedelta(hours=23))
    assert ApiCall.objects.count() == 1
    forget_expired(now=timezone.now() + timedelta(hours=25))

    assert not ApiCall.objects.exists()


@pytest.mark.django_db
def test_who_wants_to_be_forgotten_is_in_no_kept_answer():
    place = EnrolmentFactory()
    named = {
        "advocate": {"code": place.code},
        "name": "Ben Weber",
        "phone": "+39061234567",
        "agreement": "Yes.",
    }
    System(place.program).post("/referrals", named, Idempotency_Key="k1")
    assert "Ben Weber" in ApiCall.objects.get().answer

    erase_friend(Referral.objects.get(), now=timezone.now())

    assert not ApiCall.objects.exists()


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.django_db(transaction=True)
def test_forty_identical_sales_at_once_are_one_sale_and_one_reward_a_side(bank, named):
    ben = ReferralFactory(email="ben@friend.example")
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=ben.program, side=side)
    shop = System(ben.program)

    def report(number):
        key = "the-same" if named else f"own-{number}"
        return shop.post("/conversions", ORDER, Idempotency_Key=key)

    answers = at_once(40, report)

    statuses = {answer.status_code for answer in answers}
    assert statuses <= ({201, 409} if named else {201, 200})
    assert all(answer["Retry-After"] == "1" for answer in answers if answer.status_code == 409)
    assert Conversion.objects.count() == 1
    assert sorted(Reward.objects.values_list("side", flat=True)) == ["advocate", "friend"]
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0


@pytest.mark.django_db(transaction=True)
def test_whoever_asks_while_the_first_is_being_answered_is_told_to_come_back(bank):
    crm = System()

    def ask(number):
        if number == 0:
            with transaction.atomic():
                assert try_hold(f"call:{crm.key.pk}:k1")
                return at_once(1, lambda _: crm.post("/advocates", ANNA, Idempotency_Key="k1"))[0]
        return None

    answer = ask(0) if transaction.get_connection().vendor == "postgresql" else None

    # SQLite has one writer: there the second waits, and gets the first answer again.
    assert answer is None or (answer.status_code, answer["Retry-After"]) == (409, "1")
