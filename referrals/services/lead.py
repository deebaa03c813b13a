"""Other leads, reported by the systems in which they are kept: how fast we call friends is seen beside them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction

from referrals.hours import office_time_between
from referrals.locks import hold
from referrals.models import Lead, Program

LONGEST_WAIT = timedelta(days=366)
SAID = ["source", "owner", "contacted_at", "contact_minutes"]


class Reported(NamedTuple):
    """What is known of a lead; what is not, stays as it was reported before."""

    external_id: str
    received_at: datetime | None = None
    contacted_at: datetime | None = None
    source: str = ""
    owner: str = ""


def take_leads(program: Program, reported: Sequence[Reported], *, now: datetime) -> list[tuple[Lead, bool]]:
    """Keep these leads; each with whether it is new. One reported again is the same lead.

    The moments that count are the first ones told: a lead waits from when it came until its first talk. ``owner``
    is the address of a colleague of the program; anybody else is nobody. A number of queries that does not grow.
    """
    with transaction.atomic():
        hold(f"lead:{program.pk}:{one.external_id}" for one in reported)
        numbers = {one.external_id for one in reported}
        known = {
            lead.external_id: lead for lead in Lead.objects.filter(program=program, external_id__in=numbers)
        }
        before, owners, answers = set(known), _colleagues(program, reported), []
        for one in reported:
            is_new = one.external_id not in known
            lead = known.setdefault(
                one.external_id,
                Lead(program=program, external_id=one.external_id, submitted_at=one.received_at or now),
            )
            _take(lead, one, owners.get(one.owner.lower()))
            answers.append((lead, is_new))
        Lead.objects.bulk_create([lead for key, lead in known.items() if key not in before], batch_size=200)
        Lead.objects.bulk_update([known[key] for key in before], SAID, batch_size=200)
    return answers


def _take(lead: Lead, one: Reported, owner: User | None) -> None:
    lead.source, lead.owner = one.source or lead.source, owner or lead.owner
    if one.contacted_at is None or lead.contacted_at is not None:
        return
    lead.contacted_at = max(one.contacted_at, lead.submitted_at)
    # Counted day by day, so that the longest wait has an end.
    until = min(lead.contacted_at, lead.submitted_at + LONGEST_WAIT)
    waited = office_time_between(lead.program, lead.submitted_at, until)
    lead.contact_minutes = waited // timedelta(minutes=1)


def _colleagues(program: Program, reported: Sequence[Reported]) -> dict[str, User]:
    if not any(one.owner for one in reported):
        return {}
    people = User.objects.filter(memberships__program=program).distinct()
    return {person.email.lower(): person for person in people if person.email}
