from campaigns.models.contact_policy import ContactPolicy
from campaigns.models.digest import DigestSubscription
from campaigns.models.heartbeat import Heartbeat
from campaigns.models.message import Message
from campaigns.models.suppression import Suppression
from campaigns.models.template import (
    ASKED_FOR,
    TO_FRIEND,
    TO_STAFF,
    UNASKED,
    MessageChannel,
    MessageTemplate,
    Purpose,
)

__all__ = [
    "ASKED_FOR",
    "TO_FRIEND",
    "TO_STAFF",
    "UNASKED",
    "ContactPolicy",
    "DigestSubscription",
    "Heartbeat",
    "Message",
    "MessageChannel",
    "MessageTemplate",
    "Purpose",
    "Suppression",
]
