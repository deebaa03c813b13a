"""Codes that people read aloud, and tokens that only a link carries."""

import base64
import secrets

# 31 characters that nobody mistakes for one another, read aloud or in print.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def share_code() -> str:
    """Eight characters, 39 bits: guessing one of a million codes takes half a million tries."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


def link_token() -> str:
    """192 random bits for a link that stands in for a sign-in."""
    return secrets.token_urlsafe(24)


def signing_secret() -> str:
    """192 random bits to sign webhooks with, as Standard Webhooks writes them: in base64, never in its form for
    links, of which a library reads some signs as nothing."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
