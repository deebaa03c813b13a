"""What ``serve`` and ``quickstart`` share: a free port, a database that is ready, web and worker."""

import os
import socket
import sys
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, close_old_connections, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task
from redis.exceptions import RedisError

from campaigns.models import Heartbeat
from campaigns.models.heartbeat import LATE_AFTER
from config.schedules import SCHEDULES
from config.supervisor import Child, supervise

ASK_EVERY = 30


def check_port(host: str, port: int) -> None:
    """Raises CommandError with a sentence unless the port can be served on."""
    if not 1 <= port <= 65_535:
        raise CommandError(f"{port} is no port. Choose one from 1024 to 65535, such as --port 8001.")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} of {host} cannot be used ({error.strerror}). "
                f"Stop what is using it, or choose another: --port {port + 1}."
            ) from error


def let_links_follow(port: int) -> None:
    """Without BASE_URL, links lead to this machine and this port, here and in the processes started here."""
    if not os.environ.get("BASE_URL") and not os.environ.get("BASE_URL_FILE"):
        os.environ["BASE_URL"] = settings.BASE_URL = f"http://localhost:{port}"


def unapplied_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def check_services() -> None:
    """Raises CommandError with a sentence unless database and Redis answer."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from error
    if settings.REDIS_URL:
        try:
            get_broker().ping()
        except RedisError as error:
            raise CommandError(f"Redis does not answer: {error} Start it, or unset REDIS_URL.") from error


def prepare() -> None:
    """Make the database and the static files equal to the code; needs the migrations."""
    call_command("sync", verbosity=0)
    # The API's library brings a second documentation page, which nobody here opens.
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["redoc*"])


def serve(host: str, port: int) -> None:
    """Web and worker together, until Ctrl-C or SIGTERM."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    os.chdir(settings.BASE_DIR)
    web = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "--bind", address]
    worker = [sys.executable, "manage.py", "qcluster"]
    # What was said so far comes before what web and worker say, in a file or pipe too.
    sys.stdout.flush()
    # The clock's first look comes half a minute after the start; whoever watches need not wait for it.
    async_task("config.schedules.run", SCHEDULES[0].name)
    connection.close()
    supervise([Child("web server", web), Child("worker", worker)], hangs=_Hangs())


class _Hangs:
    """Whether the worker has run long enough to be heard of, and was not."""

    asked_at = 0.0

    def __call__(self, child: Child) -> bool:
        is_old = child.name == "worker" and child.has_run_for > LATE_AFTER.total_seconds()
        if not is_old or time.monotonic() - self.asked_at < ASK_EVERY:
            return False
        self.asked_at = time.monotonic()
        try:
            return Heartbeat.objects.is_late("worker", now=timezone.now())
        except DatabaseError:
            # Nobody works without the database; restarting the worker would not bring it back.
            return False
        finally:
            close_old_connections()
