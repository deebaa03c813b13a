"""One mail to one mailbox, and what the server said to it."""

import smtplib
from email.utils import formataddr, parseaddr
from types import TracebackType
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.translation import gettext as _

from campaigns.links import link_to
from campaigns.models import Message
from campaigns.services.composing import one_line
from campaigns.services.frame import can_unsubscribe

Status = Message.Status


class Answer(NamedTuple):
    """What became of a mail. QUEUED means: not now, try again."""

    status: str
    reason: str


class Post:
    """One connection to the mail server for many mails; opened again when it breaks."""

    # So many cut connections in a row, and the server is taken for down.
    PATIENCE = 3

    def __init__(self) -> None:
        self.connection: Any = get_connection()
        self.trouble = ""
        self._broken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.connection.close()
        except OSError:
            self._hang_up()

    @property
    def is_down(self) -> bool:
        return self._broken >= self.PATIENCE

    def send(self, mail: EmailMultiAlternatives) -> Answer:
        """Hand one mail to the server; never raises for what server or network do."""
        try:
            self.connection.open()
        except OSError as error:
            self._hang_up()
            self._broken = self.PATIENCE
            self.trouble = _("The mail server cannot be reached: %s") % one_line(str(error))
            return Answer(Status.QUEUED, self.trouble)
        try:
            self.connection.send_messages([mail])
        except (OSError, ValueError) as error:
            return self._judge(error)
        self._broken = 0
        return Answer(Status.SENT, getattr(self.connection, "answer", "") or _("Accepted."))

    def _judge(self, error: OSError | ValueError) -> Answer:
        match error:
            case smtplib.SMTPRecipientsRefused():
                code, text = next(iter(error.recipients.values()))
                return self._refused(code, text, Status.QUEUED if _is_about_us(text) else Status.BOUNCED)
            case smtplib.SMTPDataError():
                return self._refused(error.smtp_code, error.smtp_error, Status.FAILED)
            case smtplib.SMTPResponseException():
                # Sender, sign-in or greeting: ours to put right, no fault of this mail.
                self._hang_up()
                return Answer(Status.QUEUED, _said(error.smtp_code, error.smtp_error))
            case OSError():
                arrived = getattr(self.connection, "may_have_arrived", False)
                self._broken += 1
                self._hang_up()
                self.trouble = one_line(str(error)) or repr(error)
                return Answer(Status.UNKNOWN if arrived else Status.QUEUED, self.trouble)
        return Answer(Status.FAILED, one_line(str(error)))

    def _refused(self, code: int, text: bytes | str, for_good: str) -> Answer:
        self._broken = 0
        if code == 421:
            self._hang_up()
        return Answer(for_good if code >= 500 else Status.QUEUED, _said(code, text))

    def _hang_up(self) -> None:
        getattr(self.connection, "drop", self.connection.close)()


def build_mail(message: Message, connection: Any) -> EmailMultiAlternatives:
    """The mail with its words and all its headers; the same Message-ID at every attempt."""
    program = message.program
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail = EmailMultiAlternatives(
        subject=one_line(message.subject),
        body=message.text,
        from_email=formataddr(
            (one_line(program.sender_name or program.company) if program else name, address)
        ),
        to=[message.to_address],
        reply_to=[program.reply_to] if program and program.reply_to else None,
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"} | _opt_out(message),
        connection=connection,
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    return mail


def _opt_out(message: Message) -> dict[str, str]:
    if not can_unsubscribe(message):
        return {}
    return {
        "List-Unsubscribe": f"<{link_to('preferences', message.token)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _is_about_us(text: bytes | str) -> bool:
    """Whether the server refuses the sender and not the mailbox (class 5.7, RFC 3463), such as when a sign-in
    is missing: readers must not be taken for gone because of that."""
    return (text.decode(errors="replace") if isinstance(text, bytes) else text).startswith("5.7.")


def _said(code: int, text: bytes | str) -> str:
    return one_line(f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}")
