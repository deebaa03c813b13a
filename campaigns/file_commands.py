"""What the commands that take in a file have in common."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from referrals.cells import DateOrder
from referrals.headings import LEFT_OUT, Guess
from referrals.models import Program
from referrals.tables import RowError, Table
from referrals.transitions import Refused

OnProgress = Callable[[int], None]


class FileCommand(BaseCommand):
    """Reads a CSV or Excel file with a progress bar, all of it or nothing; what is wrong is a sentence."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--column", type=_pair, action="append", default=[], metavar="TARGET=SOURCE",
            help=f"which column of the file holds {', '.join(self.targets())}; repeatable",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and keep nothing")

    def targets(self) -> Sequence[str]:
        raise NotImplementedError

    def take_in(self, table: Table, on_progress: OnProgress, options: dict[str, Any]) -> str:
        """Import the table, and say what came of it."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        # Without a terminal to draw on, tqdm draws nothing.
        bar_off = None if options["verbosity"] else True
        try:
            with (
                Table(path) as table,
                tqdm(total=table.size, unit="B", unit_scale=True, desc=path.name, disable=bar_off) as bar,
            ):
                said = self.take_in(table, lambda position: _draw(bar, position), options)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(said + (" This was a dry run: nothing was kept." if options["dry_run"] else ""))


def refuse_rows(errors: Sequence[RowError], most: int) -> None:
    """Name every row that is wrong, if there is one."""
    if not errors:
        return
    lines = [str(error) for error in errors]
    if len(lines) == most:
        lines.append(f"These are the first {most}; there may be more.")
    raise CommandError("\n".join([*lines, "Nothing was imported. Correct these rows and run it again."]))


def columns_of(guessed: Guess, chosen: dict[str, str]) -> dict[str, str]:
    """Which column holds what: as chosen, and for the rest as their headings say."""
    found = {
        target: name
        for name, target in guessed.targets.items()
        if target not in {LEFT_OUT, *chosen} and name not in chosen.values()
    }
    return found | chosen


def add_dates(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--dates",
        choices=DateOrder.values,
        default="",
        help="whether 03/04/2026 begins with the day or month",
    )


class ProgramFileCommand(FileCommand):
    """Reads a file into one program, which has to be named."""

    # Said after “Say which program”.
    belongs = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--program", required=True, help="address (slug) of the program")
        add_dates(parser)

    def program_of(self, options: dict[str, Any]) -> Program:
        if program := program_called(options["program"]):
            return program
        raise CommandError(f"Say which program {self.belongs}, with --program.")


def program_called(slug: str) -> Program | None:
    if not slug:
        return None
    program = Program.objects.filter(slug=slug).first()
    if program is None:
        known = ", ".join(Program.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no program “{slug}”. There is: {known}.")
    return program


def _draw(bar: Any, position: int) -> None:
    bar.update(position - bar.n)


def _pair(value: str) -> tuple[str, str]:
    target, equals, source = value.partition("=")
    if not equals or not source:
        raise ArgumentTypeError(f"“{value}” is no pair. Write it as amount=amount_usd.")
    return target.strip(), source.strip()
