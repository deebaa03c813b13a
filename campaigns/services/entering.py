"""Who enters a plan: people to whom something has happened, those it looks for, and those somebody picks."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, Exists, F, IntegerField, OuterRef, QuerySet, UUIDField, Value
from django.db.models.functions import Cast

from campaigns.models import Ask, ContactPolicy, OutreachPlan
from campaigns.services.prospects import Hindrance, happened, judged, next_round, not_in, people, rounds_like
from referrals.models import Event
from referrals.prepared import prepared

# Rows that one statement stores.
BATCH = 5000
LOOKS_EVERY = timedelta(days=1)
COLUMNS = (
    "plan_id", "advocate_id", "round", "event_id", "since", "due_at", "position", "touches", "end_reason"
)  # fmt: skip
Trigger = OutreachPlan.Trigger


def enter_by_events(events: Sequence[Event], *, now: datetime) -> int:
    """Let these events begin rounds of the plans that wait for them; returns how many. Repeatable."""
    kinds = {event.kind for event in events}
    if not kinds & ALL_KINDS:
        return 0
    keys = [event.pk for event in events if event.kind in ALL_KINDS and event.advocate_id]
    triggers = [trigger for trigger, found in OutreachPlan.KINDS.items() if found & kinds]
    plans = _live_plans(triggers)
    return sum(_enter(plan, Event.objects.filter(pk__in=keys), now) for plan in plans)


@prepared
def _live_plans(triggers: list[str]) -> QuerySet[OutreachPlan]:
    return OutreachPlan.objects.live().filter(trigger__in=triggers)


def look_for_people(plan: OutreachPlan, *, now: datetime) -> int:
    """Let everyone in who belongs in the plan and is not yet; in batches, and again tomorrow."""
    if plan.kinds:
        found, again = _enter(plan, Event.objects.all(), now), None
    elif plan.trigger in OutreachPlan.LOOKS_FOR_PEOPLE:
        found, again = _enter_people(plan, now), now + LOOKS_EVERY
    else:
        found, again = 0, None
    if plan.trigger == Trigger.DATE:
        again = None
    OutreachPlan.objects.filter(pk=plan.pk, look_at=plan.look_at).update(look_at=again)
    return found


def first_look(plan: OutreachPlan, now: datetime) -> datetime:
    """When a plan that goes live now looks for people first: at once, or when its day begins."""
    if plan.trigger != Trigger.DATE or plan.on_date is None:
        return now
    return max(now, datetime.combine(plan.on_date, time(0), plan.program.zone).astimezone(now.tzinfo))


def _enter(plan: OutreachPlan, events: Any, now: datetime) -> int:
    """A round for everyone to whom one of these has happened, the newest first: whoever has several gets one."""
    rows = not_in(plan, happened(plan, events, now=now)).exclude(_rests_too_long(plan)).order_by("-pk")
    count, last = 0, None
    while keys := list((rows.filter(pk__lt=last) if last else rows).values_list("pk", flat=True)[:BATCH]):
        chosen = not_in(plan, Event.objects.filter(pk__in=keys)).order_by("-occurred_at")
        values = _values(
            plan, chosen, F("advocate_id"), F("pk"), F("occurred_at"), next_round(plan, "advocate_id")
        )
        count += Ask.objects.insert_from(values, COLUMNS)
        if len(keys) < BATCH:
            break
        last = keys[-1]
    return count


def _rests_too_long(plan: OutreachPlan) -> Exists:
    """Whether somebody was asked so lately that it will be too late when they may be asked again."""
    asked = rounds_like(plan).filter(advocate=OuterRef("advocate_id"))
    return Exists(asked.filter(ended_at__gt=OuterRef("occurred_at") + Value(plan.latest - plan.rest)))


def _enter_people(plan: OutreachPlan, now: datetime) -> int:
    """Only whom it would ask now, and whom it leaves out to compare: the others are looked at again tomorrow.

    The inner circle comes first, and everyone in the order in which we came to know them.
    """
    count, policy = 0, ContactPolicy.objects.current()
    moment = Value(now, output_field=DateTimeField())
    for some in people(plan, now=now):
        last = 0
        while True:
            with transaction.atomic():
                rows = judged(not_in(plan, some.filter(pk__gt=last)), plan, now=now, policy=policy)
                rows = rows.filter(hindrance__in=["", Hindrance.HELD_OUT]).order_by("pk")
                keys = list(rows.values_list("pk", flat=True)[:BATCH])
                if not keys:
                    break
                chosen = not_in(plan, some.model.objects.filter(pk__in=keys)).order_by("pk")
                values = _values(
                    plan, chosen, F("pk"), Cast(Value(None), UUIDField()), moment, next_round(plan, "pk")
                )
                count += Ask.objects.insert_from(values, COLUMNS)
                last = keys[-1]
    return count


def _values(plan: OutreachPlan, rows: Any, who: Any, event: Any, since: Any, number: Any) -> Any:
    """What is to be stored for each row, in the order of COLUMNS."""
    earliest = plan.earliest if plan.kinds else timedelta(0)
    return rows.annotate(
        c1=Value(plan.pk, output_field=IntegerField()), c2=who, c3=number, c4=event, c5=since,
        c6=since + Value(earliest) if earliest else since,
        c7=Value(1), c8=Value(0), c9=Value(""),
    ).values_list("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9")  # fmt: skip


ALL_KINDS = set().union(*OutreachPlan.KINDS.values())
