from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from referrals.models import Advocate
from referrals.services.summary import rebuild_summaries


class Command(BaseCommand):
    help = (
        "Adds up anew, from the event log, what every advocate did: purchases, satisfaction, friends named."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        # Without a terminal to draw on, tqdm draws nothing.
        off = None if options["verbosity"] else True
        with tqdm(total=Advocate.objects.count(), unit=" people", disable=off) as bar:
            count = rebuild_summaries(bar.update)
        self.stdout.write(f"Added up: {count:,}.")
