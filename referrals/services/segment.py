from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.models import Advocate, Event, Pick, Program, Segment
from referrals.transitions import Moved, Refused


def inner_circle(program: Program) -> Segment:
    """The program's inner circle; made empty at the first call."""
    found, _is_new = Segment.objects.get_or_create(
        program=program, kind=Segment.Kind.INNER_CIRCLE, defaults={"name": _("Inner circle")}
    )
    return found


def pick(advocates: Any, *, program: Program, now: datetime, by: Any) -> Moved:
    """Put these people into the program's inner circle. Only a person does: raises Refused without ``by``."""
    if by is None:
        raise Refused(_("Only a person picks for the inner circle."))
    with transaction.atomic():
        segment = inner_circle(program)
        rows = list(advocates)
        before = set(segment.picks.filter(advocate__in=rows).values_list("advocate_id", flat=True))
        fresh = [row for row in rows if row.pk not in before]
        Pick.objects.bulk_create(
            [Pick(segment=segment, advocate=row, picked_at=now, picked_by=by) for row in fresh],
            ignore_conflicts=True,
        )
        _record(Event.Kind.CIRCLE_JOINED, fresh, program, now, by)
    return Moved(fresh, [row for row in rows if row.pk in before])


def drop(advocates: Any, *, program: Program, now: datetime, by: Any) -> Moved:
    """Take these people out of the program's inner circle."""
    with transaction.atomic():
        rows = list(advocates)
        picks = Pick.objects.filter(segment__program=program, advocate__in=rows)
        inside = set(picks.values_list("advocate_id", flat=True))
        picks.delete()
        gone = [row for row in rows if row.pk in inside]
        _record(Event.Kind.CIRCLE_LEFT, gone, program, now, by)
    return Moved(gone, [row for row in rows if row.pk not in inside])


def size_segments(*, now: datetime) -> int:
    """Count each segment's people, for the list; returns how many segments there are."""
    segments = list(Segment.objects.all())
    for segment in segments:
        size_segment(segment, now=now)
    return len(segments)


def size_segment(segment: Segment, *, now: datetime) -> int:
    """Count the segment's people and remember the number."""
    size: int = segment.members(now).count()
    Segment.objects.filter(pk=segment.pk).update(size=size, sized_at=now)
    return size


def _record(kind: str, advocates: Sequence[Advocate], program: Program, now: datetime, by: Any) -> None:
    Event.objects.record(
        [Event(kind=kind, program=program, advocate=row, actor=by, occurred_at=now) for row in advocates],
        now=now,
    )
