from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, settings

from campaigns.services.bank import load_bank
from referrals.roles import sync_roles
from rewards.models import LedgerEntry, LedgerTransaction
from tests.factories import NOW
from tests.prepared import is_wanted, put_aside, take_out

# The same examples each time, so that a red run is red again; no deadline, so that a busy machine is not red.
settings.register_profile(
    "goodword",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("goodword")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its language behind; the next test begins without."""
    yield
    translation.deactivate()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, django_db_keepdb: bool) -> bool:
    """Begin with a copy of a migrated database where there is one."""
    return take_out() or django_db_keepdb


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_keepdb: bool, django_db_blocker: Any) -> Iterator[None]:
    """Every test finds the bank of words and the roles; one with real transactions asks for ``bank``."""
    with django_db_blocker.unblock():
        put_aside()
        load_bank()
        sync_roles()
    yield
    if django_db_keepdb and is_wanted():
        with django_db_blocker.unblock():
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


@pytest.fixture
def bank(transactional_db: None) -> None:
    load_bank()


@pytest.fixture(scope="session", autouse=True)
def tests_may_empty_the_ledger() -> Iterator[None]:
    """Let tests with real transactions clean up, which the triggers of the ledger refuse."""
    plain = connection.ops.sql_flush

    def on_postgresql(*args, **options):
        tables = [model._meta.db_table for model in (LedgerTransaction, LedgerEntry)]
        off, on = ([f"ALTER TABLE {t} {verb} TRIGGER USER" for t in tables] for verb in ("DISABLE", "ENABLE"))
        return [*off, *plain(*args, **options), *on]

    def on_sqlite(*args, **options):
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        dropped = [f'DROP TRIGGER "{name}"' for name, _sql in triggers]
        return [*dropped, *plain(*args, **options), *(sql for _name, sql in triggers)]

    connection.ops.sql_flush = on_sqlite if connection.vendor == "sqlite" else on_postgresql
    yield
    connection.ops.sql_flush = plain
