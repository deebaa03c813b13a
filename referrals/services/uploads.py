"""Files that somebody uploaded, on their way: read, looked at, imported. Every step may be repeated."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from referrals.cells import DateOrder
from referrals.happenings import Happenings, targets_of
from referrals.happenings import Imported as Recorded
from referrals.headings import LEFT_OUT, REPEATED, guess, guess_happening
from referrals.models import ImportFile, ImportMapping
from referrals.people import People
from referrals.roles import programs_granting
from referrals.services.imports import import_events
from referrals.services.people import Count, Merged, import_people
from referrals.tables import Table
from referrals.transitions import Refused
from referrals.wishes import WISHES
from referrals.workbooks import UPLOADED

MOST_ERRORS = 1000
EXAMPLES = 3


def work_off(*, now: datetime, count: Count = lambda _staging, _program: {}) -> int:
    """Read or import every file that is due; returns how many. ``count`` is for an app above, which knows more
    about the people of a file."""
    done = 0
    while file := ImportFile.objects.claim(now):
        _take_up(file, now, count)
        done += 1
    ImportFile.objects.hopeless(now).advance(
        ImportFile.Status.REFUSED,
        reason=_(
            "Reading this file failed several times. Save it again as CSV, with only the columns you need."
        ),
    )
    return done


def _take_up(file: ImportFile, now: datetime, count: Count) -> None:
    mine = ImportFile.objects.filter(pk=file.pk)
    try:
        with Table(bytes(file.content), UPLOADED) as table:
            if file.status == ImportFile.Status.UPLOADED:
                _read(file, table, now, count)
            else:
                _apply(file, table, now)
    except (ValidationError, Refused) as error:
        # Only a file that cannot be opened, or somebody in the way at the last moment, ends up here.
        mine.advance(ImportFile.Status.REFUSED, reason=_sentence(error))


def _read(file: ImportFile, table: Table, now: datetime, count: Count) -> None:
    """Find out what the file would do, and keep that for whoever uploaded it."""
    source, columns = _columns(file, table.header)
    file.columns = columns
    found: dict[str, Any] = {"source": source, "header": table.header}
    with Table(bytes(file.content), UPLOADED) as again:
        found["examples"] = _examples(again)
    reason = ""
    try:
        found |= _told(_run(file, table, now, dry_run=True, count=count))
    except (ValidationError, Refused) as error:
        reason = _sentence(error)
    ImportFile.objects.filter(pk=file.pk).advance(
        ImportFile.Status.READ, columns=columns, found=found, reason=reason
    )


def _apply(file: ImportFile, table: Table, now: datetime) -> None:
    """Import the file and say so, in one transaction: a worker that dies has done all of it, or nothing."""
    mine = ImportFile.objects.filter(pk=file.pk)

    def finish(done: Merged | Recorded) -> None:
        mine.advance(ImportFile.Status.DONE, found=file.found | _told(done))

    if file.is_people:
        done = _run(file, table, now, dry_run=False, finish=finish)
    else:
        with transaction.atomic():
            done = _run(file, table, now, dry_run=False)
            if done.kept:
                finish(done)
    if not done.kept:
        # People have changed since the file was looked at: it has to be looked at again.
        mine.advance(ImportFile.Status.READ, found=file.found | _told(done))


def _run(file: ImportFile, table: Table, now: datetime, *, dry_run: bool, **hooks: Any) -> Any:
    def on_progress(position: int) -> None:
        percent = min(99, 100 * position // max(table.size, 1))
        ImportFile.objects.filter(pk=file.pk).update(progress=percent)

    options: dict[str, Any] = {"now": now, "dry_run": dry_run, "most_errors": MOST_ERRORS}
    if not file.is_people:
        # Looking, count what could be recorded beside what is refused.
        plan = _happenings(file, leave_out_faults=dry_run or file.leave_out_faults)
        return import_events(table, plan, **options)
    return import_people(
        table, _people(file), by=file.uploaded_by, on_progress=on_progress, **options, **hooks
    )


def _people(file: ImportFile) -> People:
    user = file.uploaded_by
    mine = None if user.is_superuser else frozenset(_programs(user))
    return People(
        columns=_chosen(file), wishes=_wishes(file), left_out=_left_out(file), program=file.program,
        country=file.country,
        leave_out_faults=file.leave_out_faults, programs=mine,
    )  # fmt: skip


def _happenings(file: ImportFile, *, leave_out_faults: bool) -> Happenings:
    user = file.uploaded_by
    return Happenings(
        kind=file.what, currency=file.currency, columns=_chosen(file), left_out=_left_out(file), program=file.program,
        create_advocates=file.create_advocates, dates=DateOrder(file.dates),
        leave_out_faults=leave_out_faults, staff=None if user.is_superuser else user,
    )  # fmt: skip


def _programs(user: Any) -> Sequence[int]:
    return list(programs_granting(user, "add", ImportFile).values_list("pk", flat=True))


def _chosen(file: ImportFile) -> dict[str, str]:
    return {target: name for name, target in file.columns.items() if target not in REPEATED}


def _wishes(file: ImportFile) -> dict[str, str]:
    return {name: target for name, target in file.columns.items() if target in WISHES}


def _left_out(file: ImportFile) -> frozenset[str]:
    return frozenset(name for name, target in file.columns.items() if target == LEFT_OUT)


def _columns(file: ImportFile, header: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Where the file seems to be from, and what was chosen, remembered or else guessed for its columns."""
    guessed = guess(header) if file.is_people else guess_happening(header, targets_of(file.what))
    if set(file.columns) == set(header):
        return guessed.source, file.columns
    known = ImportMapping.objects.filter(fingerprint=fingerprint(header), what=file.what).first()
    return guessed.source, known.columns if known else guessed.targets


