from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns.file_commands import FileCommand, OnProgress, add_dates, program_called, refuse_rows
from referrals.cells import DateOrder, read_currency
from referrals.happenings import KINDS, TARGETS, Happenings
from referrals.services.imports import MOST_ERRORS, import_events
from referrals.tables import Table


class Command(FileCommand):
    help = "Records each row of a CSV or Excel file as an event of an advocate; the same file again changes nothing."

    def targets(self) -> Sequence[str]:
        return TARGETS

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--kind", choices=list(KINDS), required=True, help="what happened")
        parser.add_argument(
            "--currency",
            type=_currency,
            help="of every amount, such as EUR, unless a column says so",
        )
        add_dates(parser)
        parser.add_argument(
            "--program", default="", help="address (slug) of the program the events belong to"
        )
        parser.add_argument(
            "--create-advocates", action="store_true", help="take in customers that are not known yet"
        )

    def take_in(self, table: Table, on_progress: OnProgress, options: dict[str, Any]) -> str:
        plan = Happenings(
            kind=options["kind"],
            currency=options["currency"] or "",
            columns=dict(options["column"]),
            program=program_called(options["program"]),
            create_advocates=options["create_advocates"],
            dates=DateOrder(options["dates"]),
        )
        done = import_events(
            table, plan, now=timezone.now(), dry_run=options["dry_run"], on_progress=on_progress
        )
        refuse_rows(done.errors, MOST_ERRORS)
        known = done.rows - done.new_events
        text = f"{done.rows:,} rows: {done.new_events:,} new events, {known:,} recorded before; "
        return text + f"{done.new_advocates:,} new advocates."


def _currency(value: str) -> str:
    try:
        return read_currency(value)
    except ValidationError as error:
        raise ArgumentTypeError(" ".join(error.messages)) from error
