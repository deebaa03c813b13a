from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from campaigns.services.bank import load_bank
from config.schedules import sync_schedules
from referrals.roles import sync_roles


class Command(BaseCommand):
    help = "Makes what the code defines equal in the database: schedules, template bank, roles, cache table."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("createcachetable", verbosity=0)
        sync_schedules(now=timezone.now())
        sync_roles()
        load_bank()
        if options["verbosity"]:
            self.stdout.write("Schedules, template bank, roles and cache are as the code says.")
