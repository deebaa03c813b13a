"""Somebody who may recommend asks to be forgotten."""

import pytest
from django.urls import reverse

from campaigns.models import Ask, CallTask, Message, Suppression
from campaigns.services.erasure import erase_advocates
from referrals.models import Advocate, Event, Membership, Tagging
from rewards.models import LedgerEntry, Reward
from rewards.models.ledger import Account
from rewards.services.reward import hand_out
from tests.cast import client_of, member_of, said
from tests.factories import (
    NOW,
    AdvocateFactory,
    AskFactory,
    CallTaskFactory,
    EnrolmentFactory,
    MessageFactory,
    ReferralFactory,
    RewardFactory,
    TagFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return AdvocateFactory(
        name="Anna Rossi", email="anna@mail.example", phone="+390669821234", company="Rossi", external_id="C-7",
        attributes={"plan": "gold"}, user=UserFactory(username="anna", is_staff=False),
    )  # fmt: skip


def erase(advocate):
    erase_advocates(Advocate.objects.filter(pk=advocate.pk), now=NOW, by=None)
    advocate.refresh_from_db()


def test_what_names_them_goes_and_what_counts_stays(anna):
    place = EnrolmentFactory(advocate=anna)
    reward = RewardFactory(referral=ReferralFactory(enrolment=place, status="converted"), status="approved")
    hand_out(Reward.objects.filter(pk=reward.pk), now=NOW, by=None, code="GIFT-1")
    paid = LedgerEntry.objects.balance(Account.PAID, reward.currency)
    Tagging.objects.create(advocate=anna, tag=TagFactory(), added_at=NOW)
    note = Event(
        kind="advocate.noted",
        advocate=anna,
        occurred_at=NOW,
        data={"text": "Anna's mother is ill", "amount": 5},
    )
    Event.objects.record([note], now=NOW)
    token, key = place.token, anna.email_key

    erase(anna)
    erase(anna)

    left = [
        getattr(anna, name)
        for name in ("name", "email", "phone", "company", "external_id", "attributes", "user")
    ]
    place.refresh_from_db()
    assert left == ["", "", "", "", "", {}, None]
    assert (anna.email_key, place.token != token, anna.taggings.count()) == (key, True, 0)
    assert Event.objects.get(kind="advocate.noted").data == {"amount": 5}
    assert (
        anna.enrolments.get().referrals.count(),
        LedgerEntry.objects.balance(Account.PAID, reward.currency),
    ) == (1, paid)
    assert Event.objects.filter(kind="advocate.erased").count() == 1


def test_nobody_writes_to_them_or_calls_them_again(anna):
    ask = AskFactory(advocate=anna, started_at=NOW)
    CallTaskFactory(advocate=anna, note="said she is ill")
    waits, sent = (
        MessageFactory(advocate=anna, purpose="ask", ask=ask, to_address=anna.email, text="Dear Anna", **more)
        for more in ({}, {"status": "sent", "sent_at": NOW})
    )

    erase(anna)

    for message, status in ((waits, "withheld"), (sent, "sent")):
        message.refresh_from_db()
        assert (message.status, message.text, message.to_address, message.context) == (status, "", "", {})
    assert Ask.objects.get().ended_at
    assert [(call.outcome, call.note) for call in CallTask.objects.all()] == [("overtaken", "")]
    assert set(Suppression.objects.values_list("key", "program", "reason")) == {
        (anna.email_key, None, "erased"), (anna.phone_key, None, "erased"),
    }  # fmt: skip


def test_friends_get_no_invitation_in_their_name_and_keep_what_is_their_own(anna):
    referral = ReferralFactory(enrolment=EnrolmentFactory(advocate=anna))
    invitation, own = (
        MessageFactory(referral=referral, purpose=purpose, to_address="ben@friend.example")
        for purpose in ("invitation", "reward_friend")
    )

    erase(anna)

    assert [Message.objects.get(pk=m.pk).status for m in (invitation, own)] == ["withheld", "queued"]


def test_the_same_person_is_forgotten_as_a_friend_too(anna):
    referral = ReferralFactory(email=anna.email, email_key=anna.email_key)

    erase(anna)

    referral.refresh_from_db()
    assert (referral.name, referral.erased_at) == ("", NOW)


@pytest.mark.parametrize(
    ("role", "status"), [("manager", 302), ("support", 302), ("sales", 403), ("analyst", 403)]
)
def test_it_takes_the_role_and_a_tick(anna, role, status):
    program = EnrolmentFactory(advocate=anna).program
    staff = client_of(member_of(program, Membership.Role(role)))
    url = reverse("admin:referrals_advocate_step", args=[anna.pk, "erase"])

    assert staff.post(url, {"_do": "1"}).status_code == (200 if status == 302 else 403)
    assert Advocate.objects.get(pk=anna.pk).name == "Anna Rossi"
    answer = staff.post(url, {"_do": "1", "sure": "on"}, follow=status == 302)

    assert Advocate.objects.get(pk=anna.pk).name == ("" if status == 302 else "Anna Rossi")
    assert status == 403 or said(answer)[0].level == "success"
