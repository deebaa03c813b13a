"""What an ask lacks: an ask has a thank-you, is personal, and is about the reader's friend, not about us."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from liquid.exceptions import LiquidError

from campaigns.models import MessageChannel, Purpose
from campaigns.services.composing import compose_line, compose_text
from campaigns.services.placeholders import PLACEHOLDERS, samples

FOLDER = Path(__file__).resolve().parent.parent / "framing"
ASKS = frozenset({Purpose.ASK, Purpose.ASK_FOLLOW_UP, Purpose.ASK_LAST, Purpose.ADVOCATE_INVITE})
THANKS = ASKS | {
    Purpose.REFERRAL_THANKS,
    Purpose.SUCCESS_THANKS,
    Purpose.PERSONAL_THANKS,
    Purpose.ANNIVERSARY,
    Purpose.SURVEY_INVITE,
    Purpose.REVIEW_REQUEST,
}
WORDS_A_MINUTE = 200
SECONDS = 60
_FIRST_NAME = re.compile(r"\{[{%][^}]*\bfirst_name\b")
_ADDRESS = re.compile(r"https?://")


class Phrases(NamedTuple):
    """What to look for in one language; see the file's first line."""

    thanks: list[str]
    about_us: list[str]
    forbidden: list[str]
    ask_instead: str


def framing_hints(
    purpose: str,
    language: str,
    body: str,
    *,
    subject: str = "",
    channel: str = MessageChannel.EMAIL,
    reader: str | None = None,
) -> list[str]:
    """What these words lack, in sentences; nothing for words that cannot be read at all. ``reader`` is the first name
    of the only one who will read them, of words in plain text to one person."""
    if purpose not in PLACEHOLDERS or language not in dict(settings.LANGUAGES):
        return []
    values = samples(purpose)
    try:
        text, line = compose_text(body, values), compose_line(subject, values)
    except LiquidError:
        return []
    phrases = _phrases(language)
    hints = [*_of_any(f"{line}\n{text}", phrases)]
    if purpose in THANKS and not _first_of(phrases.thanks, text):
        hints.insert(0, _("Say thank you: whoever is thanked likes to help again."))
    if purpose in ASKS:
        is_personal = bool(_FIRST_NAME.search(body)) or (reader is not None and reader in text)
        hints += _of_ask(f"{line}\n{text}", phrases, is_personal=is_personal, is_plain=reader is not None)
    if channel == MessageChannel.EMAIL and purpose in THANKS:
        hints += _of_length(text)
    return hints


def _of_any(words: str, phrases: Phrases) -> Iterable[str]:
    if found := _first_of(phrases.forbidden, words):
        yield _("“%(phrase)s” sounds like a machine. Say it as you would across a table.") % {"phrase": found}
    if (count := words.count("!")) > 1:
        yield _("There are %(count)d exclamation marks. One is enough.") % {"count": count}


def _of_ask(words: str, phrases: Phrases, *, is_personal: bool, is_plain: bool) -> Iterable[str]:
    if not is_personal:
        yield _("Write to the person: begin with {{ first_name }}.")
    if found := _first_of(phrases.about_us, words):
        yield _("“%(phrase)s” is about us. Ask about them: “%(instead)s”") % {
            "phrase": found, "instead": phrases.ask_instead,
        }  # fmt: skip
    if "?" not in words:
        yield _("There is no question. Ask one: “%(instead)s”") % {"instead": phrases.ask_instead}
    links = len(_ADDRESS.findall(words))
    if links == 0:
        yield (
            _("There is nothing to do. Give one way to answer: {{ link }}")
            if is_plain
            else _("There is nothing to do. Give one way to answer: [Tell us a name]({{ link }}).")
        )
    elif links > 1:
        yield _("There are %(count)d links. Keep the one that matters.") % {"count": links}


def _of_length(text: str) -> Iterable[str]:
    seconds = 60 * len(text.split()) // WORDS_A_MINUTE
    if seconds > SECONDS:
        yield ngettext(
            "It takes %(count)d second to read. Most people give it one minute: leave something out.",
            "It takes %(count)d seconds to read. Most people give it one minute: leave something out.",
            seconds,
        ) % {"count": seconds}


def _first_of(phrases: list[str], words: str) -> str:
    """The first of the phrases that stands in the words, as it stands there; an apostrophe may be curly."""
    words = words.replace("’", "'")
    for phrase in phrases:
        stem, end = (phrase[:-1], r"\w*") if phrase.endswith("*") else (phrase, "")
        if found := re.search(rf"\b{re.escape(stem)}{end}\b", words, re.IGNORECASE):
            return found.group()
    return ""


@cache
def _phrases(language: str) -> Phrases:
    return Phrases(**tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8")))
