"""Sales of which the rule says one thing, and a reward that was handed out another: a person decides."""

from datetime import datetime
from typing import Any

from django.db import transaction

from referrals.models import Attribution, Referral
from referrals.services.conversion import move_conversion
from referrals.services.twin import twin_of
from referrals.transitions import Moved

Standing = Attribution.Standing


def keep(rows: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Let sales count for whom they counted; no later fact moves them."""
    with transaction.atomic():
        return _settle(_lock(rows), now, by, note, is_moved=False)


def move(rows: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Let sales count for whoever has them by the rule. What was handed out for them is claimed back."""
    with transaction.atomic():
        return _settle(_lock(rows), now, by, note, is_moved=True)


def _settle(found: list[Attribution], now: datetime, by: Any, note: str, *, is_moved: bool) -> Moved:
    disputed = [row for row in found if row.standing == Standing.DISPUTED and row.conversion and row.rightful]
    for row in disputed:
        if is_moved and row.conversion and row.rightful:
            old, source = row.conversion.referral, Referral.Source.SALE
            referral = twin_of(old, row.rightful, source=source, now=now, by=by)
            row.moves += 1
            move_conversion(row.conversion, referral, move=row.moves, now=now, by=by)
            row.enrolment = row.rightful
        row.standing, row.rightful, row.by_hand = Standing.DECIDED, None, True
        row.decided_at, row.decided_by, row.note = now, by, note
        row.save()
    return Moved(disputed, [row for row in found if row not in disputed])


def _lock(rows: Any) -> list[Attribution]:
    locked = Attribution.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))
    people = locked.select_related(
        "program", "conversion__referral", "enrolment__advocate", "rightful__advocate"
    )
    return list(people.select_for_update(of=("self",), no_key=True).order_by("pk"))
