from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from referrals.models import Advocate, Event, Tag, Tagging
from referrals.transitions import Moved


def put_tag(advocates: Any, tag: Tag, *, now: datetime, by: Any = None) -> Moved:
    """Put a tag on these people. Whoever bears it already is left as they are."""
    with transaction.atomic():
        rows = list(advocates)
        before = _bearers(rows, tag)
        fresh = [row for row in rows if row.pk not in before]
        Tagging.objects.bulk_create(
            [Tagging(advocate=row, tag=tag, added_at=now, added_by=by) for row in fresh],
            ignore_conflicts=True,
            batch_size=500,
        )
        _record(Event.Kind.TAG_APPLIED, fresh, tag, now, by)
    return Moved(fresh, [row for row in rows if row.pk in before])


def take_tag(advocates: Any, tag: Tag, *, now: datetime, by: Any = None) -> Moved:
    """Take a tag off these people."""
    with transaction.atomic():
        rows = list(advocates)
        before = _bearers(rows, tag)
        Tagging.objects.filter(tag=tag, advocate__in=before).delete()
        gone = [row for row in rows if row.pk in before]
        _record(Event.Kind.TAG_REMOVED, gone, tag, now, by)
    return Moved(gone, [row for row in rows if row.pk not in before])


def _bearers(advocates: Iterable[Advocate], tag: Tag) -> set[int]:
    bearers = Tagging.objects.filter(tag=tag, advocate__in=list(advocates))
    return set(bearers.values_list("advocate_id", flat=True))


def _record(kind: str, advocates: Sequence[Advocate], tag: Tag, now: datetime, by: Any) -> None:
    told = [
        Event(kind=kind, advocate=row, actor=by, occurred_at=now, data={"tag": tag.name}) for row in advocates
    ]
    if told:
        Event.objects.record(told, now=now)
