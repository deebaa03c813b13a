from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.hours import next_opening, open_from
from referrals.models import Event, FollowUp, Referral
from referrals.services.conversion import record_conversion
from referrals.services.first_contact import mark_contacted
from referrals.services.handling import hand_over
from referrals.transitions import Refused

Outcome = FollowUp.Outcome
# What an outcome makes of the referral, and the reason it gives.
LEADS_TO: dict[str, tuple[str, str]] = {
    Outcome.REACHED: (Referral.Status.CONTACTED, ""),
    Outcome.QUALIFIED: (Referral.Status.QUALIFIED, ""),
    Outcome.NOT_READY: (Referral.Status.CONTACTED, ""),
    Outcome.NOT_INTERESTED: (Referral.Status.LOST, Referral.Reason.NOT_INTERESTED),
    Outcome.NOT_A_FIT: (Referral.Status.LOST, Referral.Reason.NOT_A_FIT),
    Outcome.WRONG_PERSON: (Referral.Status.LOST, Referral.Reason.WRONG_PERSON),
    Outcome.GIVEN_UP: (Referral.Status.LOST, Referral.Reason.NO_ANSWER),
}
# Somebody answered, and it was the friend.
TALKED = {
    Outcome.REACHED, Outcome.QUALIFIED, Outcome.NOT_READY, Outcome.NOT_INTERESTED, Outcome.NOT_A_FIT, Outcome.SOLD,
}  # fmt: skip
NOT_READY_FOR = timedelta(days=30)


def log_call(
    follow_up: FollowUp,
    outcome: str,
    *,
    now: datetime,
    by: Any,
    note: str = "",
    again_at: datetime | None = None,
) -> FollowUp | None:
    """Write down what came of a call and move the referral; returns the next call, if there is one.

    The next call is due at ``again_at``; without it, a friend who was not reached is called when the office
    opens on the next working day, and one who is not ready in a month.
    Raises Refused with a sentence when the call was logged before.
    """
    with transaction.atomic():
        _claim(follow_up, outcome, now, by, note)
        referral = follow_up.referral
        Event.objects.record([_logged(follow_up, outcome, note, by, now)], now=now)
        if outcome in TALKED:
            mark_contacted([referral], now=now)
        if outcome in LEADS_TO:
            status, reason = LEADS_TO[outcome]
            Referral.objects.filter(pk=referral.pk).advance(status, now=now, by=by, reason=reason, note=note)
        due_at = again_at or _usual_next(referral, outcome, now)
        if due_at is None or not _is_open(referral):
            return None
        return FollowUp.objects.create(referral=referral, owner_id=follow_up.owner_id, due_at=due_at)


def log_sale(
    follow_up: FollowUp, *, now: datetime, by: Any, note: str = "", amount: int, order: str = "",
    sold_on: datetime | None = None,
) -> None:  # fmt: skip
    """The friend bought while we talked: log the call and record the sale, once. ``amount`` is in minor units
    of the program's currency. Raises Refused as ``log_call`` and ``record_conversion`` do."""
    referral = follow_up.referral
    with transaction.atomic():
        log_call(follow_up, Outcome.SOLD, now=now, by=by, note=note)
        record_conversion(
            referral, external_id=order, amount=amount, currency=referral.program.currency, now=now,
            occurred_at=sold_on, by=by,
        )  # fmt: skip


def snooze(follow_up: FollowUp, until: datetime, *, now: datetime, by: Any, note: str = "") -> None:
    """Put a call off until then. Raises Refused with a sentence when it was logged meanwhile."""
    with transaction.atomic():
        mine = FollowUp.objects.open().filter(pk=follow_up.pk)
        if not mine.update(due_at=until, told=FollowUp.Told.NOTHING):
            raise _too_late(follow_up)
        data = {"until": until.isoformat(), "note": note}
        Event.objects.record([_event(Event.Kind.REFERRAL_SNOOZED, follow_up, by, now, data)], now=now)


def take_over(follow_up: FollowUp, *, now: datetime, by: Any) -> None:
    """Make somebody else's call one's own. Raises Refused with a sentence when it was logged meanwhile."""
    with transaction.atomic():
        if not FollowUp.objects.open().filter(pk=follow_up.pk).select_for_update().first():
            raise _too_late(follow_up)
        hand_over(Referral.objects.filter(pk=follow_up.referral_id), by, now=now, by=by)


def add_note(follow_up: FollowUp, note: str, *, now: datetime, by: Any) -> None:
    """Something to remember about the friend; it stands in the history."""
    data = {"note": note}
    Event.objects.record([_event(Event.Kind.REFERRAL_NOTED, follow_up, by, now, data)], now=now)


def _claim(follow_up: FollowUp, outcome: str, now: datetime, by: Any, note: str) -> None:
    mine = FollowUp.objects.open().filter(pk=follow_up.pk)
    if not mine.update(done_at=now, done_by=by, outcome=outcome, note=note):
        raise _too_late(follow_up)


def _too_late(follow_up: FollowUp) -> Refused:
    """Two people had this call before them; the second reads who was first, and with what."""
    row = FollowUp.objects.select_related("done_by").get(pk=follow_up.pk)
    who = (row.done_by.get_full_name() or row.done_by.get_username()) if row.done_by else _("Somebody")
    return Refused(
        _(
            "%(who)s has logged this call already: %(outcome)s. Nothing was changed; open the referral to go on."
        )
        % {"who": who, "outcome": row.get_outcome_display()}
    )


def _usual_next(referral: Referral, outcome: str, now: datetime) -> datetime | None:
    if outcome == Outcome.NO_ANSWER:
        return next_opening(referral.program, now)
    if outcome == Outcome.NOT_READY:
        return open_from(referral.program, now + NOT_READY_FOR)
    return None


def _is_open(referral: Referral) -> bool:
    """Whether this friend is still being talked with, after what was just decided."""
    return Referral.objects.open().filter(pk=referral.pk).exists()


def _logged(follow_up: FollowUp, outcome: str, note: str, by: Any, now: datetime) -> Event:
    event = _event(Event.Kind.FOLLOW_UP_DONE, follow_up, by, now, {"outcome": outcome, "note": note})
    event.dedup_key = f"follow-up:{follow_up.pk}"
    return event


def _event(kind: str, follow_up: FollowUp, by: Any, now: datetime, data: dict[str, Any]) -> Event:
    referral = follow_up.referral
    return Event(
        kind=kind,
        program_id=referral.program_id,
        advocate_id=referral.enrolment.advocate_id,
        referral=referral,
        actor=by,
        occurred_at=now,
        data=data,
    )
