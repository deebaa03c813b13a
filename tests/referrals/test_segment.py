from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from referrals.conditions import CONDITIONS, check_rows, contradiction
from referrals.models import Advocate, Event, Pick, Segment
from referrals.services.enrolment import enrol
from referrals.services.segment import drop, pick, size_segments
from referrals.services.summary import renew_summaries
from referrals.transitions import Refused
from tests.factories import NOW, AdvocateFactory, EnrolmentFactory, ProgramFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db
Kind = Event.Kind
# What other systems tell of somebody, and the word of a pick without the pick.
FROM_OUTSIDE = (
    "purchase", "deal_won", "deal_lost", "project_done", "result", "milestone", "engaged", "satisfaction",
    "customer_created", "tag_applied", "list_added", "field_changed", "circle.joined",
)  # fmt: skip


def asks(field, comparison, value=None):
    return {"field": field, "is": comparison, "value": value}


def names(*rows, match="all", program=None):
    segment = Segment(name="S", program=program, match=match, conditions=list(rows))
    check_rows(segment.conditions)
    return sorted(segment.members(NOW).values_list("name", flat=True))


def happened(advocate, kind, days_ago=0, **data):
    at = NOW - timedelta(days=days_ago)
    Event.objects.record([Event(kind=kind, advocate=advocate, occurred_at=at, data=data)], now=NOW)


@pytest.fixture
def people():
    """Anna, who buys and is happy; Ben, who bought once long ago; and Cleo, of whom nothing is known."""
    anna = AdvocateFactory(name="Anna", country="IT", attributes={"plan": "gold", "seats": 5}, language="it")
    ben = AdvocateFactory(name="Ben", kind=Advocate.Kind.PARTNER)
    AdvocateFactory(name="Cleo", owner=UserFactory(username="vera"))
    happened(anna, Kind.PURCHASE, 3, amount=50000, currency="EUR", product="Piano stool")
    happened(anna, Kind.DEAL_WON, 90, amount=50000, currency="EUR")
    happened(anna, Kind.SATISFACTION, 1, score=9)
    happened(anna, Kind.ENGAGED, 2)
    happened(anna, Kind.RESULT, 10)
    happened(ben, Kind.PURCHASE, 400, amount=70000, currency="USD", product="Piano lamp")
    happened(ben, Kind.SATISFACTION, 1, score=4)
    happened(ben, Kind.ASKED, 5)
    happened(ben, Kind.ASK_DECLINED, 5)
    renew_summaries(now=NOW)


@pytest.mark.parametrize(
    ("row", "who"),
    [
        (asks("kind", "is", "partner"), ["Ben"]),
        (asks("kind", "is_not", "partner"), ["Anna", "Cleo"]),
        (asks("product", "is", "piano stool"), ["Anna"]),
        (asks("product", "is", "Piano"), []),
        (asks("product", "contains", "piano"), ["Anna", "Ben"]),
        (asks("product", "is_not", "Piano stool"), ["Ben", "Cleo"]),
        (asks("country", "is", "IT"), ["Anna"]),
        (asks("country", "is_not", "IT"), ["Ben", "Cleo"]),
        (asks("language", "is", "it"), ["Anna"]),
        (asks("purchases", "at_least", 2), ["Anna"]),
        (asks("purchases", "at_least", 0), ["Anna", "Ben", "Cleo"]),
        (asks("purchases", "at_most", 1), ["Ben", "Cleo"]),
        (asks("purchases", "at_most", 0), ["Cleo"]),
        (asks("bought", "within", 30), ["Anna"]),
        (asks("bought", "not_within", 30), ["Ben", "Cleo"]),
        (asks("spent", "at_least", [100000, "EUR"]), ["Anna"]),
        (asks("spent", "at_least", [70000, "USD"]), ["Ben"]),
        (asks("spent", "less", [100000, "EUR"]), ["Ben", "Cleo"]),
        (asks("satisfaction", "at_least", 9), ["Anna"]),
        (asks("satisfaction", "at_most", 6), ["Ben"]),
        (asks("satisfaction", "unknown"), ["Cleo"]),
        (asks("engaged", "within", 7), ["Anna"]),
        (asks("result", "within", 30), ["Anna"]),
        (asks("contact", "not_within", 30), ["Cleo"]),
        (asks("asked", "within", 30), ["Ben"]),
        (asks("declined", "no"), ["Anna", "Cleo"]),
        (asks("referrals", "at_least", 1), []),
        (asks("customers", "at_most", 0), ["Anna", "Ben", "Cleo"]),
        (asks("referred", "yes"), []),
        (asks("referred", "no"), ["Anna", "Ben", "Cleo"]),
        (asks("attribute", "is", ["plan", "gold"]), ["Anna"]),
        (asks("attribute", "is", ["seats", "5"]), ["Anna"]),
        (asks("attribute", "contains", ["plan", "OL"]), ["Anna"]),
        (asks("attribute", "is", ["plan__contains", "gold"]), []),
        (asks("known", "within", 36_500), ["Anna", "Ben", "Cleo"]),
    ],
)
def test_a_condition_finds_whom_it_says(people, row, who):
    assert names(row) == who


