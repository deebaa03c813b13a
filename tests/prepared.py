"""The test database, migrated once for each state of the migrations and copied for every run after that (SQLite)."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from django.conf import settings
from django.db import connection

ROOT = Path(settings.BASE_DIR)


def prepared_path() -> Path:
    """Where the database of this state lies; another migration or library, and it is another file."""
    digest = sha256()
    for path in sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("config/requirements/*.txt")]):
        digest.update(path.read_bytes())
    return Path(gettempdir()) / f"goodword-prepared-{digest.hexdigest()[:16]}.sqlite3"


def is_wanted() -> bool:
    return connection.vendor == "sqlite"


def take_out() -> bool:
    """Put the prepared database where the tests look for theirs; False where there is none yet."""
    if not is_wanted() or not (prepared := prepared_path()).exists():
        return False
    Path(connection.settings_dict["TEST"]["NAME"]).write_bytes(prepared.read_bytes())
    return True


def put_aside() -> None:
    """Keep a copy of the database that was just migrated for the next run, and none of earlier states."""
    if not is_wanted() or (prepared := prepared_path()).exists():
        return
    own = prepared.with_suffix(f".{Path(connection.settings_dict['NAME']).stem}")
    with closing(sqlite3.connect(own)) as copy:
        connection.connection.backup(copy)
    own.replace(prepared)
