"""Sales from a file, such as a month of orders: each as if another system had reported it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from referrals.cells import DateOrder, read_amount, read_currency, read_moment
from referrals.contacts import clean_phone
from referrals.hooks.reading import read_fact
from referrals.locks import hold_all
from referrals.models import Advocate, Program
from referrals.services.buyers import Sale
from referrals.services.many_sales import take_conversions
from referrals.services.refund import refund_up_to
from referrals.services.sale import Taken
from referrals.services.touch import Buyer, Hints
from referrals.tables import Row, RowError, Table, is_ragged, ragged
from referrals.transitions import Refused

MOST_ERRORS, BATCH = 50, 500
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
    "status",
)
# What is left empty where it cannot be read: the sale is one all the same.
LENIENT = {"phone", "name", "company", "code"}
MOST_WARNINGS = 100
# What shops and banks call orders that brought no money, or whose money went back.
UNPAID = {
    "failed", "pending", "voided", "canceled", "cancelled", "unpaid", "on hold", "draft", "checkout draft",
    "expired", "authorized", "incomplete", "blocked", "requires payment method", "requires action",
    "pending payment", "abandoned", "annullato", "in attesa", "cancelado", "pendiente", "annulé", "en attente",
    "geannuleerd", "in afwachting", "storniert", "ausstehend", "отменен", "отменён", "не оплачен",
}  # fmt: skip
REFUNDED = {
    "refunded",
    "rimborsato",
    "reembolsado",
    "remboursé",
    "terugbetaald",
    "erstattet",
    "возвращен",
    "возвращён",
}
SOURCE = "file"


@dataclass
class Sales:
    """How to read a file of sales: ``columns`` maps what we need to what the file calls it."""

    program: Program
    columns: Mapping[str, str] = field(default_factory=dict)
    dates: DateOrder = DateOrder.UNKNOWN
    # Columns not to read, even if they bear the name of something that is read.
    left_out: frozenset[str] = frozenset()
    # Take in the rows that can be read, and leave the others where they are.
    leave_out_faults: bool = False


@dataclass
class ImportedSales:
    """What an import did; with errors it did nothing, unless it was to leave them out."""

    rows: int = 0
    new: int = 0
    known: int = 0
    nobody: int = 0
    # Orders that brought no money.
    unpaid: int = 0
    # Whether anything was kept.
    kept: bool = False
    # What was left empty because it cannot be read: the first of it, and how much.
    warnings: list[RowError] = field(default_factory=list)
    warned: int = 0
    errors: list[RowError] = field(default_factory=list)

    def say(self, wrong: RowError, *, lenient: bool) -> None:
        """Something cannot be read: the row is refused, or (``lenient``) it is left empty."""
        if not lenient:
            self.errors.append(wrong)
            return
        self.warned += 1
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(wrong)

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
    most_errors: int = MOST_ERRORS,
    on_progress: Callable[[int], None] = lambda _position: None,
) -> ImportedSales:
    """Take in every row of the table as a sale, all or none; the same file again changes nothing.

    Orders that are not paid are passed over, and so are rows with one more item of the order before. With
    ``dry_run``, or if any row is refused (and is not to be left out), nothing is kept. Raises ValidationError
    when the table as a whole cannot be used.
    """
    done = ImportedSales()
    sources = _sources(table, plan)
    with transaction.atomic():
        hold_all(plan.program.pk)
        rows = iter(table)
        while len(done.errors) < most_errors and (some := list(islice(rows, BATCH))):
            # Further items of an order have neither sum nor number of their own.
            sales = [row for row in some if not _is_item(row, table.header, sources)]
            read = {
                row.number: facts
                for row in sales
                if (facts := _read_row(row, table.header, sources, plan, done, now))
            }
            _import_rows(read, sources, plan, done, now)
            done.rows += len(sales)
            on_progress(table.position)
        done.errors = sorted(done.errors, key=lambda error: error.row)[:most_errors]
        left_out = plan.leave_out_faults and len(done.errors) < most_errors
        done.kept = not dry_run and (left_out or not done.errors)
        if not done.kept:
            transaction.set_rollback(True)
    return done


def _is_item(row: Row, header: list[str], sources: Mapping[str, str]) -> bool:
    """Whether this is one more item of the order above, as shops write them."""
    if is_ragged(row, header) or row.cells[header.index(sources["amount"])].strip():
        return False
    return not row.cells[header.index(sources["order"])].strip()


def _read_row(
    row: Row, header: list[str], sources: Mapping[str, str], plan: Sales, done: ImportedSales, now: datetime
) -> dict[str, Any]:
    """The facts of a row; nothing, if something is wrong with it."""
    if is_ragged(row, header):
        done.errors.append(RowError(row.number, _("the whole row"), ragged(row, header)))
        return {}
    before = len(done.errors)
    cells = dict(zip(header, row.cells, strict=True))
    status = _plain(cells[sources["status"]]) if "status" in sources else ""
    if status in UNPAID:
        done.unpaid += 1
        return {}
    facts = _read(row, cells, sources, plan, done, now)
    if len(done.errors) > before:
        return {}
    return facts | {"refunded": facts["amount"]} if status in REFUNDED else facts


def _plain(status: str) -> str:
    return " ".join(status.casefold().replace("_", " ").replace("-", " ").split())


def _import_rows(
    read: Mapping[int, dict[str, Any]],
    sources: Mapping[str, str],
    plan: Sales,
    done: ImportedSales,
    now: datetime,
) -> None:
    known = _customers(read.values())
    sales = [_sale(facts, known) for facts in read.values()]
    taken = take_conversions(plan.program, sales, now=now, source=SOURCE)
    for (number, facts), one in zip(read.items(), taken, strict=True):
        try:
            if isinstance(one, Refused):
                raise one
            if facts.get("refunded"):
                with transaction.atomic():
                    refund_up_to(
                        plan.program, facts["order"], facts["refunded"], currency=facts["currency"], now=now,
                        source=SOURCE,
                    )  # fmt: skip
        except Refused as refused:
            done.errors.append(RowError(number, sources["order"], str(refused)))
        else:
            done.count(one, now)


def _customers(read: Iterable[dict[str, Any]]) -> dict[str, Advocate]:
    """Those whose number in the other system stands in these rows."""
    numbers = {facts["customer"] for facts in read if facts.get("customer")}
    # Saying once more that it is not empty lets the database use its partial index.
    found = Advocate.objects.filter(external_id__in=numbers).exclude(external_id="") if numbers else ()
    return {person.external_id: person for person in found}


def _sale(facts: dict[str, Any], known: Mapping[str, Advocate]) -> Sale:
    buyer = Buyer(**{name: facts.get(name, "") for name in ("email", "phone", "name", "company")})
    hints = Hints(facts.get("code", ""), advocate=known.get(facts.get("customer", "")))
    return Sale(facts["order"], facts["amount"], facts["currency"], facts.get("occurred_at"), buyer, hints)


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
        if target == "status":
            continue
        try:
            if cell or target in NEEDED:
                facts[target] = _fact(target, cell, facts["currency"], plan, now)
        except ValidationError as error:
            done.say(RowError(row.number, source, " ".join(error.messages)), lenient=target in LENIENT)
    return facts


def _fact(target: str, cell: str, currency: str, plan: Sales, now: datetime) -> Any:
    if target == "currency":
        return read_currency(cell)
    if target == "occurred_at":
        return read_moment(cell, plan.program.zone, now=now, dates=plan.dates)
    if target in ("amount", "refunded"):
        return read_amount(cell, currency)
    if target == "phone":
        return clean_phone(cell, plan.program.country)
    return read_fact(target, cell, now=now)


def _sources(table: Table, plan: Sales) -> dict[str, str]:
    """Which column of the file holds what. The currency comes first: amounts are read by it."""
    if unknown := [target for target in plan.columns if target not in TARGETS]:
        raise ValidationError(
            _("“%(name)s” is nothing that is read. Choose from %(names)s."),
            params={"name": unknown[0], "names": ", ".join(TARGETS)},
        )
    wanted = {target: plan.columns.get(target, target) for target in ("currency", *TARGETS)}
    taken = set(plan.columns.values())
    wanted = {
        t: source for t, source in wanted.items() if t in plan.columns or source not in taken or t in NEEDED
    }
    for target, source in wanted.items():
        if source not in table.header and (target in NEEDED or target in plan.columns):
            raise ValidationError(
                _("The file has no column “%(source)s” for %(target)s. It has %(header)s."),
                params={"source": source, "target": target, "header": ", ".join(table.header)},
            )
    return {
        target: source
        for target, source in wanted.items()
        if source in table.header and (target in plan.columns or source not in plan.left_out)
    }
