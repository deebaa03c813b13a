from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.catalogues import find_strings, is_translated, update_catalogue


class Command(BaseCommand):
    help = "Brings locale/ up to date with the code: takes in new strings, drops those that are gone."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(find_strings(settings.BASE_DIR))
        for language, name in settings.LANGUAGES:
            if language == settings.LANGUAGE_CODE:
                continue
            path = settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po"
            catalogue = update_catalogue(path, found)
            missing = sum(not is_translated(message) for message in catalogue if message.id)
            self.stdout.write(f"{name}: {len(catalogue):,} strings, {missing:,} without a translation.")
