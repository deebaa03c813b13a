from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.hours import next_opening
from referrals.models import Event, FollowUp, Referral
from referrals.transitions import Refused

# What an outcome makes of the referral, and the reason it gives.
LEADS_TO: dict[str, tuple[str, str]] = {
    FollowUp.Outcome.REACHED: (Referral.Status.CONTACTED, ""),
    FollowUp.Outcome.QUALIFIED: (Referral.Status.QUALIFIED, ""),
    FollowUp.Outcome.NOT_INTERESTED: (Referral.Status.LOST, Referral.Reason.NOT_INTERESTED),
    FollowUp.Outcome.WRONG_PERSON: (Referral.Status.LOST, Referral.Reason.WRONG_PERSON),
}


def log_call(follow_up: FollowUp, outcome: str, *, now: datetime, by: Any, note: str = "") -> FollowUp | None:
    """Write down what came of a call and move the referral; returns the next call, if one is needed.

    Not reached: the next call is due when the office opens on the next working day.
    Raises Refused with a sentence when the call was logged before.
    """
    with transaction.atomic():
        claimed = FollowUp.objects.open().filter(pk=follow_up.pk)
        if not claimed.update(done_at=now, done_by=by, outcome=outcome, note=note):
            raise Refused(_("This call has been logged already. Open the referral to see by whom."))
        referral = follow_up.referral
        Event.objects.record([_logged(follow_up, outcome, note, by, now)], now=now)
        if outcome in LEADS_TO:
            status, reason = LEADS_TO[outcome]
            Referral.objects.filter(pk=referral.pk).advance(status, now=now, by=by, reason=reason, note=note)
        if outcome != FollowUp.Outcome.NO_ANSWER or not referral.is_open:
            return None
        return FollowUp.objects.create(
            referral=referral, owner_id=follow_up.owner_id, due_at=next_opening(referral.program, now)
        )


def _logged(follow_up: FollowUp, outcome: str, note: str, by: Any, now: datetime) -> Event:
    referral = follow_up.referral
    return Event(
        kind=Event.Kind.FOLLOW_UP_DONE,
        program_id=referral.program_id,
        advocate_id=referral.enrolment.advocate_id,
        referral=referral,
        actor=by,
        occurred_at=now,
        data={"outcome": outcome, "note": note},
        dedup_key=f"follow-up:{follow_up.pk}",
    )
