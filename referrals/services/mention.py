"""Friends who say that somebody told them, where a person has to find out who."""

from datetime import datetime
from typing import Any

from django.db import transaction

from referrals.models import Enrolment, Mention, Referral
from referrals.services.join import TOLD, join
from referrals.services.known import Friend
from referrals.transitions import Moved


def attach_mentions(mentions: Any, enrolment: Enrolment, *, now: datetime, by: Any) -> Moved:
    """Whom the friends mean has been found out: they are this advocate's, as if the name had been clear.

    Raises Refused with a sentence when a friend's data has been deleted at their wish.
    """
    with transaction.atomic():
        rows, rest = _lock(mentions)
        for row in rows:
            friend = Friend(**{name: getattr(row, name) for name in TOLD})
            row.referral = join(
                enrolment, friend, Referral.Source.NAMED, agreement=row.agreement, now=now, by=by
            )
            _settle(row, now, by)
    return Moved(rows, rest)


def close_mentions(mentions: Any, *, now: datetime, by: Any) -> Moved:
    """Nobody of ours was meant: these are people who found us like any others."""
    with transaction.atomic():
        rows, rest = _lock(mentions)
        for row in rows:
            _settle(row, now, by)
    return Moved(rows, rest)


def _lock(mentions: Any) -> tuple[list[Mention], list[Mention]]:
    rows = list(mentions.select_for_update(of=("self",), no_key=True).order_by("pk"))
    return [row for row in rows if row.settled_at is None], [row for row in rows if row.settled_at]


def _settle(row: Mention, now: datetime, by: Any) -> None:
    row.settled_at, row.settled_by = now, by
    row.save(update_fields=["settled_at", "settled_by", "referral"])
