"""Secrets of other systems, enciphered: the database alone opens nothing."""

import base64
import hmac
from functools import lru_cache
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def encipher(secret: str) -> str:
    """The secret as it is stored; empty stays empty."""
    return _cipher(settings.HASH_KEY).encrypt(secret.encode()).decode() if secret else ""


def decipher(stored: str) -> str:
    """The secret again; empty if it was stored under another HASH_KEY, so that it fits nothing."""
    try:
        return _cipher(settings.HASH_KEY).decrypt(stored.encode()).decode() if stored else ""
    except InvalidToken:
        return ""


@lru_cache(maxsize=4)
def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.new(key.encode(), b"secrets", sha256).digest()))
