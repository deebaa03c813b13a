from campaigns.admin import (
    advocate,
    call_task,
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
    "call_task",
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
