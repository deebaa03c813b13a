"""Rows that a query finds, stored in the database without passing through Python."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


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
