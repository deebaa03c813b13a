import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from tqdm import tqdm

from campaigns.bench import crowd
from campaigns.bench.operations import OPERATIONS, measure_all
from campaigns.bench.report import as_data, as_table, versions
from campaigns.bench.scratch import scratch_database


class Command(BaseCommand):
    help = "Measures the hot operations in a scratch database on the configured server, and drops it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=10, help="for each operation and its yardstick")
        parser.add_argument(
            "--people",
            type=int,
            default=0,
            help="measure instead what is done to so many people at once, such as 1000000",
        )
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seconds"] <= 0:
            raise CommandError("Give a number of seconds above zero.")
        if options["people"] < 0:
            raise CommandError("Give a number of people above zero.")
        try:
            table, data = (
                self._measure_crowd(options["people"])
                if options["people"]
                else self._measure(options["seconds"])
            )
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(data, indent=2))
        else:
            measured_on = ", ".join(f"{name} {number}" for name, number in versions().items())
            self.stdout.write(f"{measured_on}; load and server on the same machine\n\n{table}")

    def _measure(self, seconds: float) -> tuple[str, dict[str, Any]]:
        # The web server names the application module:name, Django module.name.
        application = ":".join(settings.WSGI_APPLICATION.rsplit(".", 1))
        with scratch_database() as scratch:
            lines = measure_all(scratch, seconds, application)
            found = list(tqdm(lines, total=OPERATIONS, desc="measuring", disable=None))
        return as_table(found), as_data(found, connection.vendor)

    def _measure_crowd(self, people: int) -> tuple[str, dict[str, Any]]:
        with scratch_database() as scratch:
            rows = crowd.measure_crowd(scratch, people)
            found = list(tqdm(rows, total=crowd.OPERATIONS, desc="measuring", disable=None))
        return crowd.crowd_table(found), as_data([], connection.vendor) | {
            "operations": crowd.crowd_data(found)
        }
