"""A database of the bench's own on the configured server, and the environment of its processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps, loads
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

# What the bench's processes must not take over from where it was started.
DROPPED = {"REDIS_URL", "DATABASE_URL_FILE", "DATABASE_REPLICA_URL", "SENTRY_DSN", "DEBUG"}


class Child(subprocess.Popen[str]):
    """A process of the bench that answers with JSON."""

    def answer(self) -> Any:
        out, errors = self.communicate()
        if self.returncode:
            raise RuntimeError(errors.strip()[-2000:])
        return loads(out)


class Scratch:
    """Runs jobs of the bench against the scratch database."""

    def __init__(self, url: str, directory: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        self.environment = kept | {
            "DATABASE_URL": url, "VAR_DIR": str(directory), "SECRET_KEY": settings.SECRET_KEY,
            "BASE_URL": "http://localhost", "TRUSTED_PROXY_COUNT": "1", "LOG_LEVEL": "ERROR",
            "EMAIL_URL": "smtp://127.0.0.1:9",
        }  # fmt: skip

    def start(self, job: str, **spec: Any) -> Child:
        """Start ``campaigns.bench.<job>``, such as ``services.convert``, in a process of its own."""
        command = [sys.executable, "-m", "campaigns.bench.child", job, dumps(spec)]
        return Child(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment, cwd=settings.BASE_DIR,
        )  # fmt: skip

    def run(self, job: str, **spec: Any) -> Any:
        return self.start(job, **spec).answer()


@contextmanager
def scratch_database() -> Iterator[Scratch]:
    """An empty database beside the configured one; gone afterwards, whatever happens."""
    with TemporaryDirectory(prefix="goodword-bench-") as directory:
        if connection.vendor != "postgresql":
            yield Scratch(f"sqlite:///{directory}/bench.sqlite3", Path(directory))
            return
        name = f"goodword_bench_{os.getpid()}"
        _execute(f'CREATE DATABASE "{name}"')
        try:
            yield Scratch(_url(name), Path(directory))
        finally:
            _execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _url(name: str) -> str:
    known = settings.DATABASES["default"]
    user, password, host = (quote(str(known.get(key) or ""), safe="") for key in ("USER", "PASSWORD", "HOST"))
    port = f":{known['PORT']}" if known.get("PORT") else ""
    return f"postgres://{user}{f':{password}' if password else ''}@{host}{port}/{name}"
