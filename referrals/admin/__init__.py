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
    webhook,
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
    "webhook",
]
