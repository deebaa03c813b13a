"""People from a file become advocates, or change those who are here: all rows or none."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from referrals import merging
from referrals.locks import hold
from referrals.models import Event, Program, Tag
from referrals.people import People, PeopleReader
from referrals.services.enrolment import enrol_all
from referrals.services.refusal import unwanted
from referrals.services.tagging import put_tags
from referrals.staging import Staging
from referrals.tables import RowError, Table
from referrals.transitions import Refused

MOST_ERRORS = 50
# Cells that are read before they are stored: 5,000 rows of 40 columns.
CELLS = 200_000
EVENTS = 2000
SHOWN = 50
# What somebody is called and where they are reached is not copied into a log that outlives them.
PRIVATE = {"name", "email", "phone"}

Count = Callable[[Staging, Program | None], Mapping[str, int]]


class Change(NamedTuple):
    """What a row changes on somebody who is here: shown before it happens."""

    row: int
    who: str
    field: str
    before: str
    after: str


@dataclass
class Merged:
    """What an import of people did, or would do; with errors it did nothing, unless it was to leave them out."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    tags: int = 0
    enrolled: int = 0
    # Rows of people who want no mail, or no text messages, and how much of that is news.
    no_mail: int = 0
    no_texts: int = 0
    refusals: int = 0
    # What an app above counted among them.
    counted: Mapping[str, int] = field(default_factory=dict)
    # The first of what is wrong, and in how many rows.
    errors: list[RowError] = field(default_factory=list)
    refused: int = 0
    # What was left empty because it cannot be read: the first of it, and how much.
    warnings: list[RowError] = field(default_factory=list)
    warned: int = 0
    changes: list[Change] = field(default_factory=list)
    arrivals: list[Change] = field(default_factory=list)
    # Whether anything was kept.
    kept: bool = False

    @property
    def unchanged(self) -> int:
        return self.rows - self.new - self.changed - self.refused


def import_people(
    table: Table,
    plan: People,
    *,
    now: datetime,
    by: Any = None,
    dry_run: bool = False,
    most_errors: int = MOST_ERRORS,
    on_progress: Callable[[int], None] = lambda _position: None,
    finish: Callable[[Merged], None] = lambda _done: None,
    count: Count = lambda _staging, _program: {},
) -> Merged:
    """Bring everyone in the table in, all or none. The same file again changes and records nothing.

    People are found by customer number, else by address; empty cells change nothing. Tags that are new on
    somebody, fields that change, and that somebody wants no mail or text messages, are events. With
    ``dry_run``, or if a row cannot be read (and is not to be left out), nothing is kept. ``on_progress`` hears
    how many bytes have been read, and ``finish`` what was done, in the transaction that did it; ``count`` looks
    at everyone before. Raises
    ValidationError when the table as a whole cannot be used, and Refused when somebody else adds one of
    these people at the same moment.
    """
    reader, done = PeopleReader(table, plan), Merged()
    with Staging() as staging:
        _stage(staging, table, reader, done, most_errors, on_progress)
        try:
            with transaction.atomic():
                staging.take_time()
                hold(["import of people"])
                _merge(staging, reader, done, most_errors)
                done.counted = count(staging, plan.program)
                left_out = plan.leave_out_faults and len(done.errors) < most_errors
                done.kept = not dry_run and (left_out or not done.errors)
                if done.kept:
                    _apply(staging, plan.program, done, now, by)
                    finish(done)
                else:
                    transaction.set_rollback(True)
        except IntegrityError as error:
            raise Refused(
                _("Somebody in this file was added at the same moment. Run it again: nothing was imported.")
            ) from error
    return done


