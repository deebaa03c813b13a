"""Two names and addresses that may be one person's: looked up by a key, then compared letter by letter."""

import re

from anyascii import anyascii
from rapidfuzz import fuzz

from referrals.contacts import keyed_hash

NAMES_ALIKE, ADDRESSES_ALIKE = 90, 85
_NO_LETTERS = re.compile(r"[^a-z]+")


def likeness(name: str, email: str) -> str:
    """A keyed hash under which people meet whose names and addresses begin alike; empty without either.

    Spelling in any script, the order of names, dots, digits and tags in the address make no difference.
    """
    words, local = _words(name), _local(email)
    if not words or not local:
        return ""
    return keyed_hash(f"{' '.join(word[:3] for word in words)}|{local[:3]}")[:16]


def are_alike(name: str, email: str, other_name: str, other_email: str) -> bool:
    """Whether name and address are both so similar that this may be one person with two mailboxes."""
    names = fuzz.ratio(" ".join(_words(name)), " ".join(_words(other_name)))
    if names < NAMES_ALIKE:
        return False
    return fuzz.ratio(_local(email), _local(other_email)) >= ADDRESSES_ALIKE


def names_alike(name: str, other: str) -> bool:
    """Whether these are, as far as spelling can tell, the same name."""
    words, others = _words(name), _words(other)
    return bool(words and others) and fuzz.ratio(" ".join(words), " ".join(others)) >= NAMES_ALIKE


def _words(name: str) -> list[str]:
    return sorted(filter(None, _NO_LETTERS.sub(" ", anyascii(name).lower()).split()))


def _local(email: str) -> str:
    local = anyascii(email.lower()).rpartition("@")[0]
    return _NO_LETTERS.sub("", local.split("+", 1)[0])
