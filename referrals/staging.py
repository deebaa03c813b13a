"""People from a file on their way in: tables of this connection only, filled in batches, merged by SQL.

The same statements run on both databases; PostgreSQL takes the rows by COPY.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from referrals.people import Person

COLUMNS = Person._fields[:-1]
_TABLES = {
    # advocate_id: whom the row is about, once that has been found out.
    "import_person": """
        row bigint, external_id text, name text, email text, email_key text, phone text, phone_key text,
        company text, kind text, language text, timezone text, country text, owner_id bigint,
        attributes {json}, no_mail text, no_texts text, advocate_id bigint
    """,
    # advocate_id, tag_id: as above, once they have been found out.
    "import_tag": "row bigint, small text, name text, advocate_id bigint, tag_id bigint",
    # tags that are here already
    "import_known_tag": "small text, tag_id bigint",
    # rows that may change something
    "import_touched": "row bigint",
    "import_change": "row bigint, advocate_id bigint, field text, before text, after text",
}


class Staging:
    """The tables, there as long as the ``with`` lasts."""

    def __enter__(self) -> "Staging":
        self._drop()
        json = "jsonb" if connection.vendor == "postgresql" else "text"
        for name, columns in _TABLES.items():
            self.run(f"CREATE TEMPORARY TABLE {name} ({columns.format(json=json)})")
        return self

    def __exit__(self, *exception: object) -> None:
        self._drop()

    def _drop(self) -> None:
        for name in _TABLES:
            self.run(f"DROP TABLE IF EXISTS {name}")

    def add(self, people: Sequence[Person]) -> None:
        self.fill("import_person", COLUMNS, [person[:-1] for person in people])
        tags = [(person.row, tag.lower(), tag) for person in people for tag in person.tags]
        self.fill("import_tag", ("row", "small", "name"), tags)

    def fill(self, table: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
        names = ", ".join(columns)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                gaps = ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({gaps})", rows)  # noqa: S608

    def ready(self, *names: str) -> None:
        """Let the database plan for what is in these tables now, or in all."""
        for name in names or _TABLES if connection.vendor == "postgresql" else ():
            self.run(f"ANALYZE {name}")

    def take_time(self) -> None:
        """Let the statements of this transaction take as long as a million rows do."""
        if connection.vendor == "postgresql":
            self.run("SET LOCAL statement_timeout = 0")

    def run(self, sql: str, params: Sequence[Any] | None = None) -> int:
        """How many rows this statement wrote."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def stream(self, sql: str, size: int) -> Iterable[list[tuple[Any, ...]]]:
        """The answer in portions of this size, in flat memory. Only inside a transaction."""
        with connection.chunked_cursor() as cursor:
            cursor.execute(sql)
            while rows := cursor.fetchmany(size):
                yield rows
