"""Many callers at one moment, each with a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """What ``call(n)`` returned, or the exception it raised, for ``count`` threads let go together."""
    gate = Barrier(count, timeout=30)

    def run(number: int) -> Any:
        try:
            connection.ensure_connection()
            gate.wait()
            return call(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
