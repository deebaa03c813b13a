"""What people hear of a referral's steps: the advocate what became of the friend, colleagues what is theirs now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects

from campaigns.links import link_to
from campaigns.models import Message, Purpose
from campaigns.services import outbox
from campaigns.services.call_alerts import open_calls, staff_message
from campaigns.services.notices import to_advocate
from referrals.models import Event, FollowUp, Program, Referral

Kind, Reason = Event.Kind, Referral.Reason
# Which mail a step brings the advocate, and the program's switch for it.
NEWS = {
    Kind.REFERRAL_CONTACTED: (Purpose.CONTACTED_NEWS, "tell_contacted"),
    Kind.REFERRAL_QUALIFIED: (Purpose.QUALIFIED_NEWS, "tell_qualified"),
    Kind.REFERRAL_LOST: (Purpose.LOST_NEWS, "tell_lost"),
}
TO_COLLEAGUES = {
    Kind.REFERRAL_ESCALATED,
    Kind.REFERRAL_RETURNED,
    Kind.REFERRAL_HANDED_OVER,
    Kind.REFERRAL_ASSIGNED,
}
# Reasons that are ours to tell; money, competitors and wishes are the friend's own.
SAYABLE = {Reason.NO_ANSWER, Reason.WRONG_PERSON, Reason.NOT_A_FIT}


def write_step_notices(events: Sequence[Event], *, now: datetime) -> None:
    """Queue what advocates and colleagues are to read about these steps; bounded queries for any number."""
    told = [
        event for event in events if event.referral_id and (event.kind in NEWS or _concerns_colleague(event))
    ]
    if not told:
        return
    prefetch_related_objects(told, "referral__enrolment__advocate", "referral__program__owner")
    news = [message for event in told if event.kind in NEWS and (message := _news(event))]
    messages = [*news, *_to_colleagues([event for event in told if event.kind in TO_COLLEAGUES])]
    outbox.queue(messages, now=now)


def _concerns_colleague(event: Event) -> bool:
    """A friend who came in by the form is told of elsewhere: only what changes hands later is news."""
    if event.kind == Kind.REFERRAL_ASSIGNED:
        return bool(event.data.get("rule") == "away")
    return event.kind in TO_COLLEAGUES


def _news(event: Event) -> Message | None:
    referral: Any = event.referral
    program: Program = referral.program
    purpose, switch = NEWS[Kind(event.kind)]
    # A sale that was taken back is no news of a good fit. Of a friend's own no, and of whoever asked to be
    # forgotten, nobody writes: the portal says as much as may be said.
    taken_back = event.data.get("from") == Referral.Status.CONVERTED
    left_alone = event.data.get("reason") in {Reason.ERASED, Reason.DECLINED} or referral.erased_at
    if not getattr(program, switch) or taken_back or left_alone:
        return None
    referral.enrolment.program = program
    context = {"friend_first_name": referral.first_name, "link": link_to("portal")}
    if purpose == Purpose.LOST_NEWS:
        reason = event.data.get("reason", "")
        context["reason"] = reason if reason in SAYABLE else ""
    return to_advocate(purpose, referral, **context)


def _to_colleagues(events: Sequence[Event]) -> Iterable[Message]:
    """Whoever has the call now; nobody is told of what they did themselves."""
    calls = open_calls([event.referral for event in events if event.referral]) if events else {}
    for event in events:
        referral: Any = event.referral
        call: FollowUp | None = calls.get(referral.pk)
        owner = (call.owner if call else None) or referral.program.owner
        if call is None or not owner or owner.pk == event.actor_id:
            continue
        referral.enrolment.program = referral.program
        yield _to_colleague(event, referral, call, owner)


def _to_colleague(event: Event, referral: Referral, call: FollowUp, owner: Any) -> Message:
    purposes = {
        Kind.REFERRAL_ESCALATED: Purpose.CALL_ESCALATED,
        Kind.REFERRAL_RETURNED: Purpose.FRIEND_BACK,
    }
    purpose = purposes.get(Kind(event.kind), Purpose.SALES_ALERT)
    message = staff_message(
        purpose, referral, owner, key=f"{purpose}:{event.dedup_key}"[:120], call_id=call.pk, due_at=call.due_at,
        caller=event.data.get("before", ""),
    )  # fmt: skip
    if purpose == Purpose.SALES_ALERT:
        message.context |= {"friend_count": 1, "said_yes": "yes" if referral.accepted_at else ""}
    return message
