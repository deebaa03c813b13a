from datetime import timedelta

import pytest

from referrals.likeness import likeness
from referrals.models import Advocate, Referral, RiskAssessment, RiskSignal
from referrals.models.risk import WEIGHTS
from referrals.services.join import join_by_link
from referrals.services.likeness import find_likenesses
from referrals.services.referral import Friend, accept, submit_referrals
from referrals.services.risk import SIGNS, Evidence, signs_of
from referrals.visitors import Client
from tests.factories import AdvocateFactory, EnrolmentFactory, ReferralFactory

HOME = Client(device="d", visitor="v", address="a")
SIGNALS = [
    # what is seen as suspicious, and what is nearly that
    (
        "same_device",
        {
            "name": "Rossi Anna",
            "advocate_name": "Anna Rossi",
            "friend_client": HOME,
            "advocate_clients": (HOME,),
        },
        {
            "name": "Ben Weber",
            "advocate_name": "Anna Rossi",
            "friend_client": HOME,
            "advocate_clients": (HOME,),
        },
    ),
    ("disposable", {"email": "ben@mailinator.com"}, {"email": "ben@weber.example"}),
    (
        "same_browser",
        {"friend_client": HOME, "advocate_clients": (HOME,)},
        {"friend_client": Client(address="a"), "advocate_clients": (HOME,)},
    ),
    (
        "same_address",
        {"friend_client": Client(address="a"), "advocate_clients": (HOME,)},
        {"friend_client": HOME, "advocate_clients": (HOME,)},
    ),
    (
        "alike",
        {
            "name": "Bén Weber",
            "email": "b.en.weber2@x.example",
            "known": (("Weber Ben", "benweber@y.example"),),
        },
        {"name": "Ben Weber", "email": "ben.weber@x.example", "known": (("Benno Webern", "shop@y.example"),)},
    ),
    (
        "same_company",
        {"email": "ben@weber.example", "advocate_email": "anna@weber.example"},
        {"email": "ben@gmail.com", "advocate_email": "anna@gmail.com"},
    ),
    ("many", {"named_in_hour": 6}, {"named_in_hour": 5, "named_in_day": 20}),
    ("many", {"named_in_day": 21}, {}),
    ("fast_sale", {"since_visit": timedelta(seconds=59)}, {"since_visit": timedelta(seconds=60)}),
    ("odd_amount", {"amount": 99, "least_amount": 100}, {"amount": 100, "least_amount": 100}),
    ("odd_amount", {"amount": 1001, "usual_amount": 100}, {"amount": 1000, "usual_amount": 100}),
]


@pytest.mark.parametrize(("signal", "suspicious", "harmless"), SIGNALS)
def test_a_sign_is_seen_where_it_is_and_not_where_it_nearly_is(signal, suspicious, harmless):
    assert signal in [sign["signal"] for sign in signs_of(Evidence(**suspicious))]
    assert signal not in [sign["signal"] for sign in signs_of(Evidence(**harmless))]


def test_every_sign_has_a_weight_and_a_test_and_nothing_is_suspicious_about_nothing():
    assert set(SIGNS) == set(WEIGHTS) == {signal for signal, _yes, _no in SIGNALS}
    assert signs_of(Evidence()) == []


@pytest.mark.parametrize(
    "spelled", [("Weber Ben", "ben-weber@x.example"), ("BÉN  Wéber", "BenWeber+1@y.example")]
)
def test_spellings_of_one_person_meet_under_one_key(spelled):
    assert likeness(*spelled) == likeness("Ben Weber", "ben.weber@a.example")
    assert likeness("Ben Weber", "shop@a.example") != likeness(*spelled)
    assert likeness("Ben Weber", "") == likeness("", "ben@a.example") == likeness("Б", "1@a.example") == ""


# At the form


@pytest.fixture
def enrolment(db):
    return EnrolmentFactory(advocate__email="anna@rossi.example", advocate__name="Anna Rossi")


def submit(enrolment, now, *friends, **more):
    friends = [Friend(name=name, email=email) for name, email in friends]
    return submit_referrals(enrolment, friends, now=now, agreement="Yes.", **more)


