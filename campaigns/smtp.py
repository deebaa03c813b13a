"""SMTP that knows how far it got: a mail cut off after its final dot may have arrived, before it has not."""

import re
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoEmailBackend

from campaigns.letter import PLAIN_ADDRESS, Letter

# What the server says: taken, taken for somebody else, “now the mail” (RFC 5321, 4.2.3).
OK, FORWARDED, GO_ON, REFUSED = 250, 251, 354, 400
# As smtplib has it for no answer.
HUNG_UP = -1, b""
# A line that begins with a dot gets another, since one alone ends the mail (RFC 5321, 4.5.2).
_DOTS = re.compile(rb"^\.", re.MULTILINE)


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


class InOneBreath:
    """Says who writes, to whom, and that the mail follows in one breath to a server that listens to that
    (PIPELINING, RFC 2920): two waits for an answer instead of four. Raises what smtplib raises."""

    def sendmail(
        self: Any,
        from_addr: str,
        to_addrs: str | Sequence[str],
        msg: Any,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> Any:
        self.ehlo_or_helo_if_needed()
        both = [from_addr, *to_addrs]
        usual = (
            len(both) == 2 and all(map(PLAIN_ADDRESS.fullmatch, both)) and not (mail_options or rcpt_options)
        )
        if not usual or not self.has_extn("pipelining"):
            return super().sendmail(from_addr, to_addrs, msg, mail_options, rcpt_options)  # type: ignore[misc]
        size = f" size={len(msg)}" if self.has_extn("size") else ""
        self.send(f"mail FROM:<{both[0]}>{size}\r\nrcpt TO:<{both[1]}>\r\ndata\r\n".encode("ascii"))
        sender, recipient, data = self._answers()
        if sender[0] != OK:
            raise self._taken_back(data, smtplib.SMTPSenderRefused(sender[0], sender[1], from_addr))
        if recipient[0] not in {OK, FORWARDED}:
            raise self._taken_back(data, smtplib.SMTPRecipientsRefused({both[1]: recipient}))
        if data[0] != GO_ON:
            raise self._taken_back(data, smtplib.SMTPDataError(*data))
        self.send(_DOTS.sub(b"..", msg).removesuffix(b"\r\n") + b"\r\n.\r\n")
        accepted = self.getreply()
        if accepted[0] != OK:
            raise self._taken_back(accepted, smtplib.SMTPDataError(*accepted))
        return {}

    def _answers(self: Any) -> list[tuple[int, bytes]]:
        """What the server says to each of the three, also where it refuses one and hangs up at once."""
        answers: list[tuple[int, bytes]] = []
        try:
            while len(answers) < 3:
                answers.append(self.getreply())
        except smtplib.SMTPServerDisconnected:
            if all(code < REFUSED for code, _text in answers):
                raise
        return [*answers, HUNG_UP, HUNG_UP][:3]

    def _taken_back(self: Any, data: tuple[int, bytes], error: Exception) -> Exception:
        """Nothing of this mail stays with the server, which may be waiting for it."""
        with suppress(smtplib.SMTPServerDisconnected):
            if data[0] == GO_ON:
                self.docmd(".")
            self.rset()
        return error


class Connection(InOneBreath, Noticing, smtplib.SMTP):
    pass


class SecureConnection(InOneBreath, Noticing, smtplib.SMTP_SSL):
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
