from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from referrals.cells import DateOrder, read_currency
from referrals.happenings import KINDS, TARGETS, Happenings, Imported
from referrals.models import Program
from referrals.services.imports import MOST_ERRORS, import_events
from referrals.tables import Table


class Command(BaseCommand):
    help = "Records each row of a CSV or Excel file as an event of an advocate; the same file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=list(KINDS), required=True, help="what happened")
        parser.add_argument(
            "--currency",
            type=_currency,
            help="of every amount, such as EUR, unless a column says so",
        )
        parser.add_argument(
            "--dates",
            choices=DateOrder.values,
            default="",
            help="whether 03/04/2026 begins with the day or month",
        )
        parser.add_argument(
            "--column", type=_pair, action="append", default=[], metavar="TARGET=SOURCE",
            help=f"which column of the file holds {', '.join(TARGETS)}; repeatable",
        )  # fmt: skip
        parser.add_argument(
            "--program", default="", help="address (slug) of the program the events belong to"
        )
        parser.add_argument(
            "--create-advocates", action="store_true", help="take in customers that are not known yet"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = Happenings(
            kind=options["kind"],
            currency=options["currency"] or "",
            columns=dict(options["column"]),
            program=_program(options["program"]),
            create_advocates=options["create_advocates"],
            dates=DateOrder(options["dates"]),
        )
        try:
            done = self._import(
                options["file"], plan, dry_run=options["dry_run"], quiet=not options["verbosity"]
            )
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if done.errors:
            raise CommandError(_report(done))
        self.stdout.write(_summary(done, dry_run=options["dry_run"]))

    def _import(self, path: Path, plan: Happenings, *, dry_run: bool, quiet: bool) -> Imported:
        # Without a terminal to draw on, tqdm draws nothing.
        bar_off = True if quiet else None
        with (
            Table(path) as table,
            tqdm(total=table.size, unit="B", unit_scale=True, desc=path.name, disable=bar_off) as bar,
        ):
            return import_events(
                table,
                plan,
                now=timezone.now(),
                dry_run=dry_run,
                on_progress=lambda position: bar.update(position - bar.n),
            )


def _program(slug: str) -> Program | None:
    if not slug:
        return None
    program = Program.objects.filter(slug=slug).first()
    if program is None:
        known = ", ".join(Program.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no program “{slug}”. There is: {known}.")
    return program


def _currency(value: str) -> str:
    try:
        return read_currency(value)
    except ValidationError as error:
        raise ArgumentTypeError(" ".join(error.messages)) from error


def _pair(value: str) -> tuple[str, str]:
    target, equals, source = value.partition("=")
    if not equals or not source:
        raise ArgumentTypeError(f"“{value}” is no pair. Write it as amount=amount_usd.")
    return target.strip(), source.strip()


def _report(done: Imported) -> str:
    lines = [str(error) for error in done.errors]
    if len(lines) == MOST_ERRORS:
        lines.append(f"These are the first {MOST_ERRORS}; there may be more.")
    return "\n".join([*lines, "Nothing was imported. Correct these rows and run it again."])


def _summary(done: Imported, *, dry_run: bool) -> str:
    known = done.rows - done.new_events
    text = f"{done.rows:,} rows: {done.new_events:,} new events, {known:,} recorded before; "
    text += f"{done.new_advocates:,} new advocates."
    return f"{text} This was a dry run: nothing was kept." if dry_run else text
