"""SMTP that knows how far it got: a mail cut off after its final dot may have arrived, before it has not."""

import smtplib
from contextlib import suppress
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoEmailBackend

from campaigns.letter import Letter


class Noticing:
    """Remembers the server's last answer, and whether the last thing sent was a mail's final dot."""

    answer = ""
    dot_sent = False

    def send(self, s: Any) -> None:
        self.dot_sent = False
        super().send(s)  # type: ignore[misc]
        self.dot_sent = s.endswith("\r\n.\r\n" if isinstance(s, str) else b"\r\n.\r\n")

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()  # type: ignore[misc]
        self.answer = f"{code} {text.decode(errors='replace')}"
        return code, text


class Connection(Noticing, smtplib.SMTP):
    pass


class SecureConnection(Noticing, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoEmailBackend):
    """Django's, with what channels/mail.py asks after each mail."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return SecureConnection if self.use_ssl else Connection

    def _send(self, email_message: Any) -> bool:
        if not isinstance(email_message, Letter):
            return bool(super()._send(email_message))  # type: ignore[misc]
        octets = email_message.message().as_bytes(linesep="\r\n")
        self.connection.sendmail(*email_message.envelope, octets)  # type: ignore[union-attr]
        return True

    @property
    def answer(self) -> str:
        """What the server said last, such as “250 OK”."""
        return self.connection.answer if isinstance(self.connection, Noticing) else ""

    @property
    def may_have_arrived(self) -> bool:
        """Whether the whole mail went out and no answer came."""
        return isinstance(self.connection, Noticing) and self.connection.dot_sent

    def drop(self) -> None:
        """Hang up without a word: whoever does not answer will not answer QUIT either."""
        for connection in (self.connection, self._partial_connection):  # type: ignore[has-type]
            if connection is not None:
                with suppress(OSError):
                    connection.close()
        self.connection = self._partial_connection = None
