from campaigns.admin import (
    advocate,
    by_hand,
    contact_policy,
    digest,
    enrolment,
    held_back,
    message,
    program,
    referral,
    suppression,
    template,
    user,
)

__all__ = [
    "advocate",
    "by_hand",
    "contact_policy",
    "digest",
    "enrolment",
    "held_back",
    "message",
    "program",
    "referral",
    "suppression",
    "template",
    "user",
]
