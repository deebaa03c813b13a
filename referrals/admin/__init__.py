from referrals.admin import (
    absence,
    api_key,
    attribution,
    consent,
    conversion,
    history,
    hook,
    membership,
    profile,
    webhook,
)

__all__ = [
    "absence",
    "api_key",
    "attribution",
    "consent",
    "conversion",
    "history",
    "hook",
    "membership",
    "profile",
    "webhook",
]
