"""What advocates do for the company besides recommending it, as staff hear of it."""

from datetime import datetime
from typing import Any

from referrals.models import Enrolment, Event
from referrals.transitions import Moved

DEEDS = (Event.Kind.REVIEW_LEFT, Event.Kind.FOLLOWED, Event.Kind.SHARED, Event.Kind.SURVEY_ANSWERED)


def note_deed(enrolments: Any, *, deed: str, now: datetime, by: Any) -> Moved:
    """Write down that these advocates did this; rules and contests answer to it. Once a day each, so that a
    second click changes nothing: who had it before comes back as refused."""
    rows: list[Enrolment] = list(enrolments.select_related("advocate", "program"))
    events = [
        Event(
            kind=deed, program_id=row.program_id, advocate_id=row.advocate_id, actor=by, occurred_at=now,
            dedup_key=f"deed:{deed}:{row.pk}:{row.program.local(now):%Y-%m-%d}",
        )
        for row in rows
    ]  # fmt: skip
    stored = Event.objects.record(events, now=now)
    fresh = {event.advocate_id for event, first in zip(events, stored, strict=True) if event.pk == first.pk}
    return Moved(
        [row for row in rows if row.advocate_id in fresh],
        [row for row in rows if row.advocate_id not in fresh],
    )
