"""What an uploaded file may hold. People and happenings are here; apps above add theirs with ``register()``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from referrals.cells import DateOrder
from referrals.happenings import KINDS as HAPPENINGS
from referrals.happenings import Happenings, Imported, targets_of
from referrals.headings import LEFT_OUT, REPEATED, Guess, guess, guess_happening, guess_lead, guess_sale
from referrals.models import Event, ImportFile, Program
from referrals.people import TARGETS, People
from referrals.roles import programs_granting
from referrals.services.imports import import_events
from referrals.services.lead_import import TARGETS as LEAD_TARGETS
from referrals.services.lead_import import ImportedLeads, Leads, import_leads
from referrals.services.people import Count, Merged, import_people
from referrals.services.sale_import import TARGETS as SALE_TARGETS
from referrals.services.sale_import import ImportedSales, Sales, import_sales
from referrals.tables import RowError, Table
from referrals.wishes import WISHES

MOST_ERRORS = 1000


class Outcome(NamedTuple):
    """What an import did, or would do: whether it kept anything, counts by name, and what is wrong with rows."""

    kept: bool
    counts: Mapping[str, int]
    errors: Sequence[RowError]
    changes: Sequence[Any] = ()
    arrivals: Sequence[Any] = ()
    # What is left empty because it cannot be read; ``warned`` among the counts says how much.
    warnings: Sequence[RowError] = ()


@dataclass
class Work:
    """How a file is to be gone through; ``finish`` hears of what is kept in the transaction that keeps it."""

    now: datetime
    dry_run: bool
    finish: Callable[[Outcome], None] = lambda _outcome: None
    on_progress: Callable[[int], None] = lambda _position: None
    count: Count = lambda _staging, _program: {}


@dataclass(frozen=True)
class FileKind:
    """What a file holds: what is read from its columns, what else has to be asked, and how it comes in."""

    name: str
    label: Any
    targets: tuple[str, ...]
    guess: Callable[[Sequence[str]], Guess]
    run: Callable[[ImportFile, Table, Work], Outcome]
    # Of program, country, currency, dates, create_advocates and why: what the form asks about the whole file.
    asks: frozenset[str] = frozenset()
    # Whether other columns are kept beside; whether it belongs to a program, and may belong to all of them.
    keeps_others: bool = True
    needs_program: bool = False
    may_be_of_all: bool = False
    reasons: Sequence[tuple[str, Any]] = ()
    # Whom it is offered to.
    is_for: Callable[[Any], bool] = lambda _user: True


_kinds: dict[str, FileKind] = {}


def register(*kinds: FileKind) -> None:
    _kinds.update({kind.name: kind for kind in kinds})


def kind_of(name: str) -> FileKind:
    return _kinds[name]


def kinds() -> list[FileKind]:
    """All that a file may hold, people first."""
    return list(_kinds.values())


def kept_together(work: Work, run: Callable[[], Outcome]) -> Outcome:
    """What ``run`` did, and that it is done, in one transaction."""
    with transaction.atomic():
        outcome = run()
        if outcome.kept:
            work.finish(outcome)
    return outcome


def chosen(file: ImportFile) -> dict[str, str]:
    """The column for each target that has one column only."""
    return {target: name for name, target in file.columns.items() if target not in REPEATED}


def left_out(file: ImportFile) -> frozenset[str]:
    return frozenset(name for name, target in file.columns.items() if target == LEFT_OUT)


def _run_people(file: ImportFile, table: Table, work: Work) -> Outcome:
    done = import_people(
        table, _people(file), by=file.uploaded_by, now=work.now, dry_run=work.dry_run, most_errors=MOST_ERRORS,
        on_progress=work.on_progress, finish=lambda merged: work.finish(_merged(merged)), count=work.count,
    )  # fmt: skip
    return _merged(done)


def _people(file: ImportFile) -> People:
    user = file.uploaded_by
    mine = programs_granting(user, "add", ImportFile).values_list("pk", flat=True)
    return People(
        columns=chosen(file), left_out=left_out(file), program=file.program, country=file.country,
        wishes={name: target for name, target in file.columns.items() if target in WISHES},
        leave_out_faults=file.leave_out_faults, programs=None if user.is_superuser else frozenset(mine),
    )  # fmt: skip


def _merged(done: Merged) -> Outcome:
    wanting = {
        "warned": done.warned,
        "no_mail": done.no_mail,
        "no_texts": done.no_texts,
        "refusals": done.refusals,
        **done.counted,
    }
    counts = {
        "rows": done.rows, "new": done.new, "changed": done.changed, "unchanged": done.unchanged, "tags": done.tags,
        "refused": done.refused,
        **{name: count for name, count in wanting.items() if count},
    }  # fmt: skip
    return Outcome(done.kept, counts, done.errors, done.changes, done.arrivals, done.warnings)


def _run_happenings(file: ImportFile, table: Table, work: Work) -> Outcome:
    user = file.uploaded_by
    plan = Happenings(
        kind=file.what, currency=file.currency, columns=chosen(file), left_out=left_out(file), program=file.program,
        create_advocates=file.create_advocates, dates=DateOrder(file.dates), staff=None if user.is_superuser else user,
        # Looking, count what could be recorded beside what is refused.
        leave_out_faults=work.dry_run or file.leave_out_faults,
    )  # fmt: skip
    return kept_together(
        work,
        lambda: _recorded(
            import_events(table, plan, now=work.now, dry_run=work.dry_run, most_errors=MOST_ERRORS)
        ),
    )


def _recorded(done: Imported) -> Outcome:
    known = done.rows - done.new_events - done.refused
    counts = {"rows": done.rows, "new": done.new_events, "unchanged": known, "people": done.new_advocates}
    counts["refused"] = done.refused
    return Outcome(done.kept, counts, done.errors)


def _program_of(file: ImportFile, otherwise: str) -> Program:
    """The one that the file belongs to. Raises ValidationError if it is not said, or not theirs."""
    mine = programs_granting(file.uploaded_by, "add", ImportFile)
    if file.program is None or not mine.filter(pk=file.program_id).exists():
        raise ValidationError(otherwise)
    return file.program


def _run_leads(file: ImportFile, table: Table, work: Work) -> Outcome:
    program = _program_of(file, gettext("Say which program these leads belong to."))
    # Looking, count what could be taken in beside what is refused.
    plan = Leads(program, chosen(file), DateOrder(file.dates), work.dry_run or file.leave_out_faults)
    return kept_together(
        work,
        lambda: _led(import_leads(table, plan, now=work.now, dry_run=work.dry_run, most_errors=MOST_ERRORS)),
    )


def _led(done: ImportedLeads) -> Outcome:
    counts = {"rows": done.rows, "new": done.new, "changed": done.changed, "unchanged": done.unchanged}
    counts |= {"warned": done.warned} if done.warned else {}
    return Outcome(done.kept, counts, done.errors, warnings=done.warnings)


def _run_sales(file: ImportFile, table: Table, work: Work) -> Outcome:
    program = _program_of(file, gettext("Say which program these sales belong to."))
    # Looking, count what could be taken in beside what is refused.
    plan = Sales(
        program,
        chosen(file),
        DateOrder(file.dates),
        left_out(file),
        work.dry_run or file.leave_out_faults,
    )
    return kept_together(
        work,
        lambda: _sold(import_sales(table, plan, now=work.now, dry_run=work.dry_run, most_errors=MOST_ERRORS)),
    )


def _sold(done: ImportedSales) -> Outcome:
    others = {"unpaid": done.unpaid, "warned": done.warned}
    counts = {
        "rows": done.rows, "new": done.new, "unchanged": done.known, "nobody": done.nobody,
        **{name: count for name, count in others.items() if count},
    }  # fmt: skip
    return Outcome(done.kept, counts, done.errors, warnings=done.warnings)


def _happening(kind: str) -> FileKind:
    targets = targets_of(kind)
    asks = {"program", "dates", "create_advocates"} | ({"currency"} if "amount" in targets else set())
    return FileKind(
        kind, Event.Kind(kind).label, targets, lambda header: guess_happening(header, targets), _run_happenings,
        frozenset(asks),
    )  # fmt: skip


register(
    FileKind(ImportFile.PEOPLE, _("people"), TARGETS, guess, _run_people, frozenset({"program", "country"})),
    FileKind(
        ImportFile.SALES,
        _("sales"),
        SALE_TARGETS,
        guess_sale,
        _run_sales,
        frozenset({"program", "dates"}),
        keeps_others=False,
        needs_program=True,
        is_for=lambda user: bool(user.has_perm("referrals.change_conversion")),
    ),
    FileKind(
        ImportFile.LEADS,
        _("other leads, to be compared with friends"),
        LEAD_TARGETS,
        guess_lead,
        _run_leads,
        frozenset({"program", "dates"}),
        keeps_others=False,
        needs_program=True,
    ),
    *(_happening(kind) for kind in HAPPENINGS),
)
