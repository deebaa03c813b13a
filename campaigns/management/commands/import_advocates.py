from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from campaigns.file_commands import FileCommand, OnProgress, program_called, refuse_rows
from campaigns.services.imports import count_suppressed
from referrals.headings import LEFT_OUT, REPEATED, guess
from referrals.people import TARGETS, People
from referrals.services.people import MOST_ERRORS, Merged, import_people
from referrals.tables import Table
from referrals.wishes import WISHES


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
            if target not in {*REPEATED, *chosen} and name not in chosen.values()
        }
        left_out = {name for name, target in guessed.items() if target == LEFT_OUT} | set(
            options["leave_out"]
        )
        elsewhere = left_out | set(chosen.values())
        plan = People(
            wishes={n: target for n, target in guessed.items() if target in WISHES and n not in elsewhere},
            columns={target: name for target, name in recognised.items() if name not in left_out} | chosen,
            left_out=frozenset(left_out - set(chosen.values())),
            program=program_called(options["program"]),
            country=options["country"],
        )
        done = import_people(
            table, plan, now=timezone.now(), dry_run=options["dry_run"], on_progress=on_progress,
            count=count_suppressed,
        )  # fmt: skip
        refuse_rows(done.errors, MOST_ERRORS)
        text = f"{done.rows:,} rows: {done.new:,} new advocates, {done.changed:,} changed, "
        text += f"{done.unchanged:,} as they were; {done.tags:,} tags put on."
        if unwanted := [f"{n:,} want no {what}" for n, what in _unwanted(done) if n]:
            text += f" {', '.join(unwanted)}."
        if count := done.counted.get("suppressed"):
            text += f" {count:,} get nothing from us already."
        if done.warned:
            text += f" {done.warned:,} cells left empty, such as {done.warnings[0]}"
        return f"{text} {done.enrolled:,} enrolled." if plan.program and not options["dry_run"] else text


def _unwanted(done: Merged) -> list[tuple[int, str]]:
    return [(done.no_mail, "mail"), (done.no_texts, "text messages")]
