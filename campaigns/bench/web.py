"""Gunicorn on a free loopback port, as in production: two workers, four threads."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from campaigns.bench.scratch import Scratch

START_WITHIN = 30


@contextmanager
def served(scratch: Scratch, application: str) -> Iterator[int]:
    """The port on which ``application`` (module:name) answers."""
    port = _free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
        "--workers", "2", "--threads", "4", "--keep-alive", "30", "--log-level", "error", "--no-control-socket",
    ]  # fmt: skip
    log = Path(scratch.environment["VAR_DIR"]) / f"{port}.log"
    with log.open("w") as output:
        server = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command, env=scratch.environment, cwd=settings.BASE_DIR, stdout=output, stderr=output
        )
    try:
        _wait_for(port, server)
        yield port
    except RuntimeError as error:
        raise RuntimeError(f"{error}\n{log.read_text()[-2000:]}") from error
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    stop = time.monotonic() + START_WITHIN
    while time.monotonic() < stop and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The web server did not start.")
