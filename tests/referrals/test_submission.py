"""Friends named by somebody who has yet to prove their own address."""

from datetime import timedelta

import pytest

from referrals.models import Advocate, Enrolment, Event, Referral, Submission
from referrals.services.referral import Friend, confirm_submission, hold_submission
from referrals.transitions import Refused
from tests.factories import AdvocateFactory, EnrolmentFactory, ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db

BEN = Friend("Ben Weber", "ben@friend.example", answers=[{"question": "Big?", "answer": "yes"}], fit=100)


def hold(now, program=None, friends=(BEN,), email="cleo@x.example"):
    return hold_submission(
        program or ProgramFactory(), name="Cleo Roux", email=email, language="fr", friends=friends,
        agreement="They agreed.", channel_id=None, now=now,
    )  # fmt: skip


def test_until_the_address_is_proved_nothing_has_happened(now):
    hold(now)

    assert (Advocate.objects.count(), Referral.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_a_proved_address_becomes_an_advocate_who_names_the_friends(now):
    enrolment, [referral] = confirm_submission(hold(now), now=now)

    assert (enrolment.advocate.name, enrolment.advocate.email, enrolment.advocate.language) == (
        "Cleo Roux", "cleo@x.example", "fr",
    )  # fmt: skip
    assert (referral.name, referral.fit, referral.answers) == ("Ben Weber", 100, BEN.answers)
    assert referral.consents.get().words == "They agreed."


def test_confirming_again_leads_to_the_same_place_and_names_nobody(now):
    held = hold(now)
    first, _referrals = confirm_submission(held, now=now)

    assert confirm_submission(Submission.objects.get(), now=now) == (first, [])
    assert confirm_submission(held, now=now) == (first, [])
    assert Referral.objects.count() == 1


def test_what_was_confirmed_keeps_no_friends_of_its_own(now):
    confirm_submission(hold(now), now=now)

    assert Submission.objects.get().friends == []


def test_who_is_known_keeps_their_name_and_their_place(now):
    known = EnrolmentFactory(advocate__name="Cléo", advocate__email="cleo@x.example")

    enrolment, _referrals = confirm_submission(
        hold(now, program=known.program, email="CLEO@x.example"), now=now
    )

    assert enrolment == known
    assert Advocate.objects.get().name == "Cléo"


def test_who_is_known_without_a_name_gets_the_one_they_gave(now):
    AdvocateFactory(name="", email="cleo@x.example")

    enrolment, _referrals = confirm_submission(hold(now), now=now)

    assert enrolment.advocate.name == "Cleo Roux"


def test_a_friend_named_before_is_left_out_and_the_others_are_taken_in(now):
    known = EnrolmentFactory(advocate__email="cleo@x.example")
    ReferralFactory(enrolment=known, email="ben@friend.example")

    held = hold(now, program=known.program, friends=[BEN, Friend("Dora", "dora@friend.example")])
    _enrolment, referrals = confirm_submission(held, now=now)

    assert [referral.name for referral in referrals] == ["Dora"]


def test_too_many_friends_leave_everything_as_it_was(now):
    held = hold(now, friends=[Friend("Ben", f"ben{n}@friend.example") for n in range(31)])

    with pytest.raises(Refused, match="30 people a day"):
        confirm_submission(held, now=now)

    assert Submission.objects.get().confirmed_at is None
    assert (Enrolment.objects.count(), Referral.objects.count()) == (0, 0)


def test_what_waits_and_what_is_to_be_forgotten(now):
    held = hold(now)

    assert list(Submission.objects.waiting(now + timedelta(hours=47))) == [held]
    assert list(Submission.objects.waiting(now + timedelta(hours=48))) == []
    assert list(Submission.objects.forgotten(now + timedelta(hours=48))) == [held]
