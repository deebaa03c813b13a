from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config.schedules import SCHEDULES


class Command(BaseCommand):
    help = "Does once whatever is due, as the worker would; for cron and for trying things out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now", metavar="ISO", help="the moment, such as 2026-03-02T08:00 (UTC, or +01:00)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = _moment(options["now"]) if options["now"] else timezone.now()
        for row in SCHEDULES:
            done = row.run(now=now)
            count = done if isinstance(done, int) else len(done)
            self.stdout.write(f"{row.name}: {count}")


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(
            f"“{text}” is no moment. Write it as 2026-03-02T08:00, or with a zone: 2026-03-02T08:00+01:00."
        )
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
