from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from referrals.contacts import email_key
from referrals.models import Advocate, Enrolment, Event, Program
from referrals.tokens import link_token
from referrals.transitions import Moved


def enrol(advocate: Advocate, program: Program, *, now: datetime) -> Enrolment:
    """The advocate's place in the program, with code and links; made at the first call."""
    with transaction.atomic():
        enrolment, is_new = Enrolment.objects.get_or_create(
            advocate=advocate, program=program, defaults={"joined_at": now}
        )
        if is_new:
            Event.objects.record([_enrolled(enrolment, program, now)], now=now)
    return enrolment


def enrol_all(advocates: Iterable[int], program: Program, *, now: datetime) -> list[Enrolment]:
    """Give each of these (by key) a place in the program; returns the places that are new."""
    with transaction.atomic():
        wanted = set(advocates)
        wanted -= set(program.enrolments.filter(advocate__in=wanted).values_list("advocate_id", flat=True))
        missing = sorted(wanted)
        while missing:
            # Among a million codes two may be alike: whoever came second draws another.
            rows = [Enrolment(advocate_id=pk, program=program, joined_at=now) for pk in missing]
            Enrolment.objects.bulk_create(rows, ignore_conflicts=True)
            stored = program.enrolments.filter(advocate__in=missing).values_list("advocate_id", flat=True)
            missing = sorted(set(missing) - set(stored))
        fresh = list(program.enrolments.filter(advocate__in=wanted))
        Event.objects.record([_enrolled(row, program, now) for row in fresh], now=now)
    return fresh


def _enrolled(enrolment: Enrolment, program: Program, now: datetime) -> Event:
    return Event(
        kind=Event.Kind.ENROLLED,
        program=program,
        advocate_id=enrolment.advocate_id,
        occurred_at=now,
        dedup_key=f"enrolment:{enrolment.pk}",
    )


def enrol_address(program: Program, *, name: str, email: str, language: str, now: datetime) -> Enrolment:
    """The place in the program of whoever owns this (proved) address; somebody new becomes an advocate."""
    with transaction.atomic():
        advocate, _is_new = Advocate.objects.known_as(email).get_or_create(
            email_key=email_key(email), defaults={"name": name, "email": email, "language": language}
        )
        if not advocate.name:
            advocate.name = name
            advocate.save(update_fields=["name"])
        return enrol(advocate, program, now=now)


def renew_personal_links(enrolments: Any, *, now: datetime, by: Any) -> Moved:
    """Give each a new personal link; whoever holds the old one finds nothing there any more."""
    with transaction.atomic():
        rows = list(enrolments.select_for_update(of=("self",)))
        for row in rows:
            row.token = link_token()
        Enrolment.objects.bulk_update(rows, ["token"], batch_size=200)
    return Moved(rows, [])
