"""Files that somebody uploaded, on their way: read, looked at, imported. Every step may be repeated."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from referrals.headings import FURTHER, REPEATED, only_some
from referrals.models import ImportFile, ImportMapping
from referrals.services.file_kind import Outcome, Work, kind_of
from referrals.services.people import Count
from referrals.tables import Table
from referrals.transitions import Refused
from referrals.workbooks import UPLOADED

EXAMPLES, LOOKED_AT = 3, 1000
# How many files back one looks for what was chosen for a column.
MAPPINGS = 20
# What is remembered of a whole file; not the program, which the next person may have nothing to do with.
OF_ALL = ("currency", "country", "dates", "create_advocates")


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
    with Table(bytes(file.content), UPLOADED) as again:
        examples = _examples(again)
    chosen = _chosen_for_all(file, table.header)
    for name, value in chosen.items():
        setattr(file, name, value)
    source, columns = _columns(file, table.header, examples)
    file.columns = columns
    found: dict[str, Any] = {"source": source, "header": table.header, "examples": examples}
    reason = ""
    try:
        found |= _told(
            kind_of(file.what).run(file, table, _work(file, table, now, dry_run=True, count=count))
        )
    except (ValidationError, Refused) as error:
        reason = _sentence(error)
    ImportFile.objects.filter(pk=file.pk).advance(
        ImportFile.Status.READ, columns=columns, found=found, reason=reason, **chosen
    )


def _apply(file: ImportFile, table: Table, now: datetime) -> None:
    """Import the file and say so, in one transaction: a worker that dies has done all of it, or nothing."""
    mine = ImportFile.objects.filter(pk=file.pk)

    work = _work(file, table, now, dry_run=False)
    work.finish = lambda done: _say_done(mine, file, done)
    done = kind_of(file.what).run(file, table, work)
    if not done.kept:
        # People have changed since the file was looked at: it has to be looked at again.
        mine.advance(ImportFile.Status.READ, found=file.found | _told(done))


def _say_done(mine: Any, file: ImportFile, done: Outcome) -> None:
    mine.advance(ImportFile.Status.DONE, found=file.found | _told(done))


def _work(file: ImportFile, table: Table, now: datetime, **more: Any) -> Work:
    def on_progress(position: int) -> None:
        percent = min(99, 100 * position // max(table.size, 1))
        ImportFile.objects.filter(pk=file.pk).update(progress=percent)

    return Work(now=now, on_progress=on_progress, **more)


def _chosen_for_all(file: ImportFile, header: Sequence[str]) -> dict[str, Any]:
    """What was chosen last for the whole of a file with this header, as long as nothing is for this one."""
    if file.columns:
        return {}
    known = ImportMapping.objects.filter(fingerprint=fingerprint(header), what=file.what).first()
    return {name: value for name, value in known.choices.items() if name in OF_ALL} if known else {}


def _columns(
    file: ImportFile, header: Sequence[str], examples: Mapping[str, Sequence[str]]
) -> tuple[str, dict[str, str]]:
    """Where the file seems to be from, and what was chosen, remembered or else guessed for its columns."""
    guessed = kind_of(file.what).guess(header)
    if set(file.columns) == set(header):
        return guessed.source, file.columns
    known = ImportMapping.objects.filter(fingerprint=fingerprint(header), what=file.what).first()
    if known:
        return guessed.source, known.columns
    chosen = _chosen_before(file, guessed.source, header)
    return guessed.source, only_some(_beside(guessed.targets, chosen), examples) | chosen


def _chosen_before(file: ImportFile, source: str, header: Sequence[str]) -> dict[str, str]:
    """What was chosen last for columns of these names in files of this source: in sheets of people's own only
    where half of the columns were there already, for their names say less."""
    rows = ImportMapping.objects.filter(what=file.what, source=source).order_by("-used_at")[:MAPPINGS]
    wanted, found = set(header), dict[str, str]()
    for columns in rows.values_list("columns", flat=True):
        same = wanted & columns.keys()
        if source or 2 * len(same) >= len(wanted):
            for name in sorted(same - found.keys()):
                if columns[name] in REPEATED or columns[name] not in found.values():
                    found[name] = columns[name]
    return found


def _beside(targets: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str]:
    """What is guessed for the other columns, without what was chosen for these."""
    taken = set(chosen.values()) - REPEATED
    return {name: FURTHER if target in taken else target for name, target in targets.items()}


def remember_columns(file: ImportFile, *, now: datetime) -> None:
    """Offer the same for the next file with the same header, in whichever order, or from the same source."""
    ImportMapping.objects.update_or_create(
        fingerprint=fingerprint(list(file.columns)),
        what=file.what,
        defaults={
            "columns": file.columns, "choices": {name: getattr(file, name) for name in OF_ALL},
            "source": file.found.get("source", ""), "used_at": now,
        },
    )  # fmt: skip


def fingerprint(header: Sequence[str]) -> str:
    return sha256("\n".join(sorted(header)).encode()).hexdigest()


def _examples(table: Table) -> dict[str, list[str]]:
    """The first few different values of each column."""
    found: dict[str, dict[str, None]] = {name: {} for name in table.header}
    for row in islice(table, LOOKED_AT):
        for name, cell in zip(table.header, row.cells, strict=False):
            if cell.strip() and len(found[name]) < EXAMPLES:
                found[name][_visible(cell.strip()[:40])] = None
    return {name: list(values) for name, values in found.items()}


def _told(done: Outcome) -> dict[str, Any]:
    return {
        "counts": {"refused": len({error.row for error in done.errors}), **done.counts},
        "errors": [[error.row, error.column, _visible(error.text)] for error in done.errors],
        "warnings": [[one.row, one.column, _visible(one.text)] for one in done.warnings],
        "changes": [list(change) for change in done.changes],
        "arrivals": [list(change) for change in done.arrivals],
    }


def _sentence(error: ValidationError | Refused) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def _visible(text: str) -> str:
    """The text with a mark for what nobody sees; some of that no database keeps."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
