from datetime import datetime
from typing import Any

from referrals.models import Advocate, Event, Program
from referrals.transitions import Moved


def note_about(advocates: Any, *, text: str, now: datetime, by: Any, program: Program | None = None) -> Moved:
    """Write a note into the history of these people, for colleagues to read."""
    rows: list[Advocate] = list(advocates)
    told = [
        Event(
            kind=Event.Kind.ADVOCATE_NOTED, advocate=row, program=program, actor=by, occurred_at=now,
            data={"note": text},
        )
        for row in rows
    ]  # fmt: skip
    Event.objects.record(told, now=now)
    return Moved(rows, [])
