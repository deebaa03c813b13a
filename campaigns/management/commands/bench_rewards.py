from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from campaigns.bench.promises import CHECKS, as_text, keep_all
from campaigns.bench.scratch import scratch_database


class Command(BaseCommand):
    help = "Tries in a scratch database whether rewards are given once, in time and in balance under load."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=float, default=1, help="0.1 for a tenth of everything")

    def handle(self, *args: Any, **options: Any) -> None:
        application = ":".join(settings.WSGI_APPLICATION.rsplit(".", 1))
        broken = 0
        try:
            with scratch_database() as scratch:
                promises = keep_all(scratch, application, options["scale"])
                for promise in tqdm(promises, total=CHECKS, desc="trying", disable=None):
                    self.stdout.write(as_text(promise))
                    broken += not promise.kept
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        if broken:
            raise CommandError(f"{broken} of {CHECKS} were not kept.")