def remember_columns(file: ImportFile, *, now: datetime) -> None:
    """Offer the same for the next file with the same header, in whichever order."""
    ImportMapping.objects.update_or_create(
        fingerprint=fingerprint(list(file.columns)),
        what=file.what,
        defaults={"columns": file.columns, "used_at": now},
    )


def fingerprint(header: Sequence[str]) -> str:
    return sha256("\n".join(sorted(header)).encode()).hexdigest()


def _examples(table: Table) -> dict[str, list[str]]:
    """The first few different values of each column."""
    found: dict[str, dict[str, None]] = {name: {} for name in table.header}
    for row in islice(table, 50):
        for name, cell in zip(table.header, row.cells, strict=False):
            if cell.strip() and len(found[name]) < EXAMPLES:
                found[name][_visible(cell.strip()[:40])] = None
    return {name: list(values) for name, values in found.items()}


def _told(done: Merged | Recorded) -> dict[str, Any]:
    counts = (
        {"new": done.new, "changed": done.changed, "unchanged": done.unchanged, "tags": done.tags}
        | _wanting(done)
        if isinstance(done, Merged)
        else {
            "new": done.new_events,
            "unchanged": done.rows - done.new_events - done.refused,
            "people": done.new_advocates,
        }
    )
    return {
        "counts": {"rows": done.rows, "refused": len({error.row for error in done.errors}), **counts},
        "errors": [[error.row, error.column, _visible(error.text)] for error in done.errors],
        "changes": [list(change) for change in getattr(done, "changes", [])],
        "arrivals": [list(change) for change in getattr(done, "arrivals", [])],
    }


def _wanting(done: Merged) -> dict[str, int]:
    """Who wants no mail, if anybody."""
    found = {"no_mail": done.no_mail, "no_texts": done.no_texts, "refusals": done.refusals, **done.counted}
    return {name: count for name, count in found.items() if count}


def _sentence(error: ValidationError | Refused) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def _visible(text: str) -> str:
    """The text with a mark for what nobody sees; some of that no database keeps."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
