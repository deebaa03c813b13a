"""What staff do with referrals by hand, one or many at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from referrals.hours import due_within_office_hours
from referrals.models import Event, FollowUp, Program, Referral
from referrals.services.assignment import assign_again
from referrals.services.first_contact import mark_contacted
from referrals.services.referral import close_follow_ups
from referrals.services.sale import look_again
from referrals.transitions import Moved


def settle(referrals: Any, to: str, *, now: datetime, by: Any, reason: str = "", note: str = "") -> Moved:
    """Move referrals on without a logged call, and take those that moved off the call list."""
    with transaction.atomic():
        result: Moved = referrals.advance(to, now=now, by=by, reason=reason, note=note)
        close_follow_ups(result.moved, now=now)
        if to in (Referral.Status.CONTACTED, Referral.Status.QUALIFIED):
            mark_contacted(result.moved, now=now)
        look_again(result.moved, now=now, by=by)
    return result


def reopen(referrals: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Take referrals out of review, or back from lost and rejected; each gets a call within office hours, by
    whoever the program's rule gives it to."""
    with transaction.atomic():
        result: Moved = referrals.advance(Referral.Status.SUBMITTED, now=now, by=by, note=note)
        assign_again(result.moved, now=now)
        waiting = set(
            FollowUp.objects.open().filter(referral__in=result.moved).values_list("referral_id", flat=True)
        )
        programs = Program.objects.in_bulk({row.program_id for row in result.moved})
        due = {
            pk: due_within_office_hours(program, now, program.contact_within_hours)
            for pk, program in programs.items()
        }
        FollowUp.objects.bulk_create(
            FollowUp(referral=row, owner_id=row.owner_id, due_at=due[row.program_id])
            for row in result.moved
            if row.pk not in waiting
        )
        look_again(result.moved, now=now, by=by)
    return result


def hand_over(referrals: Any, owner: Any, *, now: datetime, by: Any) -> Moved:
    """Give referrals, and the calls that are still to be made, to a colleague."""
    with transaction.atomic():
        rows = list(referrals.select_for_update(of=("self",)).select_related("enrolment"))
        keys = [row.pk for row in rows]
        Referral.objects.filter(pk__in=keys).update(owner=owner)
        FollowUp.objects.open().filter(referral__in=keys).update(owner=owner)
        _record(Event.Kind.REFERRAL_HANDED_OVER, rows, now, by, {"owner": str(owner)})
    return Moved(rows, [])


def correct_friend(referral: Referral, details: dict[str, str], *, now: datetime, by: Any) -> None:
    """Put right what was mistyped about a friend: name, e-mail, phone, company; cleaned by the form."""
    with transaction.atomic():
        row = Referral.objects.select_for_update(of=("self",)).select_related("enrolment").get(pk=referral.pk)
        changed = [name for name, value in details.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, details[name])
        row.set_keys()
        row.save(update_fields=[*details, "email_key", "phone_key"])
        if changed:
            _record(Event.Kind.REFERRAL_CORRECTED, [row], now, by, {"fields": changed})


def _record(kind: str, rows: Sequence[Referral], now: datetime, by: Any, data: dict[str, Any]) -> None:
    Event.objects.record(
        [
            Event(
                kind=kind, program_id=row.program_id, advocate_id=row.enrolment.advocate_id, referral=row,
                actor=by, occurred_at=now, data=data,
            )
            for row in rows
        ],
        now=now,
    )  # fmt: skip