def test_tags_programs_and_account_managers_are_conditions_too(people):
    tag, program = TagFactory(), ProgramFactory()
    anna, ben, cleo = Advocate.objects.order_by("name")
    tag.people.add(anna, through_defaults={"added_at": NOW})
    enrol(ben, program, now=NOW)

    assert names(asks("tag", "is", tag.pk)) == ["Anna"]
    assert names(asks("tag", "is_not", tag.pk)) == ["Ben", "Cleo"]
    assert names(asks("program", "is", program.pk)) == ["Ben"]
    assert names(asks("program", "is_not", program.pk)) == ["Anna", "Cleo"]
    assert names(asks("owner", "is", cleo.owner_id)) == ["Cleo"]
    assert names(asks("owner", "is_not", cleo.owner_id)) == ["Anna", "Ben"]
    assert [row.name for row in Advocate.objects.tagged(tag)] == ["Anna"]


def test_all_must_be_true_or_any(people):
    rows = asks("purchases", "at_least", 1), asks("satisfaction", "at_least", 9)

    assert names(*rows) == ["Anna"]
    assert names(*rows, match="any") == ["Anna", "Ben"]
    assert names() == ["Anna", "Ben", "Cleo"]


def test_a_programs_segment_never_reaches_the_people_of_another(people):
    ours, theirs = ProgramFactory(), ProgramFactory()
    anna, ben, _cleo = Advocate.objects.order_by("name")
    enrol(anna, ours, now=NOW)
    enrol(anna, theirs, now=NOW)
    enrol(ben, theirs, now=NOW)

    assert names(program=ours) == ["Anna", "Cleo"]


def test_it_says_in_words_who_is_in_it():
    rows = [asks("purchases", "at_least", 3), asks("spent", "at_least", [50000, "EUR"])]

    assert Segment(conditions=rows).sentence == (
        "People who bought at least 3 times, and spent €500.00 or more."
    )
    assert Segment(program=ProgramFactory(), conditions=[]).sentence == (
        "Everyone of Friends of Acme, or of no program yet."
    )


@pytest.mark.parametrize(
    "rows",
    [
        "purchases", [1], [{}], [asks("shoe size", "is", 1)], [asks("kind", "above", "customer")],
        [asks("kind", "is", "alien")], [asks("purchases", "at_least", "many")], [asks("spent", "at_least", 5)],
        [asks("purchases", "at_least", -1)], [asks("satisfaction", "at_least", 11)], [asks("tag", "is", 999)],
        [asks("attribute", "is", "plan")], [asks("spent", "at_least", [1, "XXQ"])],
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused(rows):
    with pytest.raises(ValidationError):
        check_rows(rows)


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([asks("purchases", "at_least", 5), asks("purchases", "at_most", 3)], 1),
        ([asks("purchases", "at_least", 3), asks("purchases", "at_most", 3)], None),
        ([asks("bought", "within", 30), asks("kind", "is", "customer"), asks("bought", "not_within", 30)], 2),
        ([asks("kind", "is", "customer"), asks("kind", "is", "partner")], 1),
        ([asks("kind", "is_not", "customer"), asks("kind", "is_not", "partner")], None),
        ([asks("tag", "is", 1), asks("tag", "is", 2)], None),
        ([asks("tag", "is", 1), asks("tag", "is_not", 1)], 1),
        ([asks("referred", "yes"), asks("referred", "no")], 1),
    ],
)
def test_conditions_that_leave_nobody_are_found_at_their_row(rows, wrong):
    assert contradiction(rows) == wrong


def test_the_inner_circle_is_whom_somebody_picked_and_both_ways_are_remembered():
    program, by = ProgramFactory(), UserFactory()
    anna = EnrolmentFactory(program=program).advocate
    for _ in range(2):
        pick(Advocate.objects.all(), program=program, now=NOW, by=by)

    assert list(Advocate.objects.inner_circle_of(program)) == [anna]
    assert list(Segment.objects.get().members(NOW)) == [anna]

    drop(Advocate.objects.all(), program=program, now=NOW, by=by)

    assert not Advocate.objects.inner_circle_of(program).exists()
    assert list(Event.objects.order_by("pk").values_list("kind", "actor")) == [
        ("circle.joined", by.pk),
        ("circle.left", by.pk),
    ]


def test_no_condition_lets_anybody_into_the_inner_circle(people):
    circle = Segment.objects.create(
        name="Inner circle", program=ProgramFactory(), kind="inner_circle",
        conditions=[asks("purchases", "at_least", 0)],
    )  # fmt: skip

    assert not circle.members(NOW).exists()


@pytest.mark.parametrize("kind", FROM_OUTSIDE)
def test_no_event_lets_anybody_into_the_inner_circle(kind):
    program = ProgramFactory()
    Segment.objects.create(name="Inner circle", program=program, kind="inner_circle")
    enrolment = EnrolmentFactory(program=program)
    event = Event(kind=kind, program=program, advocate=enrolment.advocate, occurred_at=NOW)
    event.data = {"score": 10, "amount": 1, "currency": "EUR", "list": "Inner circle", "tag": "Inner circle"}

    Event.objects.record([event], now=NOW)
    renew_summaries(now=NOW)

    assert not Pick.objects.exists()


def test_nobody_is_in_the_inner_circle_without_a_person_who_put_them_there():
    with pytest.raises(Refused, match="Only a person picks for the inner circle."):
        pick([AdvocateFactory()], program=ProgramFactory(), now=NOW, by=None)

    assert not Pick.objects.exists()


def test_segments_are_counted_for_the_list(people):
    Segment.objects.create(name="Buyers", conditions=[asks("purchases", "at_least", 1)])

    assert size_segments(now=NOW) == 1
    assert list(Segment.objects.values_list("size", "sized_at")) == [(2, NOW)]


def test_each_condition_has_words_for_every_comparison():
    for condition in CONDITIONS.values():
        for comparison in condition.comparisons.values():
            assert ("%(value)s" in str(comparison.words)) == comparison.takes_value
