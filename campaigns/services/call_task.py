"""Calls to advocates: made by the finder, a plan or a colleague, logged with what came of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import CallTask
from referrals.hours import next_opening
from referrals.models import Event
from referrals.transitions import Moved, Refused

Outcome = CallTask.Outcome
# They picked up; whoever is called because they are not satisfied is heard, and asked for nothing.
TALKED = (Outcome.AGREED, Outcome.NOT_NOW, Outcome.DECLINED, Outcome.HEARD)
AGAIN = (Outcome.NOT_NOW, Outcome.NO_ANSWER)


def make_calls(tasks: Sequence[CallTask], *, now: datetime) -> list[CallTask]:
    """Put calls on the list and return those that are new. Whoever is on the program's list already, or has
    a call with the same ``key``, gets no second one."""
    for task in tasks:
        task.created_at = now
    CallTask.objects.bulk_create(tasks, ignore_conflicts=True, batch_size=500)
    keys = [task.pk for task in tasks]
    stored = set(CallTask.objects.filter(pk__in=keys).values_list("pk", flat=True))
    return [task for task in tasks if task.pk in stored]


def log_call_task(
    task: CallTask, outcome: str, *, now: datetime, by: Any, note: str = "", next_at: datetime | None = None
) -> CallTask | None:
    """Write down what came of a call; returns the next one, if there is to be one.

    Not now: at ``next_at``. Not reached: when the office opens on the next working day. A no is remembered:
    nobody asks them again. Raises Refused with a sentence when the call was logged before.
    """
    with transaction.atomic():
        again = next_at or next_opening(task.program, now) if outcome in AGAIN else None
        claimed = CallTask.objects.open().filter(pk=task.pk)
        done = {"done_at": now, "done_by": by, "outcome": outcome, "note": note, "next_at": again}
        if not claimed.update(**done):
            raise Refused(_("This call has been logged already. Look under “done” to see by whom."))
        Event.objects.record(_events(task, outcome, note, now, by), now=now)
        return _next(task, again, now) if again else None


def settle_calls(advocates: Iterable[int], *, now: datetime) -> int:
    """Take people off the call list for whom it is settled otherwise; returns how many calls."""
    open_calls = CallTask.objects.open().filter(advocate__in=list(advocates))
    return open_calls.update(done_at=now, outcome=Outcome.OVERTAKEN)


def hand_over_calls(tasks: Any, owner: Any, *, now: datetime, by: Any) -> Moved:
    """Give calls that are still to be made to a colleague."""
    rows = list(tasks.select_related("advocate"))
    still = [row for row in rows if row.done_at is None]
    CallTask.objects.open().filter(pk__in=[row.pk for row in still]).update(owner=owner)
    return Moved(still, [row for row in rows if row.done_at])


def _next(task: CallTask, at: datetime, now: datetime) -> CallTask | None:
    following = CallTask(
        program_id=task.program_id, advocate_id=task.advocate_id, owner_id=task.owner_id, due_at=at,
        purpose=task.purpose, origin=task.origin, reason=task.reason,
    )  # fmt: skip
    return next(iter(make_calls([following], now=now)), None)


def _events(task: CallTask, outcome: str, note: str, now: datetime, by: Any) -> list[Event]:
    """That they talked, that they were asked, and a no for good."""
    kinds: list[str] = []
    if outcome in TALKED:
        kinds = [Event.Kind.ADVOCATE_CALLED]
    if outcome in TALKED and task.origin != CallTask.Origin.UNHAPPY:
        kinds.append(Event.Kind.ASKED)
    if outcome == Outcome.DECLINED:
        kinds.append(Event.Kind.ASK_DECLINED)
    told = {"outcome": outcome, "note": note, "channel": "call"}
    return [
        Event(
            kind=kind, program_id=task.program_id, advocate_id=task.advocate_id, actor=by, occurred_at=now,
            data=told if kind == Event.Kind.ADVOCATE_CALLED else {"channel": "call"},
            dedup_key=f"call:{task.pk}:{kind}",
        )
        for kind in kinds
    ]  # fmt: skip
