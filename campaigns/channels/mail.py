"""One mail to one mailbox, and what the server said to it."""

import json
import smtplib
from email.utils import formataddr, parseaddr
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.translation import gettext as _

from campaigns.channels.network import never_left
from campaigns.channels.way import Answer, Way
from campaigns.letter import Letter
from campaigns.links import link_to
from campaigns.models import Message
from campaigns.services.composing import one_line
from campaigns.services.frame import can_unsubscribe
from campaigns.smtp import EmailBackend

Status = Message.Status
# Sign-in, permission, too many at once: no fault of the mail.
ABOUT_US = {401, 403, 408, 429}


class Post(Way):
    """One connection to the mail server for many mails; opened again when it breaks."""

    # By its Message-ID, which stays the same.
    tells_repeats = True

    def __init__(self) -> None:
        super().__init__()
        self.connection: Any = get_connection()
        self._kind = Letter if isinstance(self.connection, EmailBackend) else EmailMultiAlternatives

    @staticmethod
    def leaves() -> bool:
        return bool(settings.MAIL_LEAVES)

    def close(self) -> None:
        try:
            self.connection.close()
        except OSError:
            self._hang_up()

    def send(self, message: Message) -> Answer:
        try:
            mail = build_mail(message, self.connection, self._kind)
        except ValueError as error:
            return Answer(Status.FAILED, str(error))
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
        except AnymailRecipientsRefused as error:
            return Answer(Status.BOUNCED, one_line(str(error)))
        self._broken = 0
        reference = getattr(getattr(mail, "anymail_status", None), "message_id", None)
        reason = getattr(self.connection, "answer", "") or _("Accepted.")
        return Answer(Status.SENT, reason, reference if isinstance(reference, str) else "")

    def _judge(self, error: OSError | ValueError) -> Answer:
        match error:
            case AnymailAPIError():
                return self._refused_by_provider(error)
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

    def _refused_by_provider(self, error: AnymailAPIError) -> Answer:
        """The provider's API said no: to this mail, or (our key, its limits, its troubles) to all of them."""
        code, reason = error.status_code, one_line(str(error))
        unheard = code in ABOUT_US or never_left(error)
        if code and 400 <= code < 500 and not unheard:
            self._broken = 0
            return Answer(Status.FAILED, reason)
        self._broken += 1
        self.trouble = reason
        # Without an answer, or with one about its own troubles, it may have taken the mail.
        return Answer(Status.QUEUED if unheard else Status.UNKNOWN, reason)

    def _refused(self, code: int, text: bytes | str, for_good: str) -> Answer:
        self._broken = 0
        if code == 421:
            self._hang_up()
        return Answer(for_good if code >= 500 else Status.QUEUED, _said(code, text))

    def _hang_up(self) -> None:
        getattr(self.connection, "drop", self.connection.close)()


def build_mail(
    message: Message, connection: Any, kind: type[EmailMultiAlternatives] = EmailMultiAlternatives
) -> EmailMultiAlternatives:
    """The mail with its words and all its headers; the same Message-ID at every attempt."""
    name, reply_to = _sender(message)
    mail = kind(
        subject=one_line(message.subject),
        body=message.text,
        from_email=formataddr((name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[message.to_address],
        reply_to=[reply_to] if reply_to else None,
        headers={
            "Message-ID": message.message_id,
            **({} if message.own_words else {"Auto-Submitted": "auto-generated"}),
            **_opt_out(message),
            **_mark(message),
        },
        connection=connection,
    )
    # Comes back in the reports of providers that send by API; others do not see it.
    mail.metadata = {"message": str(message.pk)}  # type: ignore[attr-defined]
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    return mail


def _sender(message: Message) -> tuple[str, str]:
    """Who writes, and where answers go: the company, or the colleague who wrote it in person."""
    program, writer = message.program, message.user if message.own_words else None
    company = (
        (program.sender_name or program.company) if program else parseaddr(settings.DEFAULT_FROM_EMAIL)[0]
    )
    person = writer.get_full_name() if writer else ""
    reply_to = (writer.email if writer else "") or (program.reply_to if program else "")
    return one_line(f"{person}, {company}" if person else company), reply_to


def _mark(message: Message) -> dict[str, str]:
    """Amazon gives each mail a Message-ID of its own, and reports with our headers: this is how we know it again."""
    marked = settings.EMAIL_HOST and settings.EMAIL_HOST.endswith(".amazonaws.com")
    return {"X-Metadata": json.dumps({"message": str(message.pk)})} if marked else {}


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
