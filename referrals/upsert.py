"""Rows stored in one statement where the ORM takes two, or has none."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

Row = TypeVar("Row", bound=models.Model)
BATCH = 500


def insert_new(rows: Sequence[Row], *, by: str = "pk") -> list[Row]:
    """Store the rows that no unique constraint stands against, and return those; a statement a batch.

    The database says which they are in the same breath, so that nothing has to be read again. ``by`` is the
    field that tells the rows of one call apart, where their keys are only drawn when they are stored.
    """
    if not rows:
        return []
    meta = rows[0]._meta
    known: Any = meta.pk if by == "pk" else meta.get_field(by)
    keys = {known.to_python(found): pk for found, pk in _insert(rows, known)}
    fresh = [row for row in rows if getattr(row, known.attname) in keys]
    for row in fresh:
        row.pk = meta.pk.to_python(keys[getattr(row, known.attname)])
        row._state.adding, row._state.db = False, connection.alias
    return fresh


def _insert(rows: Sequence[Any], known: Any) -> Iterator[tuple[Any, Any]]:
    """The value of ``known``, and the key, of each row that was stored."""
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if field is not meta.auto_field]
    batch = min(BATCH, connection.ops.bulk_batch_size(fields, rows))
    for start in range(0, len(rows), batch):
        query = InsertQuery(type(rows[0]), on_conflict=OnConflict.IGNORE)
        query.insert_values(fields, list(rows[start : start + batch]))
        compiler = query.get_compiler(connection=connection)
        compiler.returning_fields = [known, meta.pk]
        with connection.cursor() as cursor:
            for statement, values in compiler.as_sql():
                cursor.execute(statement, values)
            yield from cursor.fetchall()


def store_rows(model: type[models.Model], rows: models.QuerySet[Any], unique: Sequence[str]) -> None:
    """Store what the query finds – its columns bear the names of the model's fields – in one statement.

    A row with the same ``unique`` fields gets the new values.
    """
    fields: Any = {field.name: field for field in model._meta.concrete_fields}
    names = list(rows.query.selected or ())
    columns = {name: connection.ops.quote_name(fields[name].column) for name in names}
    found, values = rows.query.sql_with_params()
    table = connection.ops.quote_name(model._meta.db_table)
    keys = ", ".join(columns[name] for name in unique)
    renewed = [column for name, column in columns.items() if name not in unique]
    changes = ", ".join(f"{column} = excluded.{column}" for column in renewed)
    differs = " OR ".join(f"{table}.{column} IS DISTINCT FROM excluded.{column}" for column in renewed)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns.values())}) {found} "
            f"ON CONFLICT ({keys}) DO UPDATE SET {changes} WHERE {differs}",
            values,
        )
