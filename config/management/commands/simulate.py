from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, connection
from django.utils import timezone
from tqdm import tqdm

from campaigns.models import Ask, Message, MessageTemplate
from campaigns.simulation.check import broken_rules
from campaigns.simulation.world import World
from config.schedules import SCHEDULES

SHOWN = 20
A_WEEK = 7


class Command(BaseCommand):
    help = "Invents months of a program, with the clock running fast, and checks that every rule was kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, default=1000)
        parser.add_argument("--days", type=int, default=90, help="that have passed by now")
        parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same story")
        parser.add_argument("--hours", type=int, default=4, help="between two ticks of the clock")

    def handle(self, *args: Any, **options: Any) -> None:
        if min(options["customers"], options["days"], options["hours"]) < 1:
            raise CommandError("Give numbers above zero.")
        if not MessageTemplate.objects.exists():
            raise CommandError("There are no words to write with yet. Run sync first.")
        start = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=options["days"])
        with _nothing_leaves():
            self._run(start, options)
        sent = Message.objects.filter(ask__isnull=False, sent_at__isnull=False).count()
        named = Ask.objects.filter(end_reason=Ask.End.REFERRED).count()
        self.stdout.write(f"{Ask.objects.count()} rounds, {sent} messages, {named} recommendations")
        if found := list(islice(broken_rules(), SHOWN)):
            raise CommandError("Rules were broken:\n" + "\n".join(found))
        self.stdout.write("Every rule was kept.")

    def _run(self, start: datetime, options: dict[str, Any]) -> None:
        try:
            world = World(options["customers"], options["seed"], now=start)
        except IntegrityError:
            raise CommandError("This story is in the database already. Choose another --seed.") from None
        for day in tqdm(range(options["days"]), desc="days", disable=None):
            if day % A_WEEK == 0:
                count_anew()
            for hour in range(0, 24, options["hours"]):
                run_clock(start + timedelta(days=day, hours=hour))
            world.live(start + timedelta(days=day + 1))


def count_anew() -> None:
    """Tell PostgreSQL how many rows there are. It would find out by itself within the hour, but weeks pass here
    in minutes; without it a query over rounds reads them all, two thousand times as long."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def run_clock(now: datetime) -> None:
    """What ``tick --now`` does."""
    for row in SCHEDULES:
        row.run(now=now)


@contextmanager
def _nothing_leaves() -> Iterator[None]:
    """Messages count as sent, and go nowhere."""
    kept = settings.EMAIL_BACKEND, settings.MAIL_LEAVES
    settings.EMAIL_BACKEND, settings.MAIL_LEAVES = "django.core.mail.backends.dummy.EmailBackend", True
    try:
        yield
    finally:
        settings.EMAIL_BACKEND, settings.MAIL_LEAVES = kept
