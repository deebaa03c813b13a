"""Queries that run so often that the ORM words them only once: from then on the values change, and nothing else.

Wording a query takes the ORM several times as long as PostgreSQL takes to answer it. For the few queries of the hot
paths, and only for the primary database.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import update_wrapper
from itertools import count
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)

Row = TypeVar("Row")
# A list of more values is worded anew each time: each length has its own wording.
LONGEST = 8
# Values beyond these are found in no query by themselves.
MUCH, LONG_AGO = 1_900_000_000, datetime(1901, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Which of the given values stands here: the n-th, or the one that the n-th holds at ``item``."""

    n: int
    item: int | None


class Wording(NamedTuple):
    """A query as the ORM worded it, its parameters – as they are, or whose place it is – and how its rows are read."""

    sql: str
    parameters: Sequence[Any]
    # What the columns of a row are read with, by their number.
    converters: Mapping[int, tuple[Sequence[Callable[..., Any]], Any]]
    make: Callable[[Sequence[Any]], Any]
    prefetched: Sequence[Any]


class prepared(Generic[Row]):  # noqa: N801 - used as a decorator
    """Makes of a function that returns a QuerySet one that returns its rows.

    The function is called once for each shape of values – which of them are None, and how many a list holds –
    and may do nothing with a value but hand it on: ``filter(at__gt=since)``, and not ``filter(at__gt=now - WEEK)``.
    Raises ValueError at the first call if a value is not found in the statement as it was given.
    """

    def __init__(self, say: "Callable[..., models.QuerySet[Any, Row]]") -> None:
        self.say = say
        self._wordings: dict[Hashable, Wording] = {}
        update_wrapper(self, say)

    def __call__(self, *values: Any) -> list[Row]:
        given = [_plain(value) for value in values]
        connection: Any = connections[DEFAULT_DB_ALIAS]
        if any(isinstance(value, list) and not 0 < len(value) <= LONGEST for value in given):
            return list(self.say(*given))
        shape = (connection.vendor, *map(_shape, given))
        if (wording := self._wordings.get(shape)) is None:
            try:
                wording = self._wordings[shape] = _word(self.say, given)
            except EmptyResultSet:
                return []
        return _ask(wording, given, connection)


def _word(say: Callable[..., Any], given: Sequence[Any]) -> Wording:
    """Let the ORM word the query with values that are found again, and note where they stand."""
    numbers = count(1)
    samples = [
        [_sample(one, numbers) for one in value] if isinstance(value, list) else _sample(value, numbers)
        for value in given
    ]
    rows = say(*samples).using(DEFAULT_DB_ALIAS)
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    sql, parameters = compiler.as_sql()
    places = {_adapted(sample, compiler.connection): place for sample, place in _places(samples)}
    found = [places.get(one, one) if isinstance(one, Hashable) else one for one in parameters]
    if lost := set(places.values()).difference(one for one in found if isinstance(one, Place)):
        raise ValueError(f"{say.__qualname__}: not in the statement as it was given: {lost}")
    converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
    return Wording(sql, found, converters, _maker(rows, compiler), rows._prefetch_related_lookups)


def _maker(rows: Any, compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """What makes of a row of the database what the QuerySet would make of it."""
    if rows._iterable_class is FlatValuesListIterable:
        return itemgetter(0)
    if rows._iterable_class is ValuesListIterable:
        return tuple
    if rows._iterable_class is not ModelIterable:
        raise TypeError("A prepared query finds rows, or values in lists.")
    known = compiler.klass_info
    first, last = known["select_fields"][0], known["select_fields"][-1] + 1
    names = [column.target.attname for column, _sql, _alias in compiler.select[first:last]]
    # The stubs are those of Django 6.
    related = get_related_populators(known, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def make(row: Sequence[Any]) -> Any:
        found = known["model"].from_db(DEFAULT_DB_ALIAS, names, row[first:last])
        for one in related:
            one.populate(row, found)
        for name, place in compiler.annotation_col_map.items():
            setattr(found, name, row[place])
        return found

    return make


def _ask(wording: Wording, given: Sequence[Any], connection: Any) -> list[Any]:
    values = [
        _adapted(given[one.n] if one.item is None else given[one.n][one.item], connection)
        if isinstance(one, Place)
        else one
        for one in wording.parameters
    ]
    with connection.cursor() as cursor:
        cursor.execute(wording.sql, values)
        rows = cursor.fetchall()
    if wording.converters:
        rows = [_converted(row, wording.converters, connection) for row in rows]
    found = [wording.make(row) for row in rows]
    if found and wording.prefetched:
        models.prefetch_related_objects(found, *wording.prefetched)
    return found


def _converted(row: Sequence[Any], converters: Mapping[int, Any], connection: Any) -> list[Any]:
    values = list(row)
    for n, (chain, column) in converters.items():
        for convert in chain:
            values[n] = convert(values[n], column, connection)
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value


def _shape(value: Any) -> Hashable:
    """What makes another statement of it."""
    if isinstance(value, list):
        return tuple(map(_shape, value))
    shape: Any = value if value is None or isinstance(value, bool) else type(value)
    return cast("Hashable", shape)


def _sample(value: Any, numbers: "count[int]") -> Any:
    """A value of the same type that no query has by itself."""
    if value is None or isinstance(value, bool):
        return value
    number = next(numbers)
    match value:
        case int():
            return MUCH + number
        case str():
            return f"prepared-{number}"
        case datetime():
            return LONG_AGO + timedelta(days=number)
        case UUID():
            return UUID(int=number)
    raise TypeError(f"A prepared query is given numbers, texts, moments and keys; not {value!r}.")


def _places(samples: Sequence[Any]) -> Iterator[tuple[Any, Place]]:
    for n, sample in enumerate(samples):
        if isinstance(sample, list):
            yield from ((one, Place(n, item)) for item, one in enumerate(sample) if _is_given(one))
        elif _is_given(sample):
            yield sample, Place(n, None)


def _is_given(sample: Any) -> bool:
    return sample is not None and not isinstance(sample, bool)


def _adapted(value: Any, connection: Any) -> Any:
    """As a statement carries it to this database."""
    match value:
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
        case UUID() if not connection.features.has_native_uuid_field:
            return value.hex
    return value
