from referrals.admin import (
    api_key,
    attribution,
    consent,
    conversion,
    finder,
    follow_up,
    history,
    hook,
    membership,
    profile,
    segment,
    webhook,
)

__all__ = [
    "api_key",
    "attribution",
    "consent",
    "conversion",
    "finder",
    "follow_up",
    "history",
    "hook",
    "membership",
    "profile",
    "segment",
    "webhook",
]
