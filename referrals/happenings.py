"""Rows of a file, read as things that happened to advocates."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.cells import DateOrder, read_amount, read_currency, read_id, read_moment, read_score, read_text
from referrals.models import Event, Program
from referrals.tables import LONGEST_CELL, Row, RowError, Table, is_ragged, ragged


class Columns(NamedTuple):
    """What is read from a file for one kind of happening, beside who and when."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


# What happens outside and may come in by a file; everything else this product finds out itself.
KINDS: dict[str, Columns] = {
    Event.Kind.PURCHASE: Columns(("amount",), ("currency", "product")),
    Event.Kind.DEAL_WON: Columns(("amount",), ("currency", "product")),
    Event.Kind.DEAL_LOST: Columns((), ("amount", "currency")),
    Event.Kind.PROJECT_DONE: Columns((), ("project",)),
    Event.Kind.RESULT: Columns((), ("result",)),
    Event.Kind.MILESTONE: Columns(("milestone",)),
    Event.Kind.ENGAGED: Columns((), ("action",)),
    Event.Kind.SATISFACTION: Columns(("score",)),
    Event.Kind.CUSTOMER_CREATED: Columns(),
    Event.Kind.TAG_APPLIED: Columns(("tag",)),
    Event.Kind.LIST_ADDED: Columns(("list",)),
    Event.Kind.FIELD_CHANGED: Columns(("field",), ("from", "to")),
    Event.Kind.SURVEY_ANSWERED: Columns((), ("survey",)),
    Event.Kind.REVIEW_LEFT: Columns((), ("place",)),
    Event.Kind.FOLLOWED: Columns((), ("network",)),
    Event.Kind.SHARED: Columns((), ("network",)),
}
REQUIRED = ("advocate", "occurred_at")
# What people call what has to be in a file.
SAID = {
    "advocate": gettext_lazy("the customer number or the e-mail address (“advocate”)"),
    "occurred_at": gettext_lazy("when it happened (“occurred_at”)"),
    "score": gettext_lazy("the score from 0 to 10 (“score”)"),
}
TARGETS = tuple(
    dict.fromkeys([*REQUIRED, *(n for c in KINDS.values() for part in c for n in part), "program"])
)
MONEY = ("amount", "currency")


def targets_of(kind: str) -> tuple[str, ...]:
    """All that is read for this kind."""
    return (*REQUIRED, *KINDS[kind].required, *KINDS[kind].optional, "program")


@dataclass
class Imported:
    """What an import did; with errors it did nothing."""

    rows: int = 0
    new_events: int = 0
    new_advocates: int = 0
    errors: list[RowError] = field(default_factory=list)
    # Whether anything was kept.
    kept: bool = False

    @property
    def refused(self) -> int:
        """How many rows something is wrong with."""
        return len({error.row for error in self.errors})

    def refuse(self, row: int, column: str, text: str) -> None:
        self.errors.append(RowError(row, column, text))


@dataclass
class Happenings:
    """How to read a file of happenings: ``columns`` maps what we need to what the file calls it."""

    kind: str
    currency: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    program: Program | None = None
    create_advocates: bool = False
    # Whether 03/04/2026 begins with the day or the month.
    dates: DateOrder = DateOrder.UNKNOWN
    # Columns not to read at all.
    left_out: frozenset[str] = frozenset()
    # Record the rows that can be read, and leave the others where they are.
    leave_out_faults: bool = False
    # Whose import it is: they reach the people and programs that they may see. None reaches all.
    staff: Any = None


class Happening(NamedTuple):
    """A row that could be read."""

    row: int
    advocate: str
    event: Event


