import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rewards.draws import Entry, commitment, draw_winners


class Command(BaseCommand):
    help = "Repeats the draw of a contest from its published file, without the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the JSON file that the contest's page offers")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            facts = json.loads(file.read_text())
            seed, promised = facts["seed"], facts["seed_sha256"]
            entries = [Entry(str(name), int(weight)) for name, weight in facts["entries"]]
            places, winners = int(facts["places"]), facts["winners"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{file} is not the published file of a finished draw: {error!r}.") from error
        if commitment(seed) != promised:
            raise CommandError("The seed is not the one whose hash was published before the draw.")
        drawn = draw_winners(seed, entries, places)
        if drawn != winners:
            raise CommandError(f"Repeating the draw gives {drawn}, but {winners} was published.")
        self.stdout.write(f"The draw is as published: {', '.join(drawn)}.")
