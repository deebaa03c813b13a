"""What a provider reports after it took a message: delivered, bounced, reported as spam, unsubscribed."""

from datetime import datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Message, Suppression
from campaigns.services.suppression import suppress_keys

Status, Reason = Message.Status, Suppression.Reason


class Fate(Enum):
    """What became of a message, in the words of no provider."""

    DELIVERED = "delivered"
    # For this once: the mailbox is full, the phone is off.
    MISSED = "missed"
    # For good: there is no such mailbox or mobile phone.
    GONE = "gone"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


ENDS = {
    Fate.GONE: Reason.BOUNCED,
    Fate.COMPLAINED: Reason.COMPLAINED,
    Fate.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
}


class Report(NamedTuple):
    """``names`` is whatever the provider calls the message by: our own id, its number, the Message-ID."""

    names: frozenset[str]
    fate: Fate
    said: str
    at: datetime


def take_report(report: Report, *, now: datetime) -> Message | None:
    """Note a report on its message, and never write again to a mailbox that is gone or wants nothing more.

    Returns the message, or None for one that is not ours. Repeatable, and in any order.
    """
    with transaction.atomic():
        found = Message.objects.filter(pk__in=_own_ids(report.names)).select_for_update(of=("self",)).first()
        message = found or _by_reference(report.names)
        if message is None:
            return None
        Message.objects.filter(pk=message.pk).update(**_changes(message, report))
        if report.fate in ENDS:
            suppress_keys({message.to_key}, None, ENDS[report.fate], now=now)
    return message


def _by_reference(names: frozenset[str]) -> Message | None:
    known = Message.objects.filter(reference__in=names - {""}).exclude(reference="")
    return known.select_for_update(of=("self",)).first()


def _own_ids(names: frozenset[str]) -> list[UUID]:
    """Our own ids among the names: each Message-ID is one with our host behind it."""
    found = []
    for name in names:
        try:
            found.append(UUID(name.strip("<>").partition("@")[0]))
        except ValueError:
            continue
    return found


def _changes(message: Message, report: Report) -> dict[str, object]:
    said = report.said[:300]
    match report.fate:
        case Fate.DELIVERED:
            return {"delivered_at": message.delivered_at or report.at}
        case Fate.GONE if message.status in {Status.SENT, Status.UNKNOWN, Status.SENDING}:
            # Nobody read it: in no report does it count as sent.
            return {"status": Status.BOUNCED, "reason": said, "lease": None}
        case Fate.COMPLAINED:
            return {"reason": said or str(Reason.COMPLAINED.label)}
        case Fate.UNSUBSCRIBED:
            return {"reason": str(Reason.UNSUBSCRIBED.label)}
    return {"reason": said or _("It did not arrive this time.")}