def test_a_friend_with_a_throw_away_address_waits_for_a_person_and_is_neither_written_to_nor_called(
    enrolment, now
):
    [ben, cleo] = submit(
        enrolment, now, ("Ben Weber", "ben@mailinator.com"), ("Cleo Sand", "cleo@sand.example")
    )

    assert (ben.status, ben.status_reason, ben.risk.score) == ("under_review", "suspicious", 50)
    assert cleo.status == "submitted"
    assert [ben.follow_ups.count(), cleo.follow_ups.count()] == [0, 1]
    assert dict(ben.messages.values_list("purpose", "status")) == {
        "invitation": "withheld", "referral_thanks": "queued",
    }  # fmt: skip


def test_a_weak_sign_alone_stops_nobody_and_is_kept(enrolment, now):
    [ben] = submit(enrolment, now, ("Ben Weber", "ben@rossi.example"))

    assert (ben.status, ben.risk.score) == ("submitted", 20)


def test_whoever_resembles_a_customer_or_a_friend_named_before_waits(enrolment, now):
    AdvocateFactory(name="Ben Weber", email="ben.weber@shop.example")
    ReferralFactory(
        enrolment=EnrolmentFactory(program=enrolment.program), name="Cleo Sand", email="cleosand@x.example"
    )

    named = submit(
        enrolment, now, ("Weber Ben", "benweber1@y.example"), ("Cleo Sand", "cleo.sand@z.example"),
        ("Dora Lind", "dora@lind.example"),
    )  # fmt: skip

    assert [r.status for r in named] == ["under_review", "under_review", "submitted"]


def test_the_sixth_friend_within_an_hour_is_noticed(enrolment, now):
    for n in range(5):
        ReferralFactory(enrolment=enrolment, program=enrolment.program, name=f"Friend {n}", submitted_at=now)

    [ben] = submit(enrolment, now, ("Ben Weber", "ben@weber.example"))

    assert [sign["signal"] for sign in ben.risk.signs] == ["many"]


def test_a_program_gives_signs_a_weight_of_its_own_and_has_its_own_threshold(enrolment, now):
    RiskSignal.objects.create(program=enrolment.program, signal="disposable", weight=0)
    RiskSignal.objects.create(program=enrolment.program, signal="same_company", weight=40)
    enrolment.program.review_from = 41

    named = submit(enrolment, now, ("Ben", "ben@mailinator.com"), ("Cleo", "cleo@rossi.example"))

    assert [r.status for r in named] == ["submitted", "submitted"]
    assert RiskAssessment.objects.get().score == 40


def test_a_friend_who_says_yes_at_the_advocates_own_desk_is_looked_at(enrolment, now):
    [ben] = submit(enrolment, now, ("Ben Weber", "ben@weber.example"), client=HOME)

    accept(ben, agreement="Yes.", now=now, client=HOME)

    ben.refresh_from_db()
    assert (ben.status, ben.risk.score, ben.follow_ups.open().count()) == ("under_review", 40, 0)


def test_a_friend_who_comes_by_the_link_from_the_same_office_is_not_stopped(enrolment, now):
    submit(enrolment, now, ("Dora Lind", "dora@lind.example"), client=HOME)

    def join(name, email, client):
        friend = Friend(name=name, email=email)
        join_by_link(enrolment, friend, agreement="Yes.", click=None, now=now, client=client)
        return Referral.objects.get(name=name)

    office = join("Ben Weber", "ben@weber.example", Client("other", "other", "a"))
    herself = join("Anna Rosi", "ar@other.example", HOME)
    assert (office.status, office.risk.score) == ("submitted", 10)
    assert (herself.status, herself.risk.score) == ("under_review", 100)


def test_what_we_know_of_devices_goes_with_the_friend(enrolment, now):
    from referrals.services.referral import erase_friend

    [ben] = submit(enrolment, now, ("Ben Weber", "ben@weber.example"), client=HOME)

    erase_friend(ben, now=now)

    ben.refresh_from_db()
    assert (ben.advocate_client, ben.friend_client, ben.likeness) == ({}, {}, "")


def test_people_who_came_by_an_import_are_compared_as_soon_as_the_clock_has_learnt_them(db, now):
    ben = AdvocateFactory(name="Ben Weber", email="ben@weber.example")
    Advocate.objects.update(likeness=None)

    assert [find_likenesses(now=now), find_likenesses(now=now)] == [1, 0]
    ben.refresh_from_db()
    assert ben.likeness == likeness("Ben Weber", "ben@weber.example")
