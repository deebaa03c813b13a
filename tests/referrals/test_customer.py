import pytest

from referrals.models import Advocate, Event, Referral
from referrals.services.conversion import record_conversion, reverse_conversion
from referrals.services.referral import erase_friend
from tests.factories import NOW, AdvocateFactory, ReferralFactory

pytestmark = pytest.mark.django_db


def sell(referral, order="A1"):
    sale = record_conversion(referral, external_id=order, amount=100, currency="EUR", now=NOW)
    referral.refresh_from_db()
    return sale


def test_a_friend_who_buys_may_recommend_in_turn_and_the_link_between_both_is_kept():
    referral = ReferralFactory(
        name="Ben Weber", email="Ben@Friend.example", phone="+390669821234", company="Weber"
    )

    sell(referral)
    sell(referral, "A2")

    ben = referral.became
    assert (ben.name, ben.email, ben.phone, ben.company, ben.kind, ben.language) == (
        "Ben Weber", "Ben@Friend.example", "+390669821234", "Weber", "customer", "en",
    )  # fmt: skip
    assert Advocate.objects.known_as("ben@friend.example").get() == ben
    assert list(ben.came_by.all()) == [referral]
    event = Event.objects.get(kind=Event.Kind.CUSTOMER_CREATED)
    assert (event.advocate, event.referral, event.program) == (ben, referral, referral.program)


@pytest.mark.parametrize(("kind", "then"), [("lost_lead", "customer"), ("partner", "partner")])
def test_whoever_is_known_already_is_not_made_twice(kind, then):
    known = AdvocateFactory(email="ben@friend.example", kind=kind)
    referral = ReferralFactory(email="BEN@friend.example")

    sell(referral)

    known.refresh_from_db()
    assert (referral.became, known.kind) == (known, then)


def test_a_shared_phone_does_not_make_one_person_of_two():
    wife = AdvocateFactory(email="wife@friend.example", phone="+390669821234")
    referral = ReferralFactory(email="", phone="+390669821234")

    sell(referral)

    assert referral.became != wife


def test_a_sale_that_is_taken_back_leaves_them_known():
    referral = ReferralFactory()

    reverse_conversion(sell(referral), reason="refund", now=NOW)

    assert referral.became is not None


def test_somebody_without_an_address_or_a_phone_is_not_taken_in():
    referral = ReferralFactory(email="", phone="")

    sell(referral)

    assert (referral.became, Event.objects.filter(kind=Event.Kind.CUSTOMER_CREATED).exists()) == (None, False)


def test_who_asks_to_be_forgotten_is_forgotten_as_a_customer_by_recommendation_too():
    referral = ReferralFactory(name="Xaver Quill", email="xaver@friend.example")
    sell(referral)

    erase_friend(referral, now=NOW)

    assert Advocate.objects.values_list("name", "email").get(pk=referral.became_id) == ("", "")
    assert Advocate.objects.known_as("xaver@friend.example").exists()


def test_a_forgotten_friend_stays_forgotten_when_a_sale_comes_in_later():
    referral = ReferralFactory(status="qualified")
    Referral.objects.filter(pk=referral.pk).update(erased_at=NOW, name="", email="", phone="")

    sell(referral)

    assert referral.became is None
