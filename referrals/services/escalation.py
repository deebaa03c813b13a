"""Calls that nobody made go to the lead, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from referrals.hours import office_hours_before
from referrals.models import Event, FollowUp, Membership, Program, Referral

AT_ONCE = 500


def escalate_overdue(programs: Sequence[Program], *, now: datetime) -> int:
    """Give the lead of each program the calls that are overdue by as many business hours as it allows; returns
    how many. A program without a lead turns to its first manager. A handful of queries for 500 calls."""
    late = Q(pk__in=[])
    for program in programs:
        since = office_hours_before(program, now, program.escalate_after_hours)
        late |= Q(referral__program=program, due_at__lte=since)
    due = FollowUp.objects.to_make().filter(late, told__lt=FollowUp.Told.ESCALATED)
    leads = leads_of(programs)
    total = 0
    while found := _escalate(due, leads, now):
        total += found
    return total


def leads_of(programs: Sequence[Program]) -> dict[int, Any]:
    """Who answers for the calls of each program: its lead, else its first manager, else nobody."""
    managers = Membership.objects.filter(
        program__in=programs, role=Membership.Role.MANAGER, user__is_active=True
    ).exclude(user__email="")
    first: dict[int, Any] = {}
    for member in managers.select_related("user").order_by("-user_id"):
        first[member.program_id] = member.user
    leads = User.objects.in_bulk({program.lead_id for program in programs if program.lead_id})
    named = {p.pk: leads[p.lead_id] for p in programs if p.lead_id in leads and leads[p.lead_id].is_active}
    return first | named


def _escalate(due: Any, leads: dict[int, Any], now: datetime) -> int:
    with transaction.atomic():
        locked = due.select_for_update(of=("self",), skip_locked=True).order_by("due_at", "pk")
        rows = list(locked.select_related("referral__enrolment", "owner")[:AT_ONCE])
        events = []
        for call in rows:
            before, lead = call.owner, leads.get(call.referral.program_id)
            call.told, call.owner = FollowUp.Told.ESCALATED, lead or before
            call.referral.owner = call.owner
            events.append(_escalated(call, before, now))
        FollowUp.objects.bulk_update(rows, ["told", "owner"], batch_size=AT_ONCE)
        Referral.objects.bulk_update([call.referral for call in rows], ["owner"], batch_size=AT_ONCE)
        Event.objects.record(events, now=now)
    return len(rows)


def _escalated(call: FollowUp, before: Any, now: datetime) -> Event:
    referral = call.referral
    return Event(
        kind=Event.Kind.REFERRAL_ESCALATED,
        program_id=referral.program_id,
        advocate_id=referral.enrolment.advocate_id,
        referral=referral,
        occurred_at=now,
        data={
            "owner": _name(call.owner),
            "before": _name(before),
            "call": call.pk,
            "due": call.due_at.isoformat(),
        },
        dedup_key=f"escalated:{call.pk}:{int(call.due_at.timestamp())}",
    )


def _name(user: Any) -> str:
    return (user.get_full_name() or user.get_username()) if user else ""
