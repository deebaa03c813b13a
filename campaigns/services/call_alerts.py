"""Staff hear when it matters: a call is due soon, overdue, or theirs now; each once, in office hours."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import override

from campaigns.links import link_to_desk
from campaigns.models import Message, Purpose
from campaigns.services import outbox
from referrals.hours import is_open, opened_at
from referrals.models import FollowUp, Program, Referral
from referrals.services.escalation import escalate_overdue, leads_of

SOON = timedelta(minutes=30)
AT_ONCE = 500
Told = FollowUp.Told


def alert_callers(*, now: datetime) -> int:
    """Tell whoever calls what is due within half an hour and what is overdue, and give the lead what nobody did.

    Returns how many calls staff were told about. Programs whose office is closed wait until it opens. A handful
    of queries for 500 calls.
    """
    programs = [p for p in Program.objects.exclude(status=Program.Status.DRAFT) if is_open(p, now)]
    if not programs:
        return 0
    leads = leads_of(programs)
    waiting = FollowUp.objects.to_make().filter(referral__program__in=programs)
    escalated = escalate_overdue(programs, now=now)
    ahead = _ahead(programs, now)
    overdue = waiting.filter(due_at__lt=now, told__lt=Told.OVERDUE).exclude(ahead)
    soon = waiting.filter(ahead, due_at__lte=now + SOON, told=Told.NOTHING)
    return (
        escalated
        + _tell_all(overdue, Purpose.CALL_OVERDUE, Told.OVERDUE, leads, now)
        + _tell_all(soon, Purpose.CALL_SOON, Told.DUE_SOON, leads, now)
    )


def _ahead(programs: Sequence[Program], now: datetime) -> Q:
    """Calls that are not due yet; in the first half hour of the day also those that are due since the office opened,
    for nobody could be told before."""
    found = Q(pk__in=[])
    for program in programs:
        opened = opened_at(program, now)
        since = opened if now < opened + SOON else now
        found |= Q(referral__program=program, due_at__gte=since)
    return found


def _tell_all(calls: Any, purpose: Purpose, told: int, leads: dict[int, Any], now: datetime) -> int:
    total = 0
    people = ("referral__program__owner", "referral__enrolment__advocate", "owner")
    while rows := list(calls.select_related(*people).order_by("due_at", "pk")[:AT_ONCE]):
        with transaction.atomic():
            found = [_alert(call, purpose, leads, now) for call in rows]
            outbox.queue([message for message in found if message], now=now)
            FollowUp.objects.filter(pk__in=[call.pk for call in rows], told__lt=told).update(told=told)
        total += len(rows)
    return total


def _alert(call: FollowUp, purpose: Purpose, leads: dict[int, Any], now: datetime) -> Message | None:
    referral = call.referral
    user = call.owner or referral.program.owner or leads.get(referral.program_id)
    if not user or not user.email:
        return None
    key = f"{purpose}:{call.pk}:{int(call.due_at.timestamp())}"
    return staff_message(purpose, referral, user, key=key, call_id=call.pk, due_at=call.due_at)


def staff_message(
    purpose: Purpose, referral: Referral, user: Any, *, key: str, call_id: int | None, due_at: datetime | None,
    caller: str = "",
) -> Message:  # fmt: skip
    """A mail to a colleague about one friend. Reads the referral with its program and advocate."""
    program, advocate = referral.program, referral.enrolment.advocate
    path = f"followup/{call_id}" if call_id else f"referral/{referral.pk}"
    return Message(
        key=key,
        purpose=purpose,
        program=program,
        advocate_id=advocate.pk,
        referral=referral,
        user=user,
        to_name=user.get_full_name()[:60],
        to_address=user.email,
        language=program.language,
        context={
            "advocate_name": str(advocate),
            "friend_names": str(referral),
            "friend_company": referral.company,
            "call_by": _clock(program, due_at),
            "caller": caller,
            "link": link_to_desk(f"referrals/{path}/change/"),
        },
    )


def _clock(program: Program, due_at: datetime | None) -> str:
    if due_at is None:
        return ""
    with override(program.language):
        return date_format(program.local(due_at), "l j F, H:i")


def open_calls(referrals: Sequence[Referral]) -> dict[int, FollowUp]:
    """The call that is still to be made about each of these friends."""
    calls = FollowUp.objects.open().filter(referral__in=referrals).select_related("owner")
    return {call.referral_id: call for call in calls}
