"""What a friend can say to an invitation: yes, no thanks, delete my data."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models import Model

from referrals.models import Consent, Event, FollowUp, Referral
from referrals.services.conversion import record_conversion
from referrals.services.follow_up import log_call
from referrals.services.referral import Friend, accept, decline, erase_friend, submit_referrals
from referrals.transitions import Refused
from rewards.models import LedgerEntry, Reward
from rewards.models.ledger import Account
from tests.factories import EnrolmentFactory, FollowUpFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


def test_a_yes_is_written_down_and_brings_the_call_forward(now):
    referral = FollowUpFactory(due_at=now + timedelta(days=3)).referral

    accept(referral, agreement="Call me.", phone="+39061234567", note="After five.", now=now)

    referral.refresh_from_db()
    assert (referral.accepted_at, referral.phone, referral.note) == (now, "+39061234567", "After five.")
    assert FollowUp.objects.get().due_at == now + timedelta(hours=4)
    assert list(Consent.objects.values_list("who", "words", "given_at")) == [("friend", "Call me.", now)]
    assert [event.kind for event in Event.objects.all()] == ["referral.accepted"]


def test_a_second_yes_changes_the_details_and_nothing_else(now):
    referral = ReferralFactory()
    accept(referral, agreement="Call me.", phone="+39061234567", now=now)

    accept(referral, agreement="Call me.", note="After five.", now=now + timedelta(minutes=40))

    referral.refresh_from_db()
    assert (referral.accepted_at, referral.phone, referral.note) == (now, "+39061234567", "After five.")
    assert (Consent.objects.count(), Event.objects.count(), FollowUp.objects.count()) == (1, 1, 1)


def test_who_changes_their_mind_from_no_to_yes_is_called(now):
    referral = FollowUpFactory().referral
    decline(referral, now=now)

    accept(referral, agreement="Call me.", now=now)

    referral.refresh_from_db()
    assert referral.status == Referral.Status.SUBMITTED
    assert FollowUp.objects.open().count() == 1


@pytest.mark.parametrize("status", ["under_review", "rejected", "converted"])
def test_a_yes_from_whoever_is_not_to_be_called_makes_no_call(now, status):
    referral = ReferralFactory(status=status)

    accept(referral, agreement="Call me.", now=now)

    assert FollowUp.objects.count() == 0


def test_a_no_takes_the_friend_off_the_call_list_once(now):
    referral = FollowUpFactory().referral

    for _ in range(2):
        decline(referral, now=now)

    referral.refresh_from_db()
    assert (referral.status, referral.status_reason) == ("lost", "declined")
    assert FollowUp.objects.get().outcome == FollowUp.Outcome.OVERTAKEN
    assert [event.kind for event in Event.objects.all()] == ["referral.lost"]


def test_a_customer_who_says_no_stays_a_customer(now):
    referral = ReferralFactory(status="converted")

    decline(referral, now=now)

    referral.refresh_from_db()
    assert referral.status == "converted"


def test_who_is_forgotten_cannot_say_yes_by_the_old_link(now):
    referral = ReferralFactory()
    erase_friend(referral, now=now)

    with pytest.raises(Refused, match="^Your data has been deleted."):
        accept(referral, agreement="Call me.", phone="+39061234567", now=now)

    assert Referral.objects.get().phone == ""


SECRETS = ["Xaver", "xaver@secret.example", "+39069999999", "Secret Ltd", "hushed"]


def lived_story(now):
    """A friend of whom everything that can be known is known, everywhere it can be written."""
    enrolment = EnrolmentFactory()
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=enrolment.program, side=side)
    friend = Friend(
        "Xaver", "xaver@secret.example", "+39069999999", "Secret Ltd", "hushed cousin", "hushed",
        answers=[{"question": "Do they have employees?", "answer": "hushed"}],
    )  # fmt: skip
    [referral] = submit_referrals(enrolment, [friend], now=now, agreement="They agreed.")
    accept(referral, agreement="Call me.", note="hushed", now=now)
    log_call(referral.follow_ups.get(), "no_answer", now=now, by=None, note="hushed")
    log_call(referral.follow_ups.open().get(), "reached", now=now, by=None, note="hushed")
    record_conversion(referral, external_id="42", amount=100, currency="EUR", now=now)
    return referral


def everything_stored():
    """Every value of every row of every table of ours that is about a friend."""
    models: list[type[Model]] = [
        *apps.get_app_config("referrals").get_models(),
        *apps.get_app_config("rewards").get_models(),
    ]
    return "\n".join(str(row) for model in models for row in model._default_manager.values())


def test_nothing_personal_is_left_of_a_friend_who_asks_to_be_forgotten(now):
    referral = lived_story(now)
    assert [word for word in SECRETS if word in everything_stored()] == SECRETS

    erase_friend(referral, now=now)

    assert [word for word in SECRETS if word in everything_stored()] == []


def test_what_is_kept_of_a_forgotten_friend_is_money_dates_and_the_hash(now):
    referral = lived_story(now)
    key = referral.email_key

    for _ in range(2):
        erase_friend(referral, now=now)

    referral.refresh_from_db()
    assert (referral.email_key, referral.erased_at, referral.status) == (key, now, "converted")
    sale = Event.objects.get(kind="conversion.recorded")
    assert sale.data == {"order": "42", "amount": 100, "currency": "EUR"}
    assert Reward.objects.count() == 2
    assert LedgerEntry.objects.balance(Account.PROMISED, "EUR") == 8000
    assert Event.objects.filter(kind="referral.erased").count() == 1


def test_a_forgotten_friend_is_not_asked_again(now):
    referral = ReferralFactory(email="xaver@secret.example")
    erase_friend(referral, now=now)

    [again] = submit_referrals(
        EnrolmentFactory(program=referral.program),
        [Friend("Xaver", "xaver@secret.example")],
        now=now,
        agreement="",
    )

    assert again.status_reason == Referral.Reason.ALREADY_REFERRED
