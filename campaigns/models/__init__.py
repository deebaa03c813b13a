from campaigns.models.ask import Ask
from campaigns.models.contact_policy import ContactPolicy
from campaigns.models.digest import DigestSubscription
from campaigns.models.heartbeat import Heartbeat
from campaigns.models.message import Message
from campaigns.models.plan import OutreachPlan, PlanStep
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
    "Ask",
    "ContactPolicy",
    "DigestSubscription",
    "Heartbeat",
    "Message",
    "MessageChannel",
    "MessageTemplate",
    "OutreachPlan",
    "PlanStep",
    "Purpose",
    "Suppression",
]
