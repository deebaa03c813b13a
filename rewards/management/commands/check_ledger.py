from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rewards.services.audit import ledger_differences


class Command(BaseCommand):
    help = "Recomputes every balance from the ledger's entries and prints what does not add up."

    def handle(self, *args: Any, **options: Any) -> None:
        differences = ledger_differences()
        for difference in differences:
            self.stderr.write(difference)
        if differences:
            raise CommandError(f"{len(differences)} differences. Book counter-entries; see the lines above.")
        self.stdout.write("The ledger adds up.")
