"""kill -9 while mail goes out: nothing is lost, and no friend gets a second invitation (T34)."""

import os
import signal
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from campaigns.models import Message, Purpose
from campaigns.services.delivery import HANDFUL, deliver_due
from tests.campaigns import servers
from tests.factories import MessageFactory, ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db(transaction=True)
KILLED_AT = 4


class Killing(servers.Server):
    """Kills whoever hands it the fourth mail, when it has the whole of it."""

    victim = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if self.victim and len(self.mails) == KILLED_AT:
            os.kill(self.victim, signal.SIGKILL)
        return answer


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(servers, "Server", Killing)
    with (
        servers.running_server() as server,
        override_settings(
            EMAIL_BACKEND="campaigns.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port
        ),
    ):
        yield server


def work_until_killed(server, now):
    """A worker of its own, which delivers what is due and dies of it."""
    connection.close()
    worker = os.fork()
    if not worker:
        deliver_due(now=now)
        os._exit(0)
    server.victim = worker
    _pid, status = os.waitpid(worker, 0)
    server.victim = 0
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("purpose", [Purpose.INVITATION, Purpose.SUCCESS_THANKS])
def test_a_worker_killed_in_the_middle_of_a_batch(server, bank, now, purpose):
    program = ProgramFactory()
    for _ in range(8):
        about = ReferralFactory(enrolment__program=program) if purpose == Purpose.INVITATION else None
        MessageFactory(purpose=purpose, program=program, referral=about)

    work_until_killed(server, now)
    for minutes in (1, 16, 30):
        deliver_due(now=now + timedelta(minutes=minutes))

    mails = Counter(str(mail["Message-ID"]) for mail in server.mails)
    states = Counter(Message.objects.values_list("status", flat=True))
    assert set(states) <= {"sent", "unknown"}
    if purpose == Purpose.INVITATION:
        assert set(mails.values()) == {1}
        assert states["sent"] + states["unknown"] == 8
        # A handful at most: a person decides about those, whether they left or not.
        assert 1 <= states["unknown"] <= HANDFUL
    else:
        # Under the same Message-ID, which mailboxes show once.
        assert (len(mails), max(mails.values()), states["sent"]) == (8, 2, 8)
