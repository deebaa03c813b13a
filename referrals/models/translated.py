"""Words that customers read: in the program's language, and in those into which somebody translated them."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# By language and field, the words and what they are a translation of.
Translations = Mapping[str, Mapping[str, Mapping[str, str]]]


class Translated(models.Model):
    """A row with words for customers. ``row.told.name`` is its ``name`` for whoever reads the active language."""

    # The fields that customers read, in the order in which one translates them.
    TRANSLATED: ClassVar[tuple[str, ...]] = ()

    translations = models.JSONField(_("in other languages"), default=dict, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def told(self) -> "Told":
        return Told(self)

    def translate(self, field: str, language: str, words: str) -> None:
        """Keep these as what the field says now in this language; without words, nothing. Saves nothing."""
        theirs = self.translations.setdefault(language, {})
        theirs.pop(field, None)
        if words:
            theirs[field] = {"words": words, "of": getattr(self, field)}
        if not theirs:
            del self.translations[language]

    def outdated(self) -> list[str]:
        """The languages in which something is a translation of earlier words."""
        return [
            language
            for language, theirs in self.translations.items()
            if any(found["of"] != getattr(self, field) for field, found in theirs.items())
        ]


class Told:
    """The words of a row in the language that is active."""

    __slots__ = ("_row",)

    def __init__(self, row: Translated) -> None:
        self._row = row

    def __getattr__(self, name: str) -> str:
        if name not in self._row.TRANSLATED:
            raise AttributeError(f"{type(self._row).__name__} has no “{name}” that is translated")
        return in_language(self._row.translations, name, getattr(self._row, name))


def in_language(translations: Translations, field: str, original: str) -> str:
    """``original`` as it was translated into the active language; itself, where it was not.

    What was translated before the original was changed counts no longer: it may promise what nobody gives any more.
    """
    found: Any = translations.get((get_language() or "").partition("-")[0], {}).get(field)
    return found["words"] if found and found["of"] == original else original


def changes_between(old: Translations, new: Translations) -> Iterator[tuple[str, str, str, str]]:
    """Language, field, earlier words and new words of whatever was translated anew."""
    for language in sorted({*old, *new}):
        before, after = old.get(language, {}), new.get(language, {})
        for field in sorted({*before, *after}):
            words = before.get(field, {}).get("words", ""), after.get(field, {}).get("words", "")
            if words[0] != words[1]:
                yield language, field, *words


def lines_of(text: str) -> list[str]:
    """The lines of a text on which something stands."""
    return [line.strip() for line in text.splitlines() if line.strip()]
