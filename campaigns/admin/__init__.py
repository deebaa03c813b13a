from campaigns.admin import (
    advocate,
    digest,
    enrolment,
    message,
    program,
    referral,
    suppression,
    template,
    user,
)

__all__ = [
    "advocate",
    "digest",
    "enrolment",
    "message",
    "program",
    "referral",
    "suppression",
    "template",
    "user",
]
