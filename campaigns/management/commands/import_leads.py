from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from campaigns.file_commands import OnProgress, ProgramFileCommand, columns_of, refuse_rows
from referrals.cells import DateOrder
from referrals.headings import guess_lead
from referrals.services.lead_import import MOST_ERRORS, TARGETS, Leads, import_leads
from referrals.tables import Table


class Command(ProgramFileCommand):
    help = (
        "Takes in each row of a CSV or Excel file as a lead that nobody recommended, to be compared with friends; "
        "the same file again changes nothing."
    )

    belongs = "the leads are compared with"

    def targets(self) -> Sequence[str]:
        return TARGETS

    def take_in(self, table: Table, on_progress: OnProgress, options: dict[str, Any]) -> str:
        columns = columns_of(guess_lead(table.header), dict(options["column"]))
        plan = Leads(self.program_of(options), columns, DateOrder(options["dates"]))
        done = import_leads(
            table, plan, now=timezone.now(), dry_run=options["dry_run"], on_progress=on_progress
        )
        refuse_rows(done.errors, MOST_ERRORS)
        return (
            f"{done.rows:,} rows: {done.new:,} new leads, {done.changed:,} changed, {done.unchanged:,} as they are."
            + (f" {done.warned:,} cells left empty, such as {done.warnings[0]}" if done.warned else "")
        )