def _stage(
    staging: Staging,
    table: Table,
    reader: PeopleReader,
    done: Merged,
    most_errors: int,
    on_progress: Callable[[int], None],
) -> None:
    rows, size = iter(table), min(5000, CELLS // len(table.header))
    while len(reader.errors) < most_errors and (chunk := list(islice(rows, size))):
        staging.add([person for row in chunk if (person := reader.read(row))])
        done.rows += len(chunk)
        on_progress(table.position)
    staging.ready()


def _merge(staging: Staging, reader: PeopleReader, done: Merged, most_errors: int) -> None:
    merging.find_people(staging)
    faults = merging.find_faults(staging, reader.source, most_errors)
    if reader.plan.programs is not None:
        faults += merging.find_strangers(staging, reader.plan.programs, most_errors)
    merging.leave_out(staging, faults)
    merging.find_changes(staging)
    merging.find_new_tags(staging)
    done.errors = sorted([*reader.errors, *faults])
    done.refused = len({error.row for error in done.errors})
    done.errors = done.errors[:most_errors]
    done.warnings, done.warned = reader.warnings, reader.warned
    [(done.new,)] = staging.ask("SELECT COUNT(*) FROM import_person WHERE advocate_id IS NULL")
    [(done.changed,)] = staging.ask("""
        SELECT COUNT(*) FROM (
            SELECT row FROM import_change
            UNION SELECT row FROM import_tag WHERE advocate_id IS NOT NULL
        ) AS touched
    """)
    [(done.tags,)] = staging.ask("SELECT COUNT(*) FROM import_tag")
    if reader.wishes:
        done.no_mail, done.no_texts, done.refusals = merging.count_refusals(staging)
    done.changes = list(_shown(staging))
    done.arrivals = [
        Change(*row)
        for row in staging.ask(f"""
            SELECT row, COALESCE(NULLIF(name, ''), NULLIF(email, ''), external_id), '', '', email
            FROM import_person WHERE advocate_id IS NULL ORDER BY row LIMIT {SHOWN}
        """)  # noqa: S608
    ]


def _shown(staging: Staging) -> Iterator[Change]:
    who = "COALESCE(NULLIF(a.name, ''), NULLIF(a.email, ''), a.external_id)"
    rows = staging.ask(f"""
        SELECT row, {who}, field, before, after FROM import_change c
        JOIN referrals_advocate a ON a.id = c.advocate_id
        UNION ALL
        SELECT t.row, {who}, 'tags', '', t.name FROM import_tag t
        JOIN referrals_advocate a ON a.id = t.advocate_id
        ORDER BY 1, 3 LIMIT {SHOWN}
    """)  # noqa: S608
    return (Change(*row) for row in rows)


def _apply(staging: Staging, program: Program | None, done: Merged, now: datetime, by: Any) -> None:
    merging.change_people(staging)
    merging.add_people(staging, now=now)
    if done.tags or done.refusals or program:
        # Only for these does it matter what key somebody new has got.
        merging.find_people(staging)
        merging.find_tagged(staging)
    for rows in staging.stream("SELECT advocate_id, field, before, after FROM import_change", EVENTS):
        Event.objects.record([_changed(row, now, by) for row in rows], now=now)
    for pairs in staging.stream("SELECT advocate_id, name FROM import_tag", EVENTS):
        tags = put_tags(pairs, now=now, by=by)
        Event.objects.record([_tagged(pk, tags[tag.lower()], now, by) for pk, tag in pairs], now=now)
    for way in merging.UNWANTED if done.refusals else ():
        for people in merging.find_refusals(staging, way, EVENTS):
            Event.objects.record(unwanted(people, way, now=now, by=by), now=now)
    if program:
        for people in staging.stream("SELECT advocate_id FROM import_person", EVENTS):
            done.enrolled += len(enrol_all([pk for (pk,) in people], program, now=now))


def _changed(row: tuple[Any, ...], now: datetime, by: Any) -> Event:
    advocate, name, before, after = row
    data = {"field": name} if name in PRIVATE else {"field": name, "from": before, "to": after}
    return Event(kind=Event.Kind.FIELD_CHANGED, advocate_id=advocate, actor=by, occurred_at=now, data=data)


def _tagged(advocate: int, tag: Tag, now: datetime, by: Any) -> Event:
    return Event(
        kind=Event.Kind.TAG_APPLIED, advocate_id=advocate, actor=by, occurred_at=now, data={"tag": tag.name}
    )
