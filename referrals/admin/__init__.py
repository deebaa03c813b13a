from referrals.admin import (
    api_key,
    attribution,
    consent,
    conversion,
    follow_up,
    history,
    hook,
    membership,
    profile,
    webhook,
)

__all__ = [
    "api_key",
    "attribution",
    "consent",
    "conversion",
    "follow_up",
    "history",
    "hook",
    "membership",
    "profile",
    "webhook",
]
