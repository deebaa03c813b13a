from campaigns.admin import (
    advocate,
<<<<<<< HEAD
    alert_choice,
=======
    ask,
>>>>>>> main
    claim,
    contact_policy,
    digest,
    enrolment,
    follow_up,
    message,
    plan,
    program,
    referral,
    suppression,
    template,
    user,
    voice,
)

__all__ = [
    "advocate",
<<<<<<< HEAD
    "alert_choice",
=======
    "ask",
>>>>>>> main
    "claim",
    "contact_policy",
    "digest",
    "enrolment",
    "follow_up",
    "message",
    "plan",
    "program",
    "referral",
    "suppression",
    "template",
    "user",
    "voice",
]
