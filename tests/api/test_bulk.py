"""A thousand friends in one call: each as if named alone, in as many queries as a few."""

import pytest
from django.db import connection, transaction
from django.db.models import F

from campaigns.models import Message
from referrals.models import Consent, Event, FollowUp, Referral, RiskAssessment
from referrals.services.known import Friend
from referrals.services.many import Named, submit_many
from referrals.services.referral import submit_referrals
from referrals.transitions import Refused
from tests.cast import System
from tests.factories import (
    AdvocateFactory,
    CallerFactory,
    EnrolmentFactory,
    ProgramFactory,
    ReferralFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
WORDS = "They know about it."


@pytest.fixture
def program():
    program = ProgramFactory(assign_by="rotation", owner=UserFactory())
    CallerFactory.create_batch(2, program=program)
    RewardRuleFactory(program=program, when="referral.submitted")
    return program


def called(name, email, **more):
    return Friend(name, email, **more)


def cases(program, now):
    """Friends of every kind, and some twice."""
    anna, cleo = EnrolmentFactory.create_batch(2, program=program)
    AdvocateFactory(name="Carl Customer", email="carl@friend.example")
    lead = AdvocateFactory(kind="lost_lead", email="dora@friend.example")
    ReferralFactory(
        enrolment=EnrolmentFactory(program=program, advocate=lead),
        email=anna.advocate.email,
        submitted_at=now,
    )
    ReferralFactory(enrolment=cleo, name="Eve Before", email="eve@friend.example", submitted_at=now)
    for n in range(27):
        ReferralFactory(enrolment=cleo, name=f"Old {n}", email=f"old{n}@friend.example", submitted_at=now)
    return [
        (anna, called("Ben Weber", "ben@friend.example")),
        (cleo, called("Ben Weber", "BEN@friend.example")),
        (anna, called("Ben Again", "ben@friend.example")),
        (anna, called("Carl Customer", "carl@friend.example")),
        (anna, called("Dora Lead", "dora@friend.example")),
        (anna, called("Eve Before", "eve@friend.example")),
        (anna, called("Ben Webber", "b.e.n@other.example")),
        (anna, called("Fay Phone", "", phone="+390669821234")),
        (cleo, called("Fay Phone", "fay@friend.example", phone="+390669821234")),
        (anna, called("Gus Disposable", "gus@mailinator.com")),
        (cleo, called("Hal One", "hal@friend.example")),
        (cleo, called("Ida Two", "ida@friend.example")),
    ]


def state():
    """What the database says of the friends, without its numbers."""
    return {
        "referrals": list(Referral.objects.order_by("pk").values_list(
            "enrolment__advocate__email", "email", "status", "status_reason", "owner__username", "source")),
        "risks": list(RiskAssessment.objects.order_by("referral").values_list("referral__email", "score", "signs")),
        "consents": sorted(Consent.objects.values_list("referral__name", "who", "words")),
        "calls": sorted(FollowUp.objects.values_list("referral__name", "due_at", "owner__username")),
        "events": sorted(Event.objects.exclude(referral=None).values_list("kind", "referral__name")),
        "mails": sorted(
            Message.objects.exclude(purpose__in=["referral_thanks", "sales_alert"])
            .values_list("purpose", "to_address", "status")
        ),
    }  # fmt: skip


def test_many_at_once_end_as_they_would_one_by_one(program, now):
    named, said_alone = cases(program, now), []
    before = transaction.savepoint()
    for enrolment, friend in named:
        enrolment.program = program
        try:
            submit_referrals(enrolment, [friend], now=now, agreement=WORDS, source=Referral.Source.API)
            said_alone.append("")
        except Refused as refused:
            said_alone.append(str(refused))
    alone = state()
    transaction.savepoint_rollback(before)

    took = submit_many(program, [Named(*one, WORDS) for one in named], source=Referral.Source.API, now=now)
    said_together = [str(one) if isinstance(one, Refused) else "" for one in took]

    assert said_together == said_alone
    assert state() == alone
    assert sum(bool(said) for said in said_alone) == 3


def spelt(number):
    """A name that resembles no other."""
    return f"{number:04d}"[::-1].translate(str.maketrans("0123456789", "abcdefghij"))


def test_friends_of_300_advocates_cost_as_many_queries_as_one(program, django_assert_max_num_queries):
    crm, counts = System(program), []
    # The first call finds everything cold.
    for count in (1, 1, 3, 300):
        places = EnrolmentFactory.create_batch(count, program=program)
        items = [
            {"advocate": {"code": place.code}, "name": spelt(place.pk), "email": f"{spelt(place.pk)}@friend.example",
             "agreement": WORDS}
            for place in places
        ]  # fmt: skip
        with django_assert_max_num_queries(95) as seen:
            answer = crm.post("/referrals/bulk", {"items": items}).json()
        assert {row["status"] for row in answer["results"]} == {201}
        counts.append(len(seen))

    assert counts[1] == counts[2]
    # So many rows are stored in two statements; in several on SQLite.
    assert counts[3] <= (31 if connection.vendor == "postgresql" else 95)
    assert Referral.objects.filter(owner=F("follow_ups__owner")).count() == 305


def test_a_system_that_names_too_many_for_one_advocate_is_told_when_to_send_the_rest(program):
    crm, place = System(program), EnrolmentFactory(program=program)
    items = [
        {
            "advocate": {"code": place.code},
            "name": "Ben Weber",
            "email": f"{n}@friend.example",
            "agreement": WORDS,
        }
        for n in range(31)
    ]

    *took, last = crm.post("/referrals/bulk", {"mode": "per_row", "items": items}).json()["results"]

    assert {one["status"] for one in took} == {201}
    assert (last["status"], last["errors"]) == (
        409,
        [
            {
                "pointer": "/advocate",
                "parameter": "",
                "detail": "One advocate can name 30 friends in 24 hours. Send this one a day later.",
            }
        ],
    )


def test_what_is_refused_among_many_has_the_status_it_has_alone(program):
    crm, place = System(program), EnrolmentFactory(program=program)
    ben = {
        "advocate": {"code": place.code},
        "name": "Ben Weber",
        "email": "b@friend.example",
        "agreement": WORDS,
    }
    crm.post("/referrals", ben)

    alone = crm.post("/referrals", ben).json()
    [among_many] = crm.post("/referrals/bulk", {"mode": "per_row", "items": [ben]}).json()["results"]

    assert among_many["errors"] == [one | {"parameter": ""} for one in alone["errors"]]
    assert (among_many["status"], alone["status"], alone["errors"][0]["pointer"]) == (409, 409, "/email")
    assert crm.post("/referrals/bulk", {"items": [ben]}).status_code == 422
