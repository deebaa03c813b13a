"""The product as a newcomer starts it, and a browser that minds every complaint of a page."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 120
SAFE = {"PATH", "HOME", "LANG", "TMPDIR"}
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


class Product(NamedTuple):
    """A running quickstart and what it printed."""

    url: str
    said: str

    def address_of(self, what: str) -> str:
        found = re.search(rf"{what}.*?(http://\S+)", self.said)
        assert found, self.said
        return found[1]

    def password_of(self, email: str) -> str:
        found = re.search(rf"{re.escape(email)}\s+(\S+)", self.said)
        assert found, self.said
        return found[1]


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started with no setting at all, as the README says; must end at one Ctrl-C."""
    var, port = tmp_path_factory.mktemp("var"), _free_port()
    environment = {name: value for name, value in os.environ.items() if name in SAFE} | {"VAR_DIR": str(var)}
    log = var / "quickstart.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "quickstart", "--port", str(port)],
            cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait_until_ready(f"http://localhost:{port}/readyz/", process, log)
        yield Product(f"http://localhost:{port}", log.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, log.read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"The product did not get ready:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return browser_type_launch_args | {"executable_path": path, "args": ARGUMENTS.split()}


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens somebody's own window; at the end, no page in any of them may have complained."""
    complaints: list[str] = []
    contexts = []

    def open_window(width: int, height: int) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        # A violation of the content security policy is an error in the console, too.
        page.on(
            "console",
            lambda said: said.type in {"error", "warning"} and complaints.append(f"{page.url}: {said.text}"),
        )
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "response",
            lambda answer: answer.status >= 400 and complaints.append(f"{answer.url}: {answer.status}"),
        )
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []
