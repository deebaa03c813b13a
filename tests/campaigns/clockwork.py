"""Drives the planner as the clock drives it."""

from datetime import timedelta

from campaigns.models import Ask, Message, OutreachPlan, Purpose
from campaigns.services.planner import plan_due
from referrals.models import Event
from tests.factories import (
    NOW,
    OutreachPlanFactory,
    PlanStepFactory,
)

Kind, Trigger, End = Event.Kind, OutreachPlan.Trigger, Ask.End
DAY = timedelta(days=1)


def happens(advocate, kind=Kind.DEAL_WON, at=NOW, program=None, **data):
    event = Event(kind=kind, advocate=advocate, program=program, occurred_at=at, data=data)
    Event.objects.record([event], now=max(at, NOW))
    return event


def plan_after(trigger=Trigger.DEAL_WON, steps=((0, Purpose.ASK),), **more):
    plan = OutreachPlanFactory(trigger=trigger, first=None, **more)
    for position, (days, purpose) in enumerate(steps, start=1):
        PlanStepFactory(plan=plan, position=position, wait_days=days, purpose=purpose)
    return plan


def run(now, days, step=DAY):
    """Let the clock tick so many days, once a day; whatever is due by then counts as sent."""
    for n in range(days + 1):
        at = now + n * step
        plan_due(now=at)
        waiting = Message.objects.filter(ask__isnull=False, status="queued", due_at__lte=at)
        for message in waiting:
            Message.objects.filter(pk=message.pk).update(status="sent", sent_at=message.due_at)


def sent():
    return [
        ((m.due_at - NOW).days, m.purpose) for m in Message.objects.filter(ask__isnull=False).order_by("pk")
    ]


def the_ask():
    return Ask.objects.get()
