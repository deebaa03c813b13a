"""Saving many rows that are at hand, each with values of its own."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models, transaction


def save_many(rows: Sequence[models.Model], columns: Sequence[str], *, keys: Sequence[str] = ("id",)) -> int:
    """Save these columns of rows that the database still knows by these keys: all or none; returns how many.

    One statement on PostgreSQL. What the ORM makes of it takes longer than a mail to send.
    """
    if not rows:
        return 0
    model = type(rows[0])
    fields: list[models.Field[Any, Any]]
    fields = [model._meta.get_field(name) for name in (*columns, *keys)]  # type: ignore[misc]
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows
    ]
    names = [str(field.column) for field in fields]
    save = _save_in_one if connection.vendor == "postgresql" else _save_in_turn
    return save(model._meta.db_table, names[: len(columns)], names[len(columns) :], values, fields)


def _save_in_one(
    table: str, columns: list[str], keys: list[str], values: list[list[Any]], fields: list[Any]
) -> int:
    # Without its length: PostgreSQL would cut a text that is too long, and say nothing.
    types = [field.db_type(connection).partition("(")[0] for field in fields]
    row = f"({', '.join(f'%s::{kind}' for kind in types)})"
    places = ", ".join(f"{name} = new.{name}" for name in columns)
    found = " AND ".join(f"{table}.{name} = new.{name}" for name in keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {places} FROM (VALUES {', '.join([row] * len(values))}) "  # noqa: S608 - our own names
            f"AS new ({', '.join([*columns, *keys])}) WHERE {found}",
            [value for one in values for value in one],
        )
        return int(cursor.rowcount)


def _save_in_turn(
    table: str, columns: list[str], keys: list[str], values: list[list[Any]], _fields: list[Any]
) -> int:
    places = ", ".join(f"{name} = %s" for name in columns)
    found = " AND ".join(f"{name} = %s" for name in keys)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {places} WHERE {found}", values)  # noqa: S608 - our own names
        return int(cursor.rowcount)
