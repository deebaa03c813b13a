"""Keeps programs running side by side: starts them, restarts what dies or hangs, stops them in order."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25
# A worker that was asked to stop finishes its task, or its task is found again by state.
STOP_WITHIN = 20
LONGEST_PAUSE = 30
SETTLED_AFTER = 60


class Child:
    """A program, in a process group of its own so that nothing of it outlives it."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self.command = name, command
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = self.start_at = 0.0
        self.quick_deaths = 0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def has_run_for(self) -> float:
        return time.monotonic() - self.started_at if self.is_running else 0.0

    def start(self) -> None:
        self.kill()
        self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603 - our own programs
        self.started_at = time.monotonic()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running:
            self.process.terminate()

    def kill(self) -> None:
        """End every process of the group; what a dead leader left behind, too."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def keep_running(self) -> None:
        """Start it again if it has died, later and later if it keeps dying."""
        if self.is_running:
            return
        if not self.start_at:
            died_soon = time.monotonic() - self.started_at < SETTLED_AFTER
            self.quick_deaths = self.quick_deaths + 1 if died_soon else 1
            pause = min(2 ** (self.quick_deaths - 1), LONGEST_PAUSE)
            self.start_at = time.monotonic() + pause
            log.error("The %s has ended by itself; it starts again in %d s.", self.name, pause)
        elif time.monotonic() >= self.start_at:
            self.start_at = 0.0
            self.start()


def supervise(children: Sequence[Child], *, hangs: Callable[[Child], bool]) -> None:
    """Run the children until SIGINT, SIGTERM or SIGHUP; a second signal stops them without waiting.

    ``hangs`` tells, now and then, whether a child runs and does no work; it is then restarted.
    """
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        for child in children:
            child.start()
        while not signals:
            time.sleep(LOOK_EVERY)
            for child in children:
                child.keep_running()
                if hangs(child):
                    log.error("The %s runs and does no work; it is restarted.", child.name)
                    stop([child], at_once=lambda: bool(signals))
                    child.start()
    finally:
        asked = len(signals)
        stop(children, at_once=lambda: len(signals) > asked)


def stop(children: Sequence[Child], *, at_once: Callable[[], Any]) -> None:
    """Ask the children to finish, wait for them, and end what has not."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + STOP_WITHIN
    while any(child.is_running for child in children) and time.monotonic() < deadline and not at_once():
        time.sleep(0.1)
    for child in children:
        child.kill()
