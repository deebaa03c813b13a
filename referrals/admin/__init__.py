from referrals.admin import (
    absence,
    api_key,
    consent,
    conversion,
    history,
    membership,
    profile,
    webhook,
)

__all__ = [
    "absence",
    "api_key",
    "consent",
    "conversion",
    "history",
    "membership",
    "profile",
    "webhook",
]
