"""Who gets a new friend: by the program's rule, never somebody who is away, fair in turn."""

from collections import Counter
from datetime import date, timedelta

import pytest

from referrals.models import Absence, Event, FollowUp, Referral
from referrals.services.assignment import pass_on_calls
from referrals.services.referral import Friend, submit_referrals
from tests.factories import (
    CallerFactory,
    EnrolmentFactory,
    FollowUpFactory,
    MembershipFactory,
    ProgramFactory,
    UserFactory,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 4)


def away(user, stand_in=None, until=TODAY):
    return Absence.objects.create(user=user, first_day=TODAY, last_day=until, stand_in=stand_in)


def name(enrolment, count, now, **more):
    start = Referral.objects.count()
    friends = [Friend(name="Ben", email=f"ben{start + n}@friend.example", **more) for n in range(count)]
    return [row.owner for row in submit_referrals(enrolment, friends, now=now, agreement="")]


def test_in_turn_everyone_gets_as_many_as_the_others(now):
    program = ProgramFactory(assign_by="rotation")
    callers = CallerFactory.create_batch(3, program=program)

    got = [owner for n in (2, 1, 4) for owner in name(EnrolmentFactory(program=program), n, now)]

    assert got == [caller.user for caller in [*callers, *callers, callers[0]]]
    assert Referral.objects.filter(owner=callers[0].user).count() == 3
    assert Event.objects.filter(kind="referral.assigned", data__rule="rotation").count() == 7


def test_who_is_away_or_gone_is_left_out_and_does_not_catch_up(now):
    program = ProgramFactory(assign_by="rotation")
    one, two, gone = CallerFactory.create_batch(3, program=program)
    absence = away(one.user)
    gone.user.is_active = False
    gone.user.save()
    MembershipFactory(program=program, user=CallerFactory(program=program).user, role="analyst")

    assert name(EnrolmentFactory(program=program), 4, now) == [two.user] * 4
    absence.delete()
    assert name(EnrolmentFactory(program=program), 3, now) == [one.user, two.user, one.user]


@pytest.mark.parametrize(
    ("friend", "postcode", "expected"),
    [
        ({"phone": "+390698765432"}, "", "italy"),
        ({"phone": "+390698765432"}, "00 184", "rome"),
        ({"phone": "+41442345678"}, "", "anywhere"),
        ({}, "", "italy"),
    ],
)
def test_the_exactest_territory_wins(now, friend, postcode, expected):
    program = ProgramFactory(assign_by="territory", country="IT")
    callers = {
        "italy": CallerFactory(program=program, countries="IT, SM"),
        "rome": CallerFactory(program=program, countries="IT", postcodes="001, 20"),
        "anywhere": CallerFactory(program=program),
    }
    answers = [{"question": "Where?", "answer": postcode, "kind": "postcode"}]

    [owner] = name(EnrolmentFactory(program=program), 1, now, answers=answers, **friend)

    assert owner == callers[expected].user


def test_the_account_manager_calls_the_friends_of_their_advocates(now):
    program = ProgramFactory(assign_by="account_manager")
    anna = EnrolmentFactory(program=program, advocate__owner=UserFactory())
    other = CallerFactory(program=program).user

    assert name(anna, 1, now) == [anna.advocate.owner]
    away(anna.advocate.owner)
    assert name(anna, 1, now) == [other]


def test_with_nobody_in_turn_the_lead_gets_it(now):
    lead = UserFactory()
    program = ProgramFactory(assign_by="rotation", lead=lead)

    assert name(EnrolmentFactory(program=program), 1, now) == [lead]


def test_calls_that_fall_into_an_absence_go_to_the_stand_in(now):
    tom, ines = UserFactory(), UserFactory(first_name="Ines")
    due = FollowUpFactory(owner=tom, referral__owner=tom)
    later = FollowUpFactory(owner=tom, due_at=now + timedelta(days=3))
    away(tom, stand_in=ines)

    assert pass_on_calls(now=now) == 1

    due.refresh_from_db()
    later.refresh_from_db()
    assert (due.owner, due.referral.owner, later.owner) == (ines, ines, tom)
    assert Event.objects.get(kind="referral.assigned").data == {"owner": "Ines", "rule": "away"}
    assert pass_on_calls(now=now) == 0


def test_a_call_that_nobody_can_take_stays(now):
    call = FollowUpFactory(owner=UserFactory(is_active=False))

    assert pass_on_calls(now=now) == 0
    assert FollowUp.objects.get().owner == call.owner


@pytest.mark.parametrize("count", [1, 3])
def test_passing_on_costs_per_program_not_per_call(now, count, django_assert_max_num_queries):
    program = ProgramFactory()
    tom = UserFactory()
    away(tom, stand_in=UserFactory())
    for _ in range(count):
        FollowUpFactory(owner=tom, referral__enrolment__program=program)

    with django_assert_max_num_queries(12):
        pass_on_calls(now=now)


@pytest.mark.parametrize("rule", ["rotation", "territory", "account_manager"])
def test_sharing_out_costs_at_most_three_queries_more(now, rule, django_assert_max_num_queries):
    program = ProgramFactory(assign_by=rule)
    CallerFactory.create_batch(3, program=program)
    enrolment = EnrolmentFactory(program=program, advocate__owner=None)

    with django_assert_max_num_queries(18):
        name(enrolment, 5, now)


@pytest.mark.django_db(transaction=True)
def test_friends_who_come_at_one_moment_go_to_different_people(now, bank):
    program = ProgramFactory(assign_by="rotation")
    CallerFactory.create_batch(3, program=program)
    enrolments = EnrolmentFactory.create_batch(6, program=program)

    at_once(6, lambda n: submit_referrals(
        enrolments[n], [Friend(name="Ben", email=f"ben{n}@friend.example")], now=now, agreement=""
    ))  # fmt: skip

    assert sorted(Counter(Referral.objects.values_list("owner", flat=True)).values()) == [2, 2, 2]
