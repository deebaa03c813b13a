"""Ids for other systems: the row's number, enciphered, so that nobody learns from it how many there are.

Nothing is stored for them. They stay the same as long as HASH_KEY does.
"""

import hmac
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings


def public_id(kind: str, pk: int) -> str:
    """The id of row ``pk`` of this kind of thing (three letters), such as adv_0f8c…"""
    cipher = _cipher(settings.HASH_KEY).encryptor()
    return f"{kind}_{cipher.update(kind.encode().rjust(8, b'.') + pk.to_bytes(8)).hex()}"


def pk_of(kind: str, text: str) -> int | None:
    """The row that a public id of this kind names; None for what is no such id."""
    mark, _line, digits = text.partition("_")
    try:
        block = bytes.fromhex(digits)
    except ValueError:
        return None
    if mark != kind or len(block) != 16 or not digits.isalnum():
        return None
    plain = _cipher(settings.HASH_KEY).decryptor().update(block)
    # A made-up id fits once in 2**64 times, and then names a row that is not there.
    return int.from_bytes(plain[8:]) if plain[:8] == kind.encode().rjust(8, b".") else None


@lru_cache(maxsize=4)
def _cipher(key: str) -> "Cipher[modes.ECB]":
    secret = hmac.new(key.encode(), b"public ids", sha256).digest()
    # One block each, and no two alike: what makes this mode unsafe for longer texts does not arise.
    return Cipher(algorithms.AES(secret), modes.ECB())  # noqa: S305
