"""Whoever is not satisfied is called and heard, and asked for nothing until that is settled."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from campaigns.models import Ask, CallTask, Purpose
from campaigns.services.asks import end
from campaigns.services.call_task import make_calls
from campaigns.services.prospects import RATED
from referrals.hours import due_within_office_hours
from referrals.models import Enrolment, Event, Program
from referrals.services.finder import UNHAPPY
from referrals.services.summary import with_number

# An old answer, such as one out of an imported file, is no reason to call today.
LATELY = timedelta(days=30)
Origin, Outcome = CallTask.Origin, CallTask.Outcome


def hear_the_unhappy(events: Sequence[Event], *, now: datetime) -> None:
    """Six of ten or less: a call to hear why, once for each answer, and the round with them is over. Seven or
    more: the call that waits for them is not needed any more. What they said last counts. Repeatable."""
    people = {event.advocate_id for event in events if event.kind in RATED and event.advocate_id}
    if not people:
        return
    latest = _latest_answers(people, now)
    glad = [event.advocate_id for event in latest if event.number > UNHAPPY]
    sorry = [event for event in latest if event.number <= UNHAPPY]
    if glad:
        waiting = CallTask.objects.open().filter(advocate__in=glad, origin=Origin.UNHAPPY)
        waiting.update(done_at=now, outcome=Outcome.OVERTAKEN)
    if sorry:
        _call(sorry, now)


def _latest_answers(people: Iterable[int], now: datetime) -> list[Any]:
    """What each of these people said last, if that was lately: events with their ``number`` from 0 to 10."""
    said = Event.objects.filter(advocate__in=people, kind__in=RATED).select_related("advocate__owner")
    rows = with_number(said, "score").filter(number__gte=0, number__lte=10).order_by("occurred_at", "pk")
    last = {row.advocate_id: row for row in rows}
    return [row for row in last.values() if row.occurred_at > now - LATELY]


def _call(events: Sequence[Any], now: datetime) -> None:
    people = [event.advocate_id for event in events]
    end(Ask.objects.running().filter(advocate__in=people, referral=None), Ask.End.UNSATISFIED, now=now)
    # A call to ask for something would keep this one off the list.
    asking = CallTask.objects.open().filter(advocate__in=people).exclude(origin=Origin.UNHAPPY)
    asking.update(done_at=now, outcome=Outcome.OVERTAKEN)
    programs = _programs_of(events)
    make_calls(
        [_task(event, programs[event.pk], now) for event in events if event.pk in programs],
        now=now,
    )


def _task(event: Any, program: Program, now: datetime) -> CallTask:
    advocate: Any = event.advocate
    return CallTask(
        program=program, advocate=advocate, owner=advocate.owner or program.owner, origin=Origin.UNHAPPY,
        purpose=Purpose.UNHAPPY_SCRIPT, reason=_("gave %(score)d of 10") % {"score": event.number},
        due_at=due_within_office_hours(program, now, program.contact_within_hours), key=f"unhappy:{event.pk}",
    )  # fmt: skip


def _programs_of(events: Sequence[Event]) -> dict[Any, Program]:
    """Whose colleagues call: the program of the answer, else the newest that the person is in, else the oldest."""
    live = {program.pk: program for program in Program.objects.live().select_related("owner").order_by("pk")}
    places = Enrolment.objects.filter(advocate__in=[event.advocate_id for event in events], program__in=live)
    newest = dict(places.order_by("joined_at").values_list("advocate_id", "program_id"))
    found = {
        event.pk: live.get(event.program_id or newest.get(event.advocate_id) or next(iter(live), 0))
        for event in events
    }
    return {pk: program for pk, program in found.items() if program}
