"""The same friend by another advocate: what a claim or a late fact makes of a referral."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from referrals.hours import due_within_office_hours
from referrals.models import Attribution, Conversion, Enrolment, Event, FollowUp, Referral, Touch
from referrals.models.attribution import Way
from referrals.services.attribution import Rule
from referrals.services.conversion import move_conversion
from referrals.services.referral import close_follow_ups
from referrals.services.touch import note_touches
from referrals.transitions import Refused

Status = Referral.Status
HANDED_OUT = (Event.Kind.REWARD_ISSUED, Event.Kind.REWARD_REDEEMED)
COPIED = (
    "name",
    "email",
    "email_key",
    "phone",
    "phone_key",
    "company",
    "likeness",
    "answers",
    "fit",
    "accepted_at",
)


def twin_of(referral: Referral, enrolment: Enrolment, *, source: str, now: datetime, by: Any) -> Referral:
    """This advocate's referral of the same friend; made now, if there is none."""
    keys = {referral.email_key, referral.phone_key}
    mine = enrolment.referrals.about(email_keys=keys, phone_keys=keys).exclude(pk=referral.pk)
    if known := mine.order_by("pk").first():
        if known.status == Status.REJECTED:
            known.advance(Status.SUBMITTED, now=now, by=by)
        return known
    twin = Referral(
        program_id=referral.program_id, enrolment=enrolment, source=source, owner_id=referral.owner_id,
        status_at=now, submitted_at=now, **{name: getattr(referral, name) for name in COPIED},
    )  # fmt: skip
    Referral.objects.bulk_create([twin])
    return twin


def give_to(referral: Referral, enrolment: Enrolment, *, now: datetime, by: Any, note: str) -> Referral:
    """A colleague knows that another advocate brought this friend: so it is, also for sales to come, and both
    histories say why. Raises Refused as ``hand_to`` does."""
    twin = hand_to(referral, enrolment, source=Referral.Source.STAFF, now=now, by=by, note=note)
    said = Touch(
        program_id=twin.program_id, enrolment=enrolment, way=Way.DECIDED, at=referral.submitted_at,
        key=f"by-hand:{twin.pk}", email_key=twin.email_key, phone_key=twin.phone_key,
    )  # fmt: skip
    note_touches([said])
    events = [
        Event(
            kind=Event.Kind.REFERRAL_ATTRIBUTED, program_id=row.program_id, advocate_id=row.enrolment.advocate_id,
            referral=row, actor=by, occurred_at=now,
            data={"rule": Rule.BY_HAND, "note": note, "before": referral.enrolment_id},
        )
        for row in (referral, twin)
    ]  # fmt: skip
    Event.objects.record(events, now=now)
    return twin


def bound(referrals: Iterable[Any]) -> set[Any]:
    """Those of these friends (by key) who cannot move, because something was handed out for what came of them.
    What was given for naming them alone binds nobody: it happened, whomever the friend counts for."""
    events = Event.objects.filter(referral__in=referrals, kind__in=HANDED_OUT)
    causes = events.values_list("referral", "data__for")
    return {referral for referral, cause in causes if cause != Event.Kind.REFERRAL_SUBMITTED}


def hand_to(
    referral: Referral, enrolment: Enrolment, *, source: str, now: datetime, by: Any, note: str
) -> Referral:
    """Let a friend, with all they bought, count for another advocate than was thought.

    Raises Refused with a sentence when a reward has been handed out for them.
    """
    if referral.enrolment_id == enrolment.pk:
        return referral
    if bound([referral.pk]):
        raise Refused(
            _(
                "A reward for %(friend)s has been handed out to %(advocate)s. Settle this with goodwill instead: a "
                "manager gives it on the page of whoever else told them, under “Enrolments”."
            )
            % {"friend": referral, "advocate": referral.enrolment.advocate}
        )
    twin = twin_of(referral, enrolment, source=source, now=now, by=by)
    sales = list(referral.conversions.order_by("occurred_at", "pk"))
    for sale in sales:
        _move(sale, twin, now, by, note)
    if not any(sale.reversed_at is None for sale in sales):
        _take_over(referral, twin, now, by)
    return twin


def _move(sale: Conversion, twin: Referral, now: datetime, by: Any, note: str) -> None:
    """A person says whose the sale is: no later fact moves it."""
    row, _is_new = Attribution.objects.get_or_create(
        program_id=sale.program_id, external_id=sale.external_id,
        defaults={
            "conversion": sale, "amount": sale.amount, "currency": sale.currency, "occurred_at": sale.occurred_at,
            "received_at": sale.recorded_at, "email_key": twin.email_key, "phone_key": twin.phone_key,
        },
    )  # fmt: skip
    row.moves += 1
    row.enrolment, row.rightful, row.by_hand, row.standing = twin.enrolment, None, True, row.Standing.DECIDED
    row.decided_at, row.decided_by, row.note = now, by, note
    row.save()
    move_conversion(sale, twin, move=row.moves, now=now, by=by)


def _take_over(referral: Referral, twin: Referral, now: datetime, by: Any) -> None:
    """As far as the talks have come, they go on in the other advocate's name."""
    reached, planned = referral.status, FollowUp.objects.open().filter(referral=referral).first()
    if referral.may_become(Status.REJECTED):
        referral.advance(Status.REJECTED, now=now, by=by, reason=Referral.Reason.OTHER_ADVOCATE)
        close_follow_ups([referral], now=now)
    if reached in (Status.CONTACTED, Status.QUALIFIED) and twin.may_become(reached):
        twin.advance(reached, now=now, by=by)
    if planned and twin.is_open and not twin.follow_ups.open().exists():
        # What was agreed with the friend holds: who calls them, and when.
        FollowUp.objects.create(referral=twin, owner_id=planned.owner_id, due_at=planned.due_at)
    call_soon(twin, now)


def call_soon(referral: Referral, now: datetime) -> None:
    """A call within office hours, unless one is due already."""
    if referral.is_open and not FollowUp.objects.open().filter(referral=referral).exists():
        program = referral.program
        due = due_within_office_hours(program, now, program.contact_within_hours)
        FollowUp.objects.create(referral=referral, owner_id=referral.owner_id, due_at=due)
