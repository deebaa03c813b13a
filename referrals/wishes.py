"""Columns of a file that say who wants no mail, or no text messages: of either polarity, in our languages."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What a column may say: two ask “wanted?”, two ask “not wanted?”. Several columns may say the same.
WANTED, UNWANTED = {"wants_mail", "wants_texts"}, {"no_mail", "no_texts"}
WISHES = ("wants_mail", "no_mail", "wants_texts", "no_texts")
OF_MAIL = {"wants_mail", "no_mail"}
LONGEST_STAMP = 25

_YES = {
    "yes", "y", "true", "t", "1", "on", "x", "sì", "si", "vero", "sí", "verdadero", "oui", "o", "vrai", "ja",
    "j", "waar", "wahr", "да", "истина", "✓", "✔",
}  # fmt: skip
_NO = {
    "no", "n", "false", "f", "0", "off", "falso", "non", "faux", "nee", "onwaar", "nein", "falsch", "нет",
    "ложь", "-", "–", "never",
}  # fmt: skip
# Words for the state of an address; whoever has not confirmed it yet has agreed to nothing.
_IN = {
    "subscribed", "active", "confirmed", "opted in", "opt in", "marketing contact", "granted", "iscritto",
    "attivo", "suscrito", "activo", "abonné", "inscrit", "actif", "ingeschreven", "aangemeld", "actief",
    "angemeldet", "aktiv", "подписан", "активен", "активный",
}  # fmt: skip
_OUT = {
    "unsubscribed", "cleaned", "bounced", "hard bounced", "opted out", "opt out", "non marketing contact",
    "not subscribed", "never subscribed", "unconfirmed", "pending", "suppressed", "complained", "spam",
    "spam complaint", "blacklisted", "blocked", "invalid", "archived", "denied", "redacted", "disiscritto",
    "cancellato", "non iscritto", "dado de baja", "baja", "no suscrito", "désabonné", "désinscrit", "non abonné",
    "uitgeschreven", "afgemeld", "abgemeldet", "ausgetragen", "отписан", "отписался", "не подписан",
}  # fmt: skip
_DATE = re.compile(r"\d{1,4}[-/. ](?:\d{1,2}|[^\W\d_]{3,9}\.?)[-/. ,]+\d{1,4}(?:[ ,T]+.*)?")


def read_wish(target: str, cell: str) -> str:
    """What the cell holds against writing: empty if nothing, else when or that it was said.

    Raises ValidationError for a word that may mean either: nobody is written to by guessing.
    """
    plain = re.sub(r"[\s_-]+", " ", cell.casefold()).strip(" .") or cell.strip()
    if _DATE.fullmatch(cell):
        # A day on which they agreed, or on which they wanted nothing more; no day at all is full of zeros.
        return cell[:LONGEST_STAMP] if target in UNWANTED and cell.strip("0-:/. T") else ""
    if plain in _OUT:
        return "yes"
    if plain in _IN:
        return ""
    if plain in _YES | _NO:
        return "yes" if (plain in _YES) == (target in UNWANTED) else ""
    raise ValidationError(
        _("“%(cell)s” says neither yes nor no, nor a day. Write yes or no, or do not read this column."),
        params={"cell": cell[:40]},
    )
