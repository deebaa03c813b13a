"""Other leads, reported by the systems in which they are kept: how fast we call friends is seen beside them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction

from referrals.hours import office_time_between
from referrals.locks import hold
from referrals.models import Lead, Program
from referrals.roles import called, members_of

LONGEST_WAIT = timedelta(days=366)
SAID = ["source", "owner", "contacted_at", "contact_minutes"]


class Reported(NamedTuple):
    """What is known of a lead; what is not, stays as it was reported before."""

    external_id: str
    received_at: datetime | None = None
    contacted_at: datetime | None = None
    source: str = ""
    owner: str = ""


class Taken(NamedTuple):
    """A lead, and whether this report told something about it."""

    lead: Lead
    is_new: bool
    is_changed: bool


def take_leads(program: Program, reported: Sequence[Reported], *, now: datetime) -> list[Taken]:
    """Keep these leads; one reported again is the same lead.

    The moments that count are the first ones told: a lead waits from when it came until its first talk. ``owner``
    is a colleague of the program, by address, user name or full name; anybody else is nobody. A number of queries
    that does not grow.
    """
    with transaction.atomic():
        hold([f"leads:{program.pk}"])
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
            # Whose office hours count: at hand, not asked for again lead by lead.
            lead.program = program
            is_changed = _take(lead, one, owners.get(one.owner.casefold()))
            answers.append(Taken(lead, is_new, is_changed and not is_new))
        changed = {one.lead.external_id for one in answers if one.is_changed} & before
        Lead.objects.bulk_create([lead for key, lead in known.items() if key not in before], batch_size=200)
        Lead.objects.bulk_update([known[key] for key in sorted(changed)], SAID, batch_size=200)
    return answers


def _take(lead: Lead, one: Reported, owner: User | None) -> bool:
    """Keep what is told of the lead, and say whether it was different before."""
    before = (lead.source, lead.owner_id, lead.contacted_at)
    lead.source, lead.owner_id = one.source or lead.source, owner.pk if owner else lead.owner_id
    if one.contacted_at and lead.contacted_at is None:
        lead.contacted_at = max(one.contacted_at, lead.submitted_at)
        # Counted day by day, so that the longest wait has an end.
        until = min(lead.contacted_at, lead.submitted_at + LONGEST_WAIT)
        waited = office_time_between(lead.program, lead.submitted_at, until)
        lead.contact_minutes = waited // timedelta(minutes=1)
    return before != (lead.source, lead.owner_id, lead.contacted_at)


def _colleagues(program: Program, reported: Sequence[Reported]) -> dict[str, User]:
    return called(members_of(program)) if any(one.owner for one in reported) else {}
