import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rewards.draws import Entry, commitment, draw_winners, pick


class Command(BaseCommand):
    help = "Repeats the draw of a contest or of mystery gifts from its published file, without the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="the JSON file that the contest's or the gift's page offers"
        )

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            facts = json.loads(file.read_text())
            if commitment(facts["seed"]) != facts["seed_sha256"]:
                raise CommandError("The seed is not the one whose hash was published before the draw.")
            said = _gifts(facts) if "gifts" in facts else _winners(facts)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"{file} is not the published file of a finished draw: {error!r}.") from error
        self.stdout.write(said)


def _winners(facts: dict[str, Any]) -> str:
    entries = [Entry(str(name), int(weight)) for name, weight in facts["entries"]]
    drawn = draw_winners(facts["seed"], entries, int(facts["places"]))
    if drawn != facts["winners"]:
        raise CommandError(f"Repeating the draw gives {drawn}, but {facts['winners']} was published.")
    return f"The draw is as published: {', '.join(drawn)}."


def _gifts(facts: dict[str, Any]) -> str:
    names = {str(key): str(name) for key, name, _chances in facts["outcomes"]}
    entries = [Entry(str(key), int(chances)) for key, _name, chances in facts["outcomes"]]
    for gift, published in facts["gifts"]:
        drawn = names[pick(facts["seed"], str(gift), entries)]
        if drawn != published:
            raise CommandError(f"Repeating the draw gives {drawn} for {gift}, but {published} was published.")
    return f"All {len(facts['gifts'])} gifts are as published."
