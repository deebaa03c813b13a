"""The template bank: words we ship, as files, one row each."""

import re
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from campaigns.models import MessageTemplate

FOLDER = Path(__file__).resolve().parent.parent / "bank"
_WHAT = ("purpose", "contact_kind", "channel", "language", "variant")
_WORDS = ("subject", "body")
_TWO_FORMS = re.compile(r"\[\[(.*?)\|(.*?)\]\]", re.DOTALL)


@transaction.atomic
def load_bank() -> None:
    """Make the bank in the database equal to the files, deletions included. Programs' own words stay, and
    unchanged rows keep their keys."""
    wanted = {_identity(template): template for template in read_bank()}
    rows = {_identity(row): row for row in MessageTemplate.objects.filter(program=None)}
    MessageTemplate.objects.filter(pk__in=[rows[key].pk for key in rows.keys() - wanted.keys()]).delete()
    MessageTemplate.objects.bulk_create([wanted[key] for key in wanted.keys() - rows.keys()])
    changed = [rows[key] for key in wanted.keys() & rows.keys() if _words(rows[key]) != _words(wanted[key])]
    for row in changed:
        row.subject, row.body = _words(wanted[_identity(row)])
    MessageTemplate.objects.bulk_update(changed, _WORDS)


def read_bank() -> Iterable[MessageTemplate]:
    """What the files say: ``<language>/<purpose>[.<kind>].<channel>[-<variant>].md``, first line ``Subject: …``,
    and ``[[come stai|come sta]]`` where the informal and the formal wording differ."""
    for path in sorted(FOLDER.glob("*/*.md")):
        purpose, *kind, way = path.stem.split(".")
        channel, _dash, variant = way.partition("-")
        first, _newline, body = _spell_out_forms(path.read_text(encoding="utf-8")).partition("\n")
        yield MessageTemplate(
            purpose=purpose,
            contact_kind="".join(kind),
            channel=channel,
            language=path.parent.name,
            variant=variant,
            subject=first.removeprefix("Subject:").strip(),
            body=body.strip(),
        )


def _spell_out_forms(words: str) -> str:
    return _TWO_FORMS.sub(r"{% if formal %}\2{% else %}\1{% endif %}", words)


def _identity(template: MessageTemplate) -> tuple[str, ...]:
    return tuple(getattr(template, name) for name in _WHAT)


def _words(template: MessageTemplate) -> tuple[str, str]:
    return template.subject, template.body
