"""Saving many rows that are at hand, each with values of its own."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, connections, models, transaction

# Read once by the statement it stands in, it holds until the end of that statement's transaction.
_NOT_WAITING = ", (SELECT set_config('synchronous_commit', 'off', true)) AS not_waiting"


def save_many(
    rows: Sequence[models.Model], columns: Sequence[str], *, keys: Sequence[str] = ("id",), waits: bool = True
) -> int:
    """Save these columns of rows that the database still knows by these keys: all or none; returns how many.

    One statement on PostgreSQL. What the ORM makes of it takes longer than a mail to send. Without ``waits``, only
    that commits but does not wait for the disk: the next commit that waits takes it along, and at the latest half
    a second later it is there. Everybody sees it at once; if the database itself goes down before, it is undone.
    """
    if not rows:
        return 0
    model = type(rows[0])
    fields: list[models.Field[Any, Any]]
    fields = [model._meta.get_field(name) for name in (*columns, *keys)]  # type: ignore[misc]
    # Not through Django's stand-in for it, which takes as long as a value.
    real = connections[connection.alias]
    values = [[field.get_db_prep_save(getattr(row, field.attname), real) for field in fields] for row in rows]
    names = [str(field.column) for field in fields]
    places, known = names[: len(columns)], names[len(columns) :]
    if connection.vendor != "postgresql":
        return _save_in_turn(model._meta.db_table, places, known, values)
    types = [str(field.db_type(connection)) for field in fields]
    return _save_in_one(model._meta.db_table, places, known, values, types, "" if waits else _NOT_WAITING)


def _save_in_one(
    table: str, columns: list[str], keys: list[str], values: list[list[Any]], types: list[str], more: str
) -> int:
    # Without its length: PostgreSQL would cut a text that is too long, and say nothing.
    new = ", ".join(
        f"{name} {kind.partition('(')[0]}" for name, kind in zip([*columns, *keys], types, strict=True)
    )
    places = ", ".join(f"{name} = new.{name}" for name in columns)
    found = " AND ".join(f"{table}.{name} = new.{name}" for name in keys)
    # All values as one, so that the statement is the same however many rows there are.
    rows = [dict(zip([*columns, *keys], one, strict=True)) for one in values]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {places} FROM json_to_recordset(%s::json) AS new ({new}){more} WHERE {found}",  # noqa: S608 - our own names
            [json.dumps(rows, ensure_ascii=False, default=_plain)],
        )
        return int(cursor.rowcount)


def _plain(value: Any) -> Any:
    """What a value is in JSON: a document as itself, all else as PostgreSQL reads it."""
    return value.obj if hasattr(value, "obj") else str(value)


def _save_in_turn(table: str, columns: list[str], keys: list[str], values: list[list[Any]]) -> int:
    places = ", ".join(f"{name} = %s" for name in columns)
    found = " AND ".join(f"{name} = %s" for name in keys)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {places} WHERE {found}", values)  # noqa: S608 - our own names
        return int(cursor.rowcount)
