"""Rows stored in one statement where the ORM takes two, or has none."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

Row = TypeVar("Row", bound=models.Model)
BATCH = 500
# Row by row, each number of rows has its own wording; those of more are not kept.
LONGEST = 8


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
        _is_stored(row, keys[getattr(row, known.attname)])
    return fresh


def insert_all(rows: Sequence[Row]) -> None:
    """Store these rows, all of them or (IntegrityError) none, and set their keys; a statement a batch."""
    keys = (pk for pk, _again in _insert(rows, rows[0]._meta.pk, None)) if rows else ()
    for row, pk in zip(rows, keys, strict=True):
        _is_stored(row, pk)


def _is_stored(row: models.Model, key: Any) -> None:
    row.pk = row._meta.pk.to_python(key)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _insert(
    rows: Sequence[Any], known: Any, on_conflict: OnConflict | None = OnConflict.IGNORE
) -> Iterator[tuple[Any, Any]]:
    """The value of ``known``, and the key, of each row that was stored."""
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if field is not meta.auto_field]
    # The connection itself: through Django's stand-in, each look at it takes as long as a value.
    real: Any = connections[DEFAULT_DB_ALIAS]
    batch = min(BATCH, real.ops.bulk_batch_size(fields, rows))
    for start in range(0, len(rows), batch):
        some = rows[start : start + batch]
        with real.cursor() as cursor:
            cursor.execute(*_statement(some, fields, known, on_conflict, real))
            yield from cursor.fetchall()


class Wording(NamedTuple):
    """How the ORM stores rows: column by column, the same however many there are, or row by row."""

    sql: str
    by_column: bool


ANY_NUMBER = 0
_wordings: dict[Hashable, Wording] = {}


def _statement(
    rows: Sequence[Any], fields: Sequence[Any], known: Any, on_conflict: OnConflict | None, real: Any
) -> tuple[str, Sequence[Any]]:
    """As the ORM words it: anew, unless a wording that it has made before fits."""
    model: Any = type(rows[0])
    for row in rows:
        # What a related row got its key for since this one was made.
        row._prepare_related_fields_for_save(operation_name="insert")
    shape = real.vendor, model, known, on_conflict
    for count in (len(rows), ANY_NUMBER) if len(rows) > 1 else (1,):
        if wording := _wordings.get((*shape, count)):
            return wording.sql, _laid_out(_values(rows, fields, real), wording.by_column)
    query = InsertQuery(model, on_conflict=on_conflict)
    query.insert_values(fields, list(rows))
    compiler = query.get_compiler(connection=real)
    compiler.returning_fields = [known, model._meta.pk]
    [(sql, worded)] = compiler.as_sql()
    by_column = len(worded) != len(rows) * len(fields)
    if by_column or len(rows) <= LONGEST:
        again = _laid_out(_values(rows, fields, real), by_column)
        if _bare(worded) == _bare(again):
            _wordings[*shape, ANY_NUMBER if by_column else len(rows)] = Wording(sql, by_column)
    return sql, worded


# What fields of exactly these classes hold goes to every database as it is, if it is of this very type.
AS_IT_IS: dict[type, type] = {
    models.BooleanField: bool,
    models.CharField: str,
    models.EmailField: str,
    models.ForeignKey: int,
    models.OneToOneField: int,
    models.TextField: str,
}


def _values(rows: Sequence[Any], fields: Sequence[Any], real: Any) -> list[list[Any]]:
    columns = [(field, field.attname, AS_IT_IS.get(type(field))) for field in fields]
    return [
        [
            held[name]
            if plain and (held[name] is None or type(held[name]) is plain)
            else field.get_db_prep_save(field.pre_save(row, add=True), real)
            for field, name, plain in columns
        ]
        for row, held in zip(rows, map(vars, rows), strict=True)
    ]


def _laid_out(values: list[list[Any]], by_column: bool) -> list[Any]:
    if by_column:
        return [list(column) for column in zip(*values, strict=True)]
    return [value for row in values for value in row]


def _bare(values: Sequence[Any]) -> list[Any]:
    """Without the wrappers that the database adapter puts around JSON, which are never equal."""
    return [_bare(one) if isinstance(one, list) else getattr(one, "obj", one) for one in values]


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
