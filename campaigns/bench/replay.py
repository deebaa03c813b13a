"""What a request costs without our Python: its statements, recorded once and run again with other people's data.

Two requests are recorded. What both of them sent to the database is kept as it is; where they differ, each
replay sends what belongs to its own case, what the database has just answered, or something new.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from secrets import randbits, token_hex
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from uuid6 import uuid7

Facts = Mapping[str, Any]
# Keys from this one on are found wherever they stand in a statement.
LARGE = 7_000_000_000
# Numbers from here on are moments in microseconds, and beyond them hashes.
MOMENTS, HASHES = 10**14, 2**56
# What one request in many does for the others: nudging the worker, noting when a key was last used.
SHARED = ("django_q_ormq", 'SET "last_used_at"')
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Statement:
    """One statement as it was sent, whether in a transaction, and which keys it answered with."""

    sql: str
    values: Any
    in_transaction: bool
    answered: list[Any] = field(default_factory=list)


def record(call: Callable[[], Any]) -> list[Statement]:
    """The statements that ``call`` runs, in their order."""
    statements: list[Statement] = []

    def note(execute: Any, sql: str, values: Any, many: bool, context: dict[str, Any]) -> Any:
        found = execute(sql, values, many, context)
        statement = Statement(sql, _plain(values or ()), connection.in_atomic_block)
        if not any(name in sql for name in SHARED):
            statements.append(statement)
        if " RETURNING " in sql:
            # Read here, and handed on to whoever asked.
            rows = statement.answered = context["cursor"].fetchall()
            context["cursor"].fetchall, context["cursor"].fetchone = (
                lambda: rows,
                iter([*rows, None]).__next__,
            )
        return found

    with connection.execute_wrapper(note):
        call()
    return statements


@dataclass
class Hole:
    """Where the two recordings differ: known values of the case with what stands between them."""

    parts: Sequence[str]
    kind: type

    def filled(self, known: dict[str, Any]) -> Any:
        if len(self.parts) == 1:
            return _known(known, self.parts[0], self.kind)
        # Known values and what stands between them take turns.
        return "".join(str(_known(known, part, str)) if n % 2 else part for n, part in enumerate(self.parts))


class Replay:
    """Runs the statements of a recorded request as if it had been about somebody else."""

    def __init__(self, one: list[Statement], other: list[Statement], facts: Facts) -> None:
        if [s.sql for s in one] != [s.sql for s in other]:
            raise RuntimeError("Two requests of one kind ran different statements.")
        self.names = {str(value): name for name, value in facts.items()}
        known = {*self.names, *_answers(one), *(str(u) for s in one for u in _uuids(s.values))} - {""}
        self.token = re.compile("(" + "|".join(sorted(map(re.escape, known), key=len, reverse=True)) + ")")
        self.statements = [
            Statement(a.sql, self._with_holes(a.values, b.values), a.in_transaction, a.answered)
            for a, b in zip(one, other, strict=True)
        ]

    def run(self, facts: Facts) -> None:
        known = {old: facts[name] for old, name in self.names.items()}
        with connection.cursor() as cursor:
            for inside, statements in groupby(self.statements, lambda s: s.in_transaction):
                with transaction.atomic() if inside else nullcontext():
                    for statement in statements:
                        cursor.execute(statement.sql, _filled(statement.values, known))
                        if cursor.description:
                            _learn(statement.answered, cursor.fetchall(), known)

    def _with_holes(self, one: Any, other: Any) -> Any:
        if isinstance(one, list | tuple):
            return [self._with_holes(a, b) for a, b in zip(one, other, strict=True)]
        if one == other or isinstance(one, bool) or not isinstance(one, str | int | UUID):
            return one
        parts = self.token.split(str(one))
        if len(parts) == 1 and str(one).startswith(("{", "[")):
            # JSON about nobody that we know of; nothing has to be unique in it.
            return one
        if isinstance(one, int) and self.token.fullmatch(str(one)) is None and abs(one) < HASHES:
            # A moment as a number: as good as any other.
            return one
        is_whole = len(parts) == 1 or not isinstance(one, str)
        return Hole([str(one)] if is_whole else parts, int if isinstance(one, int) else str)


def _plain(values: Any) -> Any:
    """Without the wrappers that the database adapter puts around JSON."""
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    return json.dumps(values.obj) if hasattr(values, "obj") else values


def _uuids(values: Any) -> Iterator[UUID]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _uuids(value)
        elif isinstance(value, UUID):
            yield value


def _answers(statements: Sequence[Statement]) -> Iterator[str]:
    found = (value for s in statements for row in s.answered for value in row)
    return (str(value) for value in found if _is_telling(value))


def _is_telling(value: Any) -> bool:
    """Whether it is found again for what it is: a small number stands in other places by chance."""
    return not isinstance(value, int) or LARGE <= value < MOMENTS


def _filled(values: Any, known: dict[str, Any]) -> Any:
    if isinstance(values, Hole):
        return values.filled(known)
    return [_filled(value, known) for value in values] if isinstance(values, list) else values


def _known(known: dict[str, Any], old: str, kind: type) -> Any:
    """What stands for this value in the replay: of the case, as answered before, or drawn now."""
    if old not in known:
        if UUID_TEXT.fullmatch(old):
            known[old] = uuid7()
        else:
            known[old] = randbits(62) if kind is int else token_hex(len(old))[: len(old)]
    return known[old]


def _learn(old: Sequence[Any], new: Sequence[Any], known: dict[str, Any]) -> None:
    for before, after in zip(old, new, strict=False):
        known |= {str(b): a for b, a in zip(before, after, strict=True) if _is_telling(b)}
