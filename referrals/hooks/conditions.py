"""When a call of some kind counts: shops tell of unpaid orders, failed refunds and mere tests by the same word."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from referrals.hooks.pointers import check_places, find, word_of

_LINE = re.compile(r"(?P<place>/.*?) is (?P<no>not )?(?P<words>\S.*)")


class Condition(NamedTuple):
    """What must stand at some place of a call, or must not."""

    place: str
    is_not: bool
    words: tuple[str, ...]

    def holds(self, payload: Any) -> bool:
        return (word_of(find(payload, self.place)) in self.words) != self.is_not


def read_conditions(text: str) -> Iterator[Condition]:
    """One a line: ``/payment_status is paid, free``, or ``/test is not true``. Raises ValidationError."""
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValidationError(
                _(
                    "Write each condition on a line of its own, such as /payment_status is paid, or /test is not true."
                )
            )
        check_places(match["place"])
        words = tuple(word.strip() for word in match["words"].split(","))
        yield Condition(match["place"], bool(match["no"]), words)


def check_conditions(text: str) -> None:
    """Raises ValidationError, with a sentence, unless each line is a condition."""
    list(read_conditions(text))


def unmet(text: str, payload: Any) -> str:
    """Why a call is passed over, in a sentence; nothing where each condition holds."""
    for one in read_conditions(text):
        if not one.holds(payload):
            facts = {"place": one.place, "word": word_of(find(payload, one.place))[:60]}
            return (
                _("Passed over: “%(word)s” stands at %(place)s.") % facts
                if facts["word"]
                else (_("Passed over: nothing stands at %(place)s.") % facts)
            )
    return ""
