"""The mails of a batch differ in a few plain words. What is the same in them is composed once, with marks where
those words stand; each mail is that with words of its own in these places.

Only what no step of composing could change or judge is put in so: letters, digits and a little punctuation, or an
address of ours. Any other value, and one that the template does more with than print it or ask whether it is
there, is part of the mould: mails that differ in it have moulds of their own.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import uuid4

from django.conf import settings

from campaigns.models import Message, MessageTemplate
from campaigns.services.composing import LIQUID, link_targets
from campaigns.services.frame import SUBJECT_LENGTH, Rendered
from referrals.contacts import first_name_of

_PLAIN = re.compile(r"[\w.,!?€+-]{1,100}(?: [\w.,!?€+-]{1,100}){0,9}")
_PATH = re.compile(r"[A-Za-z0-9_/?=.-]*")
_SIMPLE = re.compile(r"\{\{\s*\w+\s*\}\}|\{%\s*(?:if|unless|elsif)\s+\w+\s*%\}")
_NAME = re.compile(r"[A-Za-z_]\w*")
# Nobody can guess it, it is as plain as what it stands for, and about as long.
# In letters of both cases, as a name: one in capitals only, or in none, is written otherwise.
_MARK = f"M{uuid4().hex[:12]}"
_MARKS = re.compile(f"{_MARK}(\\d+)m")
# The opt-out's token among the values; no template can name it.
_TOKEN = ""


class Mould(NamedTuple):
    """A mail in pieces: what is the same, the number of a value, what is the same, and so on."""

    subject: list[str]
    text: list[str]
    html: list[str]

    def fill(self, values: Sequence[str]) -> Rendered:
        return Rendered(*(_fill(pieces, values) for pieces in self))


class Moulds:
    """The moulds of one batch, made as they are needed; ``compose`` makes one mail from end to end."""

    def __init__(self, compose: Callable[[Message], Rendered]) -> None:
        self._compose = compose
        self._made: dict[Hashable, Mould | None] = {}

    def cast(self, message: Message, template: MessageTemplate) -> Rendered:
        """What ``compose`` makes of this message, letter for letter."""
        values = {"first_name": first_name_of(message.to_name), **message.context, _TOKEN: message.token}
        marks, given = _with_marks(values, *_handled(template.subject, template.body))
        fixed = tuple(repr(marks.get(name) or (value,)) for name, value in values.items())
        words = (template.subject, template.body, message.purpose, message.program_id, message.language,
                 message.contact_kind)  # fmt: skip
        key = (words, *values, *fixed)
        if key not in self._made:
            self._made[key] = self._make(message, marks)
        mould = self._made[key]
        cast = mould.fill(given) if mould else None
        # A long subject is cut, each somewhere else.
        return cast if cast and len(cast.subject) < SUBJECT_LENGTH else self._compose(message)

    def _make(self, message: Message, marks: Mapping[str, str]) -> Mould | None:
        marked = copy(message)
        marked.to_name = marks.get("first_name", message.to_name)
        marked.token = marks.get(_TOKEN, message.token)
        marked.context = {name: marks.get(name, value) for name, value in message.context.items()}
        composed = self._compose(marked)
        return Mould(*map(_MARKS.split, composed)) if len(composed.subject) < SUBJECT_LENGTH else None


def _with_marks(
    values: Mapping[str, Any], judged: frozenset[str], linked: frozenset[str]
) -> tuple[dict[str, str], list[str]]:
    """The marks of those values that may be put in afterwards, by name, and what goes there, in order."""
    home = f"{settings.BASE_URL}/"
    marks: dict[str, str] = {}
    given: list[str] = []
    for name, value in values.items():
        if name in judged or not isinstance(value, str):
            continue
        mark = f"{_MARK}{len(given)}m"
        if value.startswith(home) and _PATH.fullmatch(value, len(home)):
            marks[name] = home + mark
            given.append(value[len(home) :])
        elif name not in linked and _PLAIN.fullmatch(value):
            marks[name] = mark
            given.append(value)
    return marks, given


@lru_cache(maxsize=512)
def _handled(subject: str, body: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a template does more with than print them or ask for them; and those in its links."""
    judged = [piece for piece in LIQUID.findall(subject + body) if not _SIMPLE.fullmatch(piece)]
    return frozenset(_NAME.findall(" ".join(judged))), frozenset(_NAME.findall(" ".join(link_targets(body))))


def _fill(pieces: Sequence[str], values: Sequence[str]) -> str:
    return "".join([values[int(piece)] if n % 2 else piece for n, piece in enumerate(pieces)])
