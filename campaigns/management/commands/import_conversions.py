from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.file_commands import FileCommand, OnProgress, program_called, refuse_rows
from referrals.cells import DateOrder
from referrals.headings import LEFT_OUT, guess_sale
from referrals.services.sale_import import MOST_ERRORS, TARGETS, Sales, import_sales
from referrals.tables import Table


class Command(FileCommand):
    help = (
        "Takes in each row of a CSV or Excel file as a sale, and finds whom it counts for; the same file again "
        "changes nothing."
    )

    def targets(self) -> Sequence[str]:
        return TARGETS

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--program", required=True, help="address (slug) of the program")
        parser.add_argument(
            "--dates",
            choices=DateOrder.values,
            default="",
            help="whether 03/04/2026 begins with the day or month",
        )

    def take_in(self, table: Table, on_progress: OnProgress, options: dict[str, Any]) -> str:
        program = program_called(options["program"])
        if program is None:
            raise CommandError("Say which program the sales belong to, with --program.")
        chosen = dict(options["column"])
        guessed = {
            target: name
            for name, target in guess_sale(table.header).targets.items()
            if target not in {LEFT_OUT, *chosen} and name not in chosen.values()
        }
        plan = Sales(program, guessed | chosen, DateOrder(options["dates"]))
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
