from referrals.admin import (
    api_key,
    consent,
    conversion,
    finder,
    follow_up,
    history,
    membership,
    profile,
    segment,
)

__all__ = [
    "api_key",
    "consent",
    "conversion",
    "finder",
    "follow_up",
    "history",
    "membership",
    "profile",
    "segment",
]
