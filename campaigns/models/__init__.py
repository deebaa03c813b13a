from campaigns.models.digest import DigestSubscription
from campaigns.models.heartbeat import Heartbeat
from campaigns.models.message import Message
from campaigns.models.suppression import Suppression
from campaigns.models.template import MessageChannel, MessageTemplate, Purpose

__all__ = [
    "DigestSubscription",
    "Heartbeat",
    "Message",
    "MessageChannel",
    "MessageTemplate",
    "Purpose",
    "Suppression",
]
