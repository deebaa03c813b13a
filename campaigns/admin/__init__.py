from campaigns.admin import (
    advocate,
    claim,
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
    "claim",
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
