from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import connection

from tests.factories import NOW


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session", autouse=True)
def tests_may_empty_the_ledger() -> Iterator[None]:
    """Let tests with real transactions clean up: SQLite empties tables row by row, which triggers refuse.

    PostgreSQL truncates, which triggers on rows do not see.
    """
    plain = connection.ops.sql_flush

    def sql_flush(*args, **options):
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        dropped = [f'DROP TRIGGER "{name}"' for name, _sql in triggers]
        return [*dropped, *plain(*args, **options), *(sql for _name, sql in triggers)]

    if connection.vendor == "sqlite":
        connection.ops.sql_flush = sql_flush
    yield
    connection.ops.sql_flush = plain
