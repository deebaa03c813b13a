"""A prepared query finds what the ORM finds, and words it once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import models

from referrals.models import Advocate, Event, Program
from referrals.prepared import prepared
from referrals.upsert import insert_new
from tests.factories import AdvocateFactory, EnrolmentFactory, ProgramFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 10, 0, 0, 123456, tzinfo=UTC)


def recorded(program: Program, at: datetime = NOW, advocate: Advocate | None = None) -> Event:
    event = Event(kind="purchase", program=program, advocate=advocate, occurred_at=at, data={"amount": 7})
    return Event.objects.record([event], now=NOW)[0]


def test_finds_each_time_what_it_is_asked_for() -> None:
    words = []

    @prepared
    def events(program: int, kinds: list[str], since: datetime | None) -> models.QuerySet[Event]:
        words.append(kinds)
        rows = Event.objects.filter(program=program, kind__in=kinds).order_by("occurred_at")
        return rows.filter(occurred_at__gte=since) if since else rows

    one, other = ProgramFactory(), ProgramFactory()
    early, late, strange = recorded(one), recorded(one, NOW + timedelta(microseconds=1)), recorded(other)

    assert events(one.pk, [Event.Kind.PURCHASE], None) == [early, late]
    assert events(other.pk, ["purchase"], None) == [strange]
    assert events(one.pk, ["purchase"], late.occurred_at) == [late]
    assert events(one.pk, {"purchase", "deal_won"}, None) == [early, late]
    assert events(one.pk, ["deal_won"], None) == []
    assert events(one.pk, [], None) == []
    # One program, one program since a moment, two kinds; and nothing, which the ORM answers by itself.
    assert len(words) == 4


def test_rows_come_as_the_orm_makes_them() -> None:
    @prepared
    def event(key: object) -> models.QuerySet[Event]:
        return Event.objects.filter(pk=key).select_related("program").prefetch_related("advocate__enrolments")

    @prepared
    def columns(key: object) -> models.QuerySet[Event, object]:
        return Event.objects.filter(pk=key).values_list("data", "occurred_at")

    place = EnrolmentFactory()
    stored = recorded(place.program, advocate=place.advocate)
    for _again in range(2):
        [found] = event(stored.pk)
        assert (found.data, found.occurred_at, found.program) == ({"amount": 7}, NOW, place.program)
        assert found.advocate is not None
        assert list(found.advocate.enrolments.all()) == [place]
        assert columns(stored.pk) == [({"amount": 7}, NOW)]


def test_what_the_query_adds_and_what_it_leaves_out_is_read_as_well() -> None:
    @prepared
    def people(name: str) -> models.QuerySet[Advocate]:
        named = Advocate.objects.filter(name=name).annotate(places=models.Count("enrolments"))
        return named.only("name", "created_at")

    place = EnrolmentFactory(advocate__name="Anna Rossi")
    for _again in range(2):
        [found] = people("Anna Rossi")
        assert (found.pk, found.places, found.created_at) == (place.advocate_id, 1, place.advocate.created_at)
        assert found.get_deferred_fields() >= {"email", "phone"}
        assert found.email == place.advocate.email


def test_only_rows_and_lists_of_values_are_promised() -> None:
    @prepared
    def people(name: str) -> models.QuerySet[Advocate, dict[str, str]]:
        return Advocate.objects.filter(name=name).values("name")

    with pytest.raises(TypeError, match="finds rows, or values in lists"):
        people("Anna Rossi")


def test_many_values_are_asked_for_as_well() -> None:
    @prepared
    def people(keys: list[int]) -> models.QuerySet[Advocate, int]:
        return Advocate.objects.filter(pk__in=keys).order_by("pk").values_list("pk", flat=True)

    keys = [advocate.pk for advocate in AdvocateFactory.create_batch(12)]
    for count in (1, 3, 12):
        assert people(keys[:count]) == keys[:count]


def test_a_value_that_was_changed_on_its_way_is_refused() -> None:
    @prepared
    def lately(now: datetime) -> models.QuerySet[Event]:
        return Event.objects.filter(occurred_at__gt=now - timedelta(days=7))

    with pytest.raises(ValueError, match="not in the statement as it was given"):
        lately(NOW)


def test_rows_of_the_same_kind_are_stored_each_with_its_own_values() -> None:
    program = ProgramFactory()
    for count in (1, 2, 1, 2):
        rows = [
            Event(kind="purchase", program=program, occurred_at=NOW, recorded_at=NOW, data={"n": n})
            for n in range(count)
        ]
        for row in rows:
            row.dedup_key = str(row.pk)
        assert insert_new(rows) == rows
        assert insert_new(rows) == []
        assert [Event.objects.get(pk=row.pk).data for row in rows] == [{"n": n} for n in range(count)]


def test_values_of_another_type_are_stored_as_the_orm_stores_them() -> None:
    program = ProgramFactory()
    row = Event(
        kind=Event.Kind.PURCHASE, program_id=str(program.pk), occurred_at=NOW, recorded_at=NOW, data={},
        dedup_key=12,
    )  # fmt: skip
    assert insert_new([row]) == [row]
    stored = Event.objects.get(pk=row.pk)
    assert (stored.kind, stored.program_id, stored.dedup_key) == ("purchase", program.pk, "12")
    assert (stored.advocate_id, stored.data) == (None, {})
