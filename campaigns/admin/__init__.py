from campaigns.admin import (
    advocate,
    contact_policy,
    digest,
    enrolment,
    message,
    program,
    referral,
    suppression,
    template,
    user,
    voice,
)

__all__ = [
    "advocate",
    "contact_policy",
    "digest",
    "enrolment",
    "message",
    "program",
    "referral",
    "suppression",
    "template",
    "user",
    "voice",
]
