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
            Event.objects.record(
                [
                    Event(
                        kind=Event.Kind.ENROLLED,
                        program=program,
                        advocate=advocate,
                        occurred_at=now,
                        dedup_key=f"enrolment:{enrolment.pk}",
                    )
                ],
                now=now,
            )
    return enrolment


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
