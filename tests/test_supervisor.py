import os
import signal
import socket
import sys
import threading
import time

import pytest
from django.core.management.base import CommandError

from config.serving import check_port
from config.supervisor import Child, stop, supervise

SLEEPS = "import time; time.sleep(60)"


def _python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


@pytest.fixture
def child():
    child = Child("sleeper", _python(SLEEPS))
    child.start()
    yield child
    child.kill()


def test_what_has_died_starts_again_after_a_pause(child):
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()

    child.keep_running()
    assert not child.is_running
    child.start_at = time.monotonic()
    child.keep_running()

    assert child.is_running


def test_what_keeps_dying_is_started_less_and_less_often():
    child = Child("broken", _python("raise SystemExit(1)"))
    pauses = []
    for _ in range(7):
        child.start()
        child.process.wait()
        child.start_at = 0.0
        child.keep_running()
        pauses.append(round(child.start_at - time.monotonic()))

    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_nothing_outlives_the_program_that_started_it(tmp_path):
    os.mkfifo(tmp_path / "held")
    child = Child("parent", ["sh", "-c", f"sleep 60 > {tmp_path / 'held'} & wait"])
    child.start()
    with (tmp_path / "held").open() as held:
        os.kill(child.process.pid, signal.SIGKILL)
        child.process.wait()

        child.kill()

        # The end of what the orphan could still have written.
        assert held.read() == ""


def test_children_are_asked_before_they_are_ended(child):
    stop([child], at_once=lambda: False)

    assert child.process.returncode == -signal.SIGTERM


def test_a_second_signal_does_not_wait():
    child = Child("deaf", ["sh", "-c", "trap '' TERM; sleep 60"])
    child.start()

    stop([child], at_once=lambda: True)

    assert not child.is_running


def test_a_hanging_child_is_restarted_and_a_signal_ends_it_all():
    child = Child("hanging", _python(SLEEPS))
    processes = []

    def hangs(running: Child) -> bool:
        processes.append(running.process.pid)
        if len(processes) == 1:
            return True
        threading.Timer(0, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return False

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        supervise([child], hangs=hangs)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert len(set(processes)) == 2
    assert not child.is_running


def test_a_port_in_use_is_said_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CommandError, match=f"cannot be used .* choose another: --port {port + 1}"):
            check_port("127.0.0.1", port)


@pytest.mark.parametrize("port", [0, -1, 70_000])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(CommandError, match="is no port"):
        check_port("127.0.0.1", port)
