"""Names that only one transaction holds at a time, where no row yet exists to lock."""

from collections.abc import Iterable
from hashlib import sha256

from django.db import connection


def hold(names: Iterable[str], *, within: int | None = None) -> None:
    """Hold these names until the transaction is over; whoever wants one of them waits until then.

    Names of a program say so with its key (``within``): then they wait for ``hold_all()`` as well.
    On SQLite nobody has to wait here: its one writer already waited at the start of the transaction.
    """
    numbers = [_number(name) for name in sorted(set(names))]
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            # As many statements as on PostgreSQL, so that tests count the same on both.
            cursor.execute("SELECT %s", [len(numbers)])
        elif within is None:
            cursor.execute("SELECT count(pg_advisory_xact_lock(n)) FROM unnest(%s::bigint[]) AS n", [numbers])
        else:
            cursor.execute(
                "SELECT pg_advisory_xact_lock_shared(%s), count(pg_advisory_xact_lock(n)) "
                "FROM unnest(%s::bigint[]) AS n",
                [_number(f"program:{within}"), numbers],
            )


def hold_all(within: int) -> None:
    """Hold every name of this program until the transaction is over. For thousands of them: PostgreSQL has room for
    some thousand locks, of all that go on at a time."""
    with connection.cursor() as cursor:
        lock = "pg_advisory_xact_lock(%s)" if connection.vendor == "postgresql" else "%s IS NOT NULL"
        cursor.execute(f"SELECT {lock}", [_number(f"program:{within}")])


def try_hold(name: str) -> bool:
    """Hold this name until the transaction is over, unless somebody else has it: then False, at once."""
    # On SQLite nobody else can have it; as many statements, so that tests count the same on both.
    lock = "pg_try_advisory_xact_lock(%s)" if connection.vendor == "postgresql" else "%s IS NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}", [_number(name)])
        return bool(cursor.fetchone()[0])


def _number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
