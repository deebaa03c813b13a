"""Happenings from a file, such as the purchases of a shop, become events of advocates."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

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
    on_progress: Callable[[int], None] = lambda _position: None,
) -> Imported:
    """Record every row of the table as an event of its advocate, all or none.

    The same file again, or a longer one with the same rows, adds only what is new. With ``dry_run``, or
    if any row cannot be read, nothing is kept. ``on_progress`` hears how many bytes have been read.
    Raises ValidationError when the table as a whole cannot be used.
    """
    reader, rows = Reader(table, plan, now), iter(table)
    with transaction.atomic():
        while len(reader.done.errors) < MOST_ERRORS and (chunk := list(islice(rows, CHUNK))):
            _import_chunk(reader, chunk, now)
            on_progress(table.position)
        if dry_run or reader.done.errors:
            transaction.set_rollback(True)
    return reader.done


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
    done.errors = sorted(done.errors)[:MOST_ERRORS]
    if happenings and not done.errors:
        events = [h.event for h in happenings]
        stored = Event.objects.record(events, now=now)
        fresh = [mine for mine, first in zip(events, stored, strict=True) if mine.pk == first.pk]
        if reader.plan.kind == Event.Kind.TAG_APPLIED:
            put_tags([(e.advocate_id, e.data["tag"]) for e in fresh if e.advocate_id], now=now)
        done.new_events += len(fresh)


def _find_advocates(ids: set[str], reader: Reader) -> dict[str, int]:
    """Keys of the advocates with these external ids; with the plan's leave, strangers are taken in."""
    people = _known_advocates(ids)
    strangers = sorted(ids - people.keys())
    if strangers and reader.plan.create_advocates:
        Advocate.objects.bulk_create([Advocate(external_id=i) for i in strangers], ignore_conflicts=True)
        people |= _known_advocates(strangers)
        reader.done.new_advocates += len(strangers)
    return people


def _known_advocates(ids: Iterable[str]) -> dict[str, int]:
    # Saying once more that it is not empty lets the database use its partial index.
    known = Advocate.objects.filter(external_id__in=ids).exclude(external_id="")
    return dict(known.values_list("external_id", "pk"))


def _stranger(advocate: str) -> str:
    return _("Nobody is known as “%(id)s”. Add them first, or let this import add whoever is missing.") % {
        "id": advocate
    }
