"""Other leads from a file, such as a month of a CRM's: each as if the system in which it is kept had reported it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from referrals.cells import DateOrder, read_id, read_moment, read_text
from referrals.models import Program
from referrals.roles import called, members_of
from referrals.services.lead import Reported, take_leads
from referrals.tables import Row, RowError, Table, is_ragged, ragged

MOST_ERRORS, MOST_WARNINGS, BATCH = 50, 100, 500
NEEDED = ("lead", "received_at")
TARGETS = (*NEEDED, "contacted_at", "source", "caller")


@dataclass
class Leads:
    """How to read a file of leads: ``columns`` maps what we need to what the file calls it."""

    program: Program
    columns: Mapping[str, str]
    dates: DateOrder = DateOrder.UNKNOWN
    # Take in the rows that can be read, and leave the others where they are.
    leave_out_faults: bool = False


@dataclass
class ImportedLeads:
    """What an import did; with errors it did nothing, unless it was to leave them out."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    # Whether anything was kept.
    kept: bool = False
    # What was left empty because it cannot be read: the first of it, and how much.
    warnings: list[RowError] = field(default_factory=list)
    warned: int = 0
    errors: list[RowError] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        return self.rows - self.new - self.changed - len({error.row for error in self.errors})


def import_leads(
    table: Table,
    plan: Leads,
    *,
    now: datetime,
    dry_run: bool = False,
    most_errors: int = MOST_ERRORS,
    on_progress: Callable[[int], None] = lambda _position: None,
) -> ImportedLeads:
    """Take in every row of the table as a lead, all or none; the same file again changes nothing, a newer one tells
    with whom somebody talked since.

    With ``dry_run``, or if any row is refused (and is not to be left out), nothing is kept. Raises ValidationError
    when the table as a whole cannot be used.
    """
    reader, rows = _Reader(table, plan, now), iter(table)
    done = reader.done
    with transaction.atomic():
        while len(done.errors) < most_errors and (some := list(islice(rows, BATCH))):
            reported = [lead for row in some if (lead := reader.read(row))]
            taken = take_leads(plan.program, reported, now=now)
            done.rows += len(some)
            done.new += sum(one.is_new for one in taken)
            done.changed += sum(one.is_changed for one in taken)
            on_progress(table.position)
        done.errors = done.errors[:most_errors]
        left_out = plan.leave_out_faults and len(done.errors) < most_errors
        done.kept = not dry_run and (left_out or not done.errors)
        if not done.kept:
            transaction.set_rollback(True)
    return done


class _Reader:
    """Turns rows into leads; what is wrong with the others collects in ``done``."""

    def __init__(self, table: Table, plan: Leads, now: datetime) -> None:
        self.done, self._header, self._sources = ImportedLeads(), table.header, _sources(plan)
        self._colleagues = called(members_of(plan.program)) if "caller" in self._sources else {}
        moment = lambda cell: read_moment(cell, plan.program.zone, now=now, dates=plan.dates)  # noqa: E731
        self._readers: dict[str, Callable[[str], Any]] = {
            "lead": read_id, "received_at": moment, "contacted_at": moment,
            "source": partial(read_text, length=60), "caller": self._read_caller,
        }  # fmt: skip

    def read(self, row: Row) -> Reported | None:
        """The lead of this row, or None when something is wrong with it."""
        if is_ragged(row, self._header):
            self.done.errors.append(RowError(row.number, _("the whole row"), ragged(row, self._header)))
            return None
        before, cells, facts = len(self.done.errors), dict(zip(self._header, row.cells, strict=True)), {}
        for target, column in self._sources.items():
            cell = cells[column].strip()
            try:
                if cell or target in NEEDED:
                    facts[target] = self._readers[target](cell)
            except ValidationError as error:
                self._say(RowError(row.number, column, " ".join(error.messages)), target)
        if len(self.done.errors) > before:
            return None
        if problem := self._wait_problem(cells, facts):
            self.done.errors.append(RowError(row.number, self._sources["contacted_at"], problem))
            return None
        return Reported(
            facts["lead"], facts["received_at"], facts.get("contacted_at"), facts.get("source", ""),
            facts.get("caller", ""),
        )  # fmt: skip

    def _wait_problem(self, cells: dict[str, str], facts: dict[str, Any]) -> str:
        """Why the two moments cannot say how long the lead waited; nothing, if they can."""
        if "contacted_at" not in facts:
            return ""
        if not all(":" in cells[self._sources[name]] for name in ("received_at", "contacted_at")):
            return _(
                "A day without its time cannot say how long somebody waited. Bring in the times as well, or do not "
                "read this column."
            )
        is_after = facts["contacted_at"] >= facts["received_at"]
        return "" if is_after else _("The first talk comes after the lead. Check the two moments.")

    def _say(self, wrong: RowError, target: str) -> None:
        """The row is refused, or, where it is a lead all the same, this is left empty."""
        if target not in {"source", "caller"}:
            self.done.errors.append(wrong)
            return
        self.done.warned += 1
        if len(self.done.warnings) < MOST_WARNINGS:
            self.done.warnings.append(wrong)

    def _read_caller(self, cell: str) -> str:
        if cell.casefold() not in self._colleagues:
            raise ValidationError(
                _("No colleague of this program is called “%(cell)s”."), params={"cell": cell[:60]}
            )
        return cell


def _sources(plan: Leads) -> dict[str, str]:
    """Which column of the file holds what."""
    if not set(NEEDED) <= plan.columns.keys():
        raise ValidationError(
            _("Say which column holds the number of the lead, and which says when it came.")
        )
    return {target: plan.columns[target] for target in TARGETS if target in plan.columns}
