"""Messages that a person sends from their own mail program: prepared here, and noted once they have left."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from django.db import transaction
from django.utils.translation import gettext as _
from liquid.exceptions import LiquidError

from campaigns.models import Message, MessageChannel
from campaigns.services import outbox
from campaigns.services.composing import compose_line
from campaigns.services.holding import Checks
from campaigns.services.words import NoWords, Wording
from referrals.transitions import Moved, Refused

Status = Message.Status


class Letter(NamedTuple):
    """What to copy: no frame, no sign that a machine had a hand in it."""

    subject: str
    text: str

    def link(self, message: Message) -> str:
        """Opens the sender's own mail program with everything filled in; for a text, the phone's."""
        if message.channel == MessageChannel.SMS:
            return f"sms:{quote(message.to_address)}?{urlencode({'body': self.text}, quote_via=quote)}"
        filled = urlencode({"subject": self.subject, "body": self.text}, quote_via=quote)
        return f"mailto:{quote(message.to_address, safe='@')}?{filled}"


def queue_by_hand(messages: Sequence[Message], *, now: datetime) -> None:
    """Put messages on the list of whoever is to send them (``user``). Repeatable, by their keys."""
    for message in messages:
        message.status = Status.BY_HAND
    outbox.queue(messages, now=now)


def compose_letter(message: Message) -> Letter:
    """The bare words for this person, as the sender has changed them, if they did. Raises NoWords or LiquidError
    when they cannot be used."""
    if message.text:
        return Letter(message.subject, message.text)
    wording = Wording([message])
    subject = compose_line(wording.template_for(message).subject, wording.values_of(message))
    return Letter(subject, wording.text(message))


def change_letter(messages: Any, *, subject: str, text: str, now: datetime, by: Any) -> Moved:
    """Keep the sender's own words for this message. Raises Refused when it has left, or lacks the link by which
    a recommendation counts for this person."""
    with transaction.atomic():
        [row] = _locked(messages)
        if row.status != Status.BY_HAND:
            raise Refused(_("It is “%(status)s”.") % {"status": row.get_status_display()})
        if (link := row.context.get("link", "")) and link not in text:
            raise Refused(
                _("Leave the link in: by it a recommendation counts for them. %(link)s") % {"link": link}
            )
        Message.objects.filter(pk=row.pk).update(subject=subject, text=text)
    return Moved([row], [])


def mark_sent(messages: Any, *, now: datetime, by: Any) -> Moved:
    """Whoever was to send these has done so. What may not leave any more stays, with the reason."""
    with transaction.atomic():
        rows = _locked(messages)
        checks = Checks(rows, now=now)
        moved, refused = [], []
        for row in rows:
            if refusal := _refusal(row, checks):
                row.refusal = refusal  # type: ignore[attr-defined]
                refused.append(row)
            else:
                moved.append(row)
                _note_sent(row, now, by)
    return Moved(moved, refused)


def _locked(messages: Any) -> list[Message]:
    keys = list(messages.values_list("pk", flat=True))
    rows = Message.objects.filter(pk__in=keys).select_related("program", "advocate", "referral")
    return list(rows.order_by("due_at", "pk").select_for_update(of=("self",)))


def _refusal(message: Message, checks: Checks) -> str:
    if message.status != Status.BY_HAND:
        return _("is “%(status)s”") % {"status": message.get_status_display()}
    # A person may write at night; nobody may write to somebody who wants no more.
    hold = checks.hold(message)
    return hold.reason if hold and hold.status == Status.WITHHELD else ""


def _note_sent(message: Message, now: datetime, by: Any) -> None:
    try:
        letter = compose_letter(message)
    except (NoWords, LiquidError, KeyError):
        letter = Letter("", "")
    said = _("Sent by hand by %(who)s.") % {"who": by.get_full_name() or by.get_username()}
    Message.objects.filter(pk=message.pk, status=Status.BY_HAND).update(
        status=Status.SENT, sent_at=now, reason=said, subject=letter.subject[:200], text=letter.text
    )
