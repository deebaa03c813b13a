from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import serving


class Command(BaseCommand):
    help = "Serves web and worker together until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=urlsplit(settings.BASE_URL).port or 8000)
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for every network of this machine")
        parser.add_argument("--migrate", action="store_true", help="apply migrations first")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        serving.check_port(host, port)
        serving.check_services()
        if options["migrate"]:
            call_command("migrate", verbosity=0)
        elif missing := serving.unapplied_migrations():
            raise CommandError(
                f"The database is behind this version (migrations to apply: {missing}). "
                "Make a backup, then start with serve --migrate."
            )
        serving.let_links_follow(port)
        serving.prepare()
        self.stdout.write(f"Serving {settings.BASE_URL} from {host}:{port}. Ctrl-C stops.")
        serving.serve(host, port)
