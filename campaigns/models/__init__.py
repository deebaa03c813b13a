from campaigns.models.call_task import CallTask
from campaigns.models.digest import DigestSubscription
from campaigns.models.heartbeat import Heartbeat
from campaigns.models.message import Message
from campaigns.models.suppression import Suppression
from campaigns.models.template import (
    ASKED_FOR,
    TO_FRIEND,
    TO_STAFF,
    MessageChannel,
    MessageTemplate,
    Purpose,
)

__all__ = [
    "ASKED_FOR",
    "TO_FRIEND",
    "TO_STAFF",
    "CallTask",
    "DigestSubscription",
    "Heartbeat",
    "Message",
    "MessageChannel",
    "MessageTemplate",
    "Purpose",
    "Suppression",
]
