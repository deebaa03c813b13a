"""Draws that anyone can re-check: commit to a seed, publish its hash, reveal it afterwards.

Before a draw only ``commitment(seed)`` is public, so nobody can choose the seed to fit the entries;
afterwards seed and entries are public, so anybody can repeat the arithmetic with nothing but SHA-256.
"""

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple


class Entry(NamedTuple):
    """One line of the entry list: a public name for the participant, and how many chances it has."""

    name: str
    weight: int


def new_seed() -> str:
    """256 random bits, as 64 hexadecimal digits."""
    return secrets.token_hex(32)


def commitment(seed: str) -> str:
    """The SHA-256 of the seed's text, which may be published before the draw."""
    return sha256(seed.encode()).hexdigest()


def fraction(seed: str, label: str) -> int:
    """A number below 2**256 that depends on seed and label alone: HMAC-SHA-256 with the seed as key."""
    return int.from_bytes(hmac.new(seed.encode(), label.encode(), sha256).digest(), "big")


def pick(seed: str, label: str, entries: Sequence[Entry]) -> str:
    """The name that the seed picks, each with a probability proportional to its weight.

    Raises ValueError when there is nothing to pick from. With a total weight below 2**32 the bias
    of the remainder is under 2**-224.
    """
    total = sum(entry.weight for entry in entries)
    if total <= 0:
        raise ValueError("There are no entries to draw from.")
    ticket = fraction(seed, label) % total
    for entry in entries:
        ticket -= entry.weight
        if ticket < 0:
            return entry.name
    raise AssertionError("unreachable: the ticket is below the total weight")


def draw_winners(seed: str, entries: Sequence[Entry], winners: int) -> list[str]:
    """Up to ``winners`` different names, first prize first. Entries of one name are added together,
    and names are put in order first, so that the order of the list does not matter."""
    weights: dict[str, int] = {}
    for entry in entries:
        weights[entry.name] = weights.get(entry.name, 0) + entry.weight
    left = [Entry(name, weights[name]) for name in sorted(weights) if weights[name] > 0]
    won = []
    for number in range(1, min(winners, len(left)) + 1):
        name = pick(seed, f"prize {number}", left)
        won.append(name)
        left = [entry for entry in left if entry.name != name]
    return won
