"""Sales from a file, such as a month of orders: each as if another system had reported it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from referrals.cells import DateOrder, read_amount, read_currency, read_moment
from referrals.hooks.reading import read_fact
from referrals.models import Advocate, Program
from referrals.services.refund import refund_up_to
from referrals.services.sale import Taken, take_conversion
from referrals.tables import Row, RowError, Table, is_ragged, ragged
from referrals.transitions import Refused

MOST_ERRORS = 50
NEEDED = ("order", "amount")
TARGETS = (
    *NEEDED,
    "currency",
    "occurred_at",
    "email",
    "phone",
    "name",
    "company",
    "code",
    "customer",
    "refunded",
)
SOURCE = "file"


@dataclass
class Sales:
    """How to read a file of sales: ``columns`` maps what we need to what the file calls it."""

    program: Program
    columns: Mapping[str, str] = field(default_factory=dict)
    dates: DateOrder = DateOrder.UNKNOWN


@dataclass
class ImportedSales:
    """What an import did; with errors it did nothing."""

    rows: int = 0
    new: int = 0
    known: int = 0
    nobody: int = 0
    errors: list[RowError] = field(default_factory=list)

    def count(self, taken: Taken, now: datetime) -> None:
        if taken.conversion is None:
            self.nobody += 1
        elif taken.conversion.recorded_at == now:
            self.new += 1
        else:
            self.known += 1


def import_sales(
    table: Table,
    plan: Sales,
    *,
    now: datetime,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _position: None,
) -> ImportedSales:
    """Take in every row of the table as a sale, all or none; the same file again changes nothing.

    With ``dry_run``, or if any row is refused, nothing is kept. Raises ValidationError when the table as a
    whole cannot be used.
    """
    done = ImportedSales()
    sources = _sources(table, plan)
    with transaction.atomic():
        for row in table:
            done.rows += 1
            _import_row(row, table.header, sources, plan, done, now)
            on_progress(table.position)
            if len(done.errors) >= MOST_ERRORS:
                break
        if dry_run or done.errors:
            transaction.set_rollback(True)
    return done


def _import_row(
    row: Row, header: list[str], sources: Mapping[str, str], plan: Sales, done: ImportedSales, now: datetime
) -> None:
    if is_ragged(row, header):
        done.errors.append(RowError(row.number, _("the whole row"), ragged(row, header)))
        return
    before = len(done.errors)
    facts = _read(row, dict(zip(header, row.cells, strict=True)), sources, plan, done, now)
    if len(done.errors) > before:
        return
    customer, refunded = facts.pop("customer", ""), facts.pop("refunded", 0)
    # Saying once more that it is not empty lets the database use its partial index.
    known = Advocate.objects.filter(external_id=customer).exclude(external_id="")
    try:
        with transaction.atomic():
            taken = take_conversion(
                plan.program, external_id=facts.pop("order"), advocate=known.first() if customer else None,
                now=now, source=SOURCE, **facts,
            )  # fmt: skip
            if refunded:
                refund_up_to(plan.program, taken.attribution.external_id, refunded, now=now, source=SOURCE)
    except Refused as refused:
        done.errors.append(RowError(row.number, sources["order"], str(refused)))
    else:
        done.count(taken, now)


def _read(
    row: Row,
    cells: Mapping[str, str],
    sources: Mapping[str, str],
    plan: Sales,
    done: ImportedSales,
    now: datetime,
) -> dict[str, Any]:
    """The facts of a row, each clean; what is wrong with it is in ``done.errors``."""
    facts: dict[str, Any] = {"currency": plan.program.currency}
    for target, source in sources.items():
        cell = cells[source].strip()
        try:
            if cell or target in NEEDED:
                facts[target] = _fact(target, cell, facts["currency"], plan, now)
        except ValidationError as error:
            done.errors.append(RowError(row.number, source, " ".join(error.messages)))
    return facts


def _fact(target: str, cell: str, currency: str, plan: Sales, now: datetime) -> Any:
    if target == "currency":
        return read_currency(cell)
    if target == "occurred_at":
        return read_moment(cell, plan.program.zone, now=now, dates=plan.dates)
    if target == "refunded":
        return read_amount(cell, currency)
    return read_fact(target, cell, currency=currency, minor_units=False, now=now)


def _sources(table: Table, plan: Sales) -> dict[str, str]:
    """Which column of the file holds what. The currency comes first: amounts are read by it."""
    if unknown := [target for target in plan.columns if target not in TARGETS]:
        raise ValidationError(
            _("“%(name)s” is nothing that is read. Choose from %(names)s."),
            params={"name": unknown[0], "names": ", ".join(TARGETS)},
        )
    wanted = {target: plan.columns.get(target, target) for target in ("currency", *TARGETS)}
    for target, source in wanted.items():
        if source not in table.header and (target in NEEDED or target in plan.columns):
            raise ValidationError(
                _("The file has no column “%(source)s” for %(target)s. It has %(header)s."),
                params={"source": source, "target": target, "header": ", ".join(table.header)},
            )
    return {target: source for target, source in wanted.items() if source in table.header}
