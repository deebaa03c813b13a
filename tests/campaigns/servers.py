"""A mail server within the test process that behaves as badly as it is told to."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class Server:
    """Accepts everything, but for what ``answers`` says to an address: a line, or a way to cut it off."""

    CUT_AFTER_DATA, CUT_BEFORE_DATA = "cut after data", "cut before data"
    HANGS_UP = "Goodbye"

    def __init__(self, *, listens_on: bool = False) -> None:
        # Whether it hears several commands at once (PIPELINING).
        self.listens_on = listens_on
        self.answers: dict[str, str] = {}
        self.mails: list[EmailMessage] = []
        self.sessions = 0
        self.port = 0

    async def handle_EHLO(self, server: SMTP, session: Any, envelope: Any, name: str, lines: Any) -> Any:  # noqa: N802
        self.sessions += 1
        session.host_name = name
        return [*lines[:1], "250-PIPELINING", *lines[1:]] if self.listens_on else lines

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if refused := self.answers.get("MAIL"):
            return refused
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        answer = self.answers.get(address, "250 OK")
        if answer == self.CUT_BEFORE_DATA:
            server.transport.abort()
        if answer.endswith(self.HANGS_UP):
            await server.push(answer)
            server.transport.close()
        if answer[0] in "45":
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.get(envelope.rcpt_tos[0], "250 Queued as 7")
        if answer.startswith("data "):
            return answer.removeprefix("data ")
        content = envelope.content.replace(b"\r\n", b"\n")
        self.mails.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        if answer == self.CUT_AFTER_DATA:
            server.transport.abort()
        return answer

    @property
    def recipients(self) -> list[str]:
        return [str(mail["To"]) for mail in self.mails]


@contextmanager
def running_server(*, listens_on: bool = False) -> Iterator[Server]:
    server = Server(listens_on=listens_on)
    with socket.create_server(("127.0.0.1", 0)) as free:
        server.port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
