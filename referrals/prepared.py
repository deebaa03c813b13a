"""Queries that run so often that the ORM words them only once: from then on the values change, and nothing else.

Wording a query takes the ORM several times as long as PostgreSQL takes to answer it. For the few queries of the hot
paths, and only for the primary database.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import update_wrapper
from itertools import count
from types import SimpleNamespace
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.sql.compiler import SQLCompiler

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
    """A query as the ORM worded it, and its parameters: as they are, or whose place it is."""

    rows: Any
    compiler: SQLCompiler
    sql: str
    parameters: Sequence[Any]
    converters: Any


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
        if any(isinstance(value, list) and not 0 < len(value) <= LONGEST for value in given):
            return list(self.say(*given))
        shape = (connections[DEFAULT_DB_ALIAS].vendor, *map(_shape, given))
        if (wording := self._wordings.get(shape)) is None:
            try:
                wording = self._wordings[shape] = _word(self.say, given)
            except EmptyResultSet:
                return []
        return _ask(wording, given)


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
    return Wording(rows, compiler, sql, found, converters)


def _ask(wording: Wording, given: Sequence[Any]) -> list[Any]:
    compiler: Any = copy(wording.compiler)
    query = copy(wording.rows.query)
    connection = compiler.connection = connections[DEFAULT_DB_ALIAS]
    statement = (
        wording.sql,
        tuple(
            _adapted(given[one.n] if one.item is None else given[one.n][one.item], connection)
            if isinstance(one, Place)
            else one
            for one in wording.parameters
        ),
    )
    compiler.as_sql = lambda *_args, **_more: statement
    compiler.get_converters = lambda _columns: wording.converters
    query.get_compiler = lambda *_args, **_more: compiler
    rows = wording.rows
    # All that Django's makers of rows want to know of a QuerySet.
    asked: Any = SimpleNamespace(
        db=DEFAULT_DB_ALIAS, model=rows.model, query=query, _fields=rows._fields, _known_related_objects={}
    )
    found = list(rows._iterable_class(asked))
    if found and rows._prefetch_related_lookups:
        models.prefetch_related_objects(found, *rows._prefetch_related_lookups)
    return found


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
