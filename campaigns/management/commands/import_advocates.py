from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from campaigns.file_commands import FileCommand, OnProgress, program_called, refuse_rows
from referrals.headings import FURTHER, LEFT_OUT, guess
from referrals.people import TARGETS, People
from referrals.services.people import MOST_ERRORS, import_people
from referrals.tables import Table


class Command(FileCommand):
    help = (
        "Brings in the people of a CSV or Excel file, each column by its heading; the same file again changes "
        "nothing, and empty cells never do."
    )

    def targets(self) -> Sequence[str]:
        return TARGETS

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--leave-out",
            action="append",
            default=[],
            metavar="SOURCE",
            help="a column not to read; repeatable",
        )
        parser.add_argument(
            "--country", default="", help="reads phone numbers without country code, such as IT"
        )
        parser.add_argument("--program", default="", help="address (slug) of a program to enrol everyone in")

    def take_in(self, table: Table, on_progress: OnProgress, options: dict[str, Any]) -> str:
        chosen = dict(options["column"])
        guessed = guess(table.header).targets
        recognised = {
            target: name
            for name, target in guessed.items()
            if target not in {FURTHER, LEFT_OUT, *chosen} and name not in chosen.values()
        }
        left_out = {name for name, target in guessed.items() if target == LEFT_OUT} | set(
            options["leave_out"]
        )
        plan = People(
            columns={target: name for target, name in recognised.items() if name not in left_out} | chosen,
            left_out=frozenset(left_out - set(chosen.values())),
            program=program_called(options["program"]),
            country=options["country"],
        )
        done = import_people(
            table, plan, now=timezone.now(), dry_run=options["dry_run"], on_progress=on_progress
        )
        refuse_rows(done.errors, MOST_ERRORS)
        text = f"{done.rows:,} rows: {done.new:,} new advocates, {done.changed:,} changed, "
        text += f"{done.unchanged:,} as they were; {done.tags:,} tags put on."
        return f"{text} {done.enrolled:,} enrolled." if plan.program and not options["dry_run"] else text
