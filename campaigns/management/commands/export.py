import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from campaigns.file_commands import program_called
from campaigns.services.personal_data import everything_about
from campaigns.services.program_export import write_program
from referrals.contacts import email_key
from referrals.models import Advocate


class Command(BaseCommand):
    help = "Writes a program as tables (a ZIP of CSV files), or everything about one person (JSON)."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--program", metavar="SLUG", help="the program with this address")
        what.add_argument("--person", metavar="WHO", help="e-mail address or customer number")
        parser.add_argument(
            "--to", metavar="FILE", help="where to write; a person's data else goes to the screen"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["person"]:
            self._person(options["person"], options["to"])
        else:
            self._program(options["program"], options["to"])

    def _person(self, who: str, to: str | None) -> None:
        found = (
            Advocate.objects.filter(email_key=email_key(who))
            if "@" in who
            else Advocate.objects.filter(external_id=who)
        )
        person = found.first() if who.strip() else None
        if person is None:
            raise CommandError("Nobody has this e-mail address or customer number.")
        text = json.dumps(everything_about(person), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        if to:
            Path(to).write_text(text)
        else:
            self.stdout.write(text)

    def _program(self, slug: str, to: str | None) -> None:
        program = program_called(slug)
        if program is None:
            raise CommandError("Say which program, with --program.")
        if to is None:
            raise CommandError(f"Say where to write, such as --to {slug}.zip.")
        # Written beside it first: a file of that name is whole, or is not there.
        path = Path(to)
        partial = path.with_name(f"{path.name}.part")
        with partial.open("wb") as file:
            counts = write_program(program, file)
        partial.replace(path)
        for name, count in counts.items():
            self.stdout.write(f"{name}: {count:,}")
