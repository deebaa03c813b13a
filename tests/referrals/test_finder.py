from datetime import timedelta

import pytest
from django.db.models import Q

from referrals.models import AdvocateSummary, Candidate, Event, Finder
from referrals.services.enrolment import enrol
from referrals.services.finder import FACTORS, finder_of, reasons, rescore_due, with_points
from referrals.services.summary import renew_summaries
from tests.factories import NOW, AdvocateFactory, ProgramFactory

pytestmark = pytest.mark.django_db
Kind = Event.Kind


def happened(advocate, kind, days_ago=1, **data):
    at = NOW - timedelta(days=days_ago)
    Event.objects.record([Event(kind=kind, advocate=advocate, occurred_at=at, data=data)], now=NOW)


def found():
    renew_summaries(now=NOW)
    return [(c.advocate.name, c.score) for c in Candidate.objects.select_related("advocate").best_first()]


def test_who_said_so_stands_before_who_only_bought_and_each_reason_has_its_points():
    program = ProgramFactory()
    anna, ben = AdvocateFactory(name="Anna"), AdvocateFactory(name="Ben")
    happened(anna, Kind.SATISFACTION, score=10)
    happened(anna, Kind.ENGAGED)
    happened(ben, Kind.PURCHASE, amount=1, currency="EUR")
    happened(ben, Kind.PURCHASE, amount=1, currency="EUR")

    assert found() == [("Anna", 55), ("Ben", 25)]
    row = with_points(AdvocateSummary.objects.filter(advocate=anna), finder_of(program), NOW).get()
    assert [(str(words), points) for words, points in reasons(row, finder_of(program))] == [
        ("gave 9 or 10 of 10", 40), ("engaged lately", 15),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "data"), [(Kind.SATISFACTION, {"score": 6}), (Kind.ASK_DECLINED, {}), (Kind.ASKED, {})]
)
def test_the_unsatisfied_those_who_said_no_and_the_just_asked_are_not_proposed(kind, data):
    ProgramFactory()
    anna = AdvocateFactory()
    happened(anna, Kind.PURCHASE, amount=1, currency="EUR")
    assert len(found()) == 1

    happened(anna, kind, **data)

    assert found() == []


def test_what_was_lately_is_not_for_ever():
    ProgramFactory()
    happened(AdvocateFactory(), Kind.ENGAGED, 80)
    assert len(found()) == 1

    rescore_due(now=NOW + timedelta(days=11))

    assert not Candidate.objects.exists()


def test_a_programs_own_weights_count_there_and_its_people_are_nobody_elses():
    ours, theirs = ProgramFactory(), ProgramFactory()
    Finder.objects.create(program=ours, engaged=99)
    anna, ben = AdvocateFactory(name="Anna"), AdvocateFactory(name="Ben")
    enrol(anna, theirs, now=NOW)
    for who in (anna, ben):
        happened(who, Kind.ENGAGED)
    renew_summaries(now=NOW)

    scores = Candidate.objects.values_list("program", "advocate__name", "score")
    assert set(scores) == {(ours.pk, "Ben", 99), (theirs.pk, "Ben", 15), (theirs.pk, "Anna", 15)}


def test_scoring_costs_the_same_however_many_people_and_nothing_when_nothing_is_due(
    django_assert_num_queries,
):
    ProgramFactory()
    for many in (1, 3):
        for _ in range(many):
            happened(AdvocateFactory(), Kind.ENGAGED)
        renew_summaries(now=NOW)
        Finder.objects.update(scored_at=None)
        with django_assert_num_queries(7 if many == 3 else 8):
            assert rescore_due(now=NOW) == 1
    with django_assert_num_queries(2):
        assert rescore_due(now=NOW) == 0


def test_new_weights_count_when_the_clock_has_looked():
    program, anna = ProgramFactory(), AdvocateFactory()
    happened(anna, Kind.ENGAGED)
    renew_summaries(now=NOW)
    rescore_due(now=NOW)

    Finder.objects.filter(program=program).update(engaged=77, scored_at=None)
    rescore_due(now=NOW)

    assert Candidate.objects.get().score == 77


def test_every_factor_has_a_weight_that_a_manager_can_change():
    fields = {field.name for field in Finder._meta.fields}

    assert {factor.name for factor in FACTORS} <= fields
    assert all(isinstance(factor.counts(NOW), Q) for factor in FACTORS)
