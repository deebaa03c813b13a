"""Happenings from a file, such as the purchases of a shop, become events of advocates."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from referrals.contacts import clean_email, email_key
from referrals.happenings import Happenings, Imported, Reader
from referrals.models import Advocate, Event
from referrals.services.tagging import put_tags
from referrals.tables import Row, Table

MOST_ERRORS = 50
CHUNK = 500


def import_events(
    table: Table,
    plan: Happenings,
    *,
    now: datetime,
    dry_run: bool = False,
    most_errors: int = MOST_ERRORS,
    on_progress: Callable[[int], None] = lambda _position: None,
) -> Imported:
    """Record every row of the table as an event of its advocate, all or none.

    The same file again, or a longer one with the same rows, adds only what is new. With ``dry_run``, or
    if a row cannot be read (and is not to be left out), nothing is kept. ``on_progress`` hears how many
    bytes have been read. Raises ValidationError when the table as a whole cannot be used.
    """
    reader, rows = Reader(table, plan, now), iter(table)
    with transaction.atomic():
        while len(reader.done.errors) < most_errors and (chunk := list(islice(rows, CHUNK))):
            _import_chunk(reader, chunk, now)
            on_progress(table.position)
        done = reader.done
        done.errors = done.errors[:most_errors]
        left_out = plan.leave_out_faults and len(done.errors) < most_errors
        done.kept = not dry_run and (left_out or not done.errors)
        if not done.kept:
            transaction.set_rollback(True)
    return done


def _import_chunk(reader: Reader, rows: Sequence[Row], now: datetime) -> None:
    done = reader.done
    happenings = [h for row in rows if (h := reader.read(row))]
    done.rows += len(rows)
    people = _find_advocates({h.advocate for h in happenings}, reader)
    for happening in happenings:
        if happening.advocate in people:
            happening.event.advocate_id = people[happening.advocate]
        else:
            done.refuse(happening.row, reader.source["advocate"], _stranger(happening.advocate))
    done.errors.sort()
    happenings = [h for h in happenings if h.event.advocate_id]
    if happenings and (not done.errors or reader.plan.leave_out_faults):
        events = [h.event for h in happenings]
        stored = Event.objects.record(events, now=now)
        fresh = [mine for mine, first in zip(events, stored, strict=True) if mine.pk == first.pk]
        if reader.plan.kind == Event.Kind.TAG_APPLIED:
            put_tags([(e.advocate_id, e.data["tag"]) for e in fresh if e.advocate_id], now=now)
        done.new_events += len(fresh)


def _find_advocates(names: set[str], reader: Reader) -> dict[str, int]:
    """Keys of the advocates with these customer numbers or addresses; with the plan's leave, strangers are
    taken in."""
    people = _known_advocates(names, reader)
    strangers = sorted(names - people.keys())
    if strangers and reader.plan.create_advocates:
        Advocate.objects.bulk_create([_newcomer(name) for name in strangers], ignore_conflicts=True)
        found = _known_advocates(strangers, reader)
        reader.done.new_advocates += len(set(found.values()))
        people |= found
    return people


def _known_advocates(names: Iterable[str], reader: Reader) -> dict[str, int]:
    staff = reader.plan.staff
    advocates = Advocate.objects.for_staff(staff) if staff else Advocate.objects.all()
    # Saying once more that it is not empty lets the database use its partial index.
    known = advocates.filter(external_id__in=names).exclude(external_id="")
    people: dict[str, int] = dict(known.values_list("external_id", "pk"))
    if keys := {name: email_key(name) for name in names if "@" in name and name not in people}:
        found = dict(advocates.filter(email_key__in=keys.values()).values_list("email_key", "pk"))
        people |= {name: found[key] for name, key in keys.items() if key in found}
    return people


def _newcomer(name: str) -> Advocate:
    try:
        address = clean_email(name) if "@" in name else ""
    except ValidationError:
        address = ""
    if not address:
        return Advocate(external_id=name)
    return Advocate(email=address, email_key=email_key(address))


def _stranger(advocate: str) -> str:
    return _("Nobody is known as “%(id)s”. Add them first, or let this import add whoever is missing.") % {
        "id": advocate
    }