class Reader:
    """Turns rows into events, and keeps count of what it met."""

    def __init__(self, table: Table, plan: Happenings, now: datetime) -> None:
        self.plan, self.now, self.done = plan, now, Imported()
        self.header = table.header
        self.source = _sources(table.header, plan)
        programs = Program.objects.for_staff(plan.staff) if plan.staff else Program.objects.all()
        self.programs = {program.slug: program for program in programs}
        self.met: Counter[bytes] = Counter()

    def read(self, row: Row) -> Happening | None:
        """The event of this row, or None when something is wrong with it, which is then in ``done.errors``."""
        if is_ragged(row, self.header):
            self.done.refuse(row.number, _("the whole row"), ragged(row, self.header))
            return None
        cells = dict(zip(self.header, row.cells, strict=True))
        before = len(self.done.errors)
        advocate = self._try(row, "advocate", read_id, cells)
        program = self._try(row, "program", self._program, cells) or self.plan.program
        zone = program.zone if program else ZoneInfo("UTC")
        at = self._try(row, "occurred_at", self._moment_in(zone), cells)
        data = self._rest(row, cells) | self._told(row, cells) | self._money(row, cells)
        if len(self.done.errors) > before:
            return None
        event = Event(kind=self.plan.kind, program=program, occurred_at=at, data=data)
        event.dedup_key = self._key(advocate, cells[self.source["occurred_at"]].strip(), data)
        return Happening(row.number, advocate, event)

    def _try(self, row: Row, target: str, read: Callable[[str], Any], cells: Mapping[str, str]) -> Any:
        source = self.source.get(target)
        if source is None:
            return None
        try:
            return read(cells[source])
        except ValidationError as error:
            self.done.refuse(row.number, source, " ".join(error.messages))
            return None

    def _moment_in(self, zone: ZoneInfo) -> Callable[[str], datetime]:
        return lambda cell: read_moment(cell, zone, now=self.now, dates=self.plan.dates)

    def _told(self, row: Row, cells: Mapping[str, str]) -> dict[str, Any]:
        """What this kind of happening says besides money."""
        columns = KINDS[self.plan.kind]
        names = [n for part in columns for n in part if n in self.source and n not in MONEY]
        needed = {n: read_score if n == "score" else read_id for n in columns.required}
        return {n: self._try(row, n, needed.get(n, _read_text), cells) for n in names}

    def _money(self, row: Row, cells: Mapping[str, str]) -> dict[str, Any]:
        columns = KINDS[self.plan.kind]
        if "amount" not in self.source:
            return {}
        if "amount" not in columns.required and not cells[self.source["amount"]].strip():
            return {}
        currency = self._try(row, "currency", self._currency, cells) or self.plan.currency
        amount = self._try(row, "amount", lambda cell: read_amount(cell, currency), cells)
        return {"amount": amount, "currency": currency}

    def _rest(self, row: Row, cells: Mapping[str, str]) -> dict[str, str]:
        """The columns that nobody asked for, as they are."""
        read = {*self.source.values(), *self.plan.left_out}
        return {name: self._one(row, name, cells[name]) for name in self.header if name not in read}

    def _one(self, row: Row, name: str, cell: str) -> str:
        try:
            return _read_text(cell)
        except ValidationError as error:
            self.done.refuse(row.number, name, " ".join(error.messages))
            return ""

    def _currency(self, cell: str) -> str:
        return read_currency(cell.strip() or self.plan.currency)

    def _program(self, cell: str) -> Program | None:
        slug = cell.strip()
        if slug and slug not in self.programs:
            raise ValidationError(
                _("There is no program “%(slug)s”. Write its address, as in its links."),
                params={"slug": slug[:40]},
            )
        return self.programs.get(slug)

    def _key(self, advocate: str, at: str, data: Mapping[str, Any]) -> str:
        """What makes this row this row: its content, and the how-manieth such row of the file it is.

        Equal rows are two purchases; the same row met in a second import is the same purchase.
        """
        content = json.dumps([self.plan.kind, advocate, at, data], sort_keys=True, ensure_ascii=False)
        digest = sha256(content.encode()).digest()[:16]
        self.met[digest] += 1
        return f"import:{digest.hex()}:{self.met[digest]}"


def _sources(header: Sequence[str], plan: Happenings) -> dict[str, str]:
    """Which column of the file holds what we need. A column that bears our own name need not be mapped."""
    targets = targets_of(plan.kind)
    if unknown := [target for target in plan.columns if target not in targets]:
        raise ValidationError(
            _("“%(name)s” is nothing that is read. Choose from %(names)s."),
            params={"name": unknown[0], "names": ", ".join(targets)},
        )
    sources = {target: plan.columns.get(target, target) for target in targets}
    needed = {*REQUIRED, *KINDS[plan.kind].required, *plan.columns}
    for target, source in sources.items():
        if source not in header and target in needed:
            raise ValidationError(
                _("The file has no column “%(source)s” for %(target)s. It has %(header)s.")
                if target in plan.columns
                else _("Say which column holds %(what)s. The file has %(header)s."),
                params={
                    "source": source,
                    "target": target,
                    "header": ", ".join(header),
                    "what": SAID.get(target) or f"“{target}”",
                },
            )
    found = {
        target: source
        for target, source in sources.items()
        if source in header and source not in plan.left_out
    }
    _refuse_hidden(set(header) - plan.left_out, found, set(targets) - {*REQUIRED, "program"})
    if "amount" in found and "currency" not in found and not plan.currency:
        raise ValidationError(_("Say which currency the amounts are in, or which column says so."))
    return found


def _refuse_hidden(header: set[str], found: Mapping[str, str], told: set[str]) -> None:
    for name in sorted(told):
        if name in header and found.get(name) != name:
            raise ValidationError(
                _("The column “%(name)s” would be lost behind the one that is read as it. Rename it."),
                params={"name": name},
            )


def _read_text(cell: str) -> str:
    return read_text(cell, LONGEST_CELL)
