"""What Fernhollow Solar says of itself in other languages: all of it in Italian, the promise and the main rewards in
the rest."""

import json
from pathlib import Path

from campaigns.services.other_languages import rows_of
from referrals.models import Program

TRANSLATIONS = Path(__file__).parent / "translations"


def translate_company(program: Program) -> None:
    written = {file.stem: json.loads(file.read_text()) for file in sorted(TRANSLATIONS.glob("*.json"))}
    for row in rows_of(program):
        for language, words in written.items():
            for field in row.TRANSLATED:
                row.translate(field, language, words.get(getattr(row, field), ""))
        row.save(update_fields=["translations"])
