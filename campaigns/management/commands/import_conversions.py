from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from campaigns.file_commands import OnProgress, ProgramFileCommand, columns_of, refuse_rows
from referrals.cells import DateOrder
from referrals.headings import guess_sale
from referrals.services.sale_import import MOST_ERRORS, TARGETS, Sales, import_sales
from referrals.tables import Table


class Command(ProgramFileCommand):
    help = (
        "Takes in each row of a CSV or Excel file as a sale, and finds whom it counts for; the same file again "
        "changes nothing."
    )

    belongs = "the sales belong to"

    def targets(self) -> Sequence[str]:
        return TARGETS

    def take_in(self, table: Table, on_progress: OnProgress, options: dict[str, Any]) -> str:
        columns = columns_of(guess_sale(table.header), dict(options["column"]))
        plan = Sales(self.program_of(options), columns, DateOrder(options["dates"]))
        done = import_sales(
            table, plan, now=timezone.now(), dry_run=options["dry_run"], on_progress=on_progress
        )
        refuse_rows(done.errors, MOST_ERRORS)
        return (
            f"{done.rows:,} rows: {done.new:,} new sales that count, {done.known:,} recorded before, "
            f"{done.nobody:,} of buyers whom nobody recommended."
            + (f" {done.unpaid:,} not paid: passed over." if done.unpaid else "")
            + (f" {done.warned:,} cells left empty, such as {done.warnings[0]}" if done.warned else "")
        )
