from campaigns.models.alert_choice import AlertChoice
from campaigns.models.ask import Ask
from campaigns.models.by_hand import ByHand
from campaigns.models.call_task import CallTask
from campaigns.models.contact_policy import ContactPolicy
from campaigns.models.contact_preference import ContactPreference
from campaigns.models.digest import DigestSubscription
from campaigns.models.experiment import Experiment, ExperimentArm, ExperimentSubject
from campaigns.models.heartbeat import Heartbeat
from campaigns.models.held_back import HeldBack
from campaigns.models.message import Message
from campaigns.models.plan import OutreachPlan, PlanStep
from campaigns.models.regular_mail import RegularMail
from campaigns.models.review_place import ReviewPlace
from campaigns.models.shortage import ToldShortage
from campaigns.models.suppression import Suppression
from campaigns.models.survey import Survey, SurveyText
from campaigns.models.survey_response import SurveyResponse
from campaigns.models.template import (
    ASKED_FOR,
    ASKING,
    OWED,
    TO_FRIEND,
    TO_STAFF,
    TOPIC_OF,
    UNASKED,
    MessageChannel,
    MessageTemplate,
    Purpose,
    Topic,
)
from campaigns.models.testimonial import Testimonial, testimonials_on
from campaigns.models.voice import BrandVoice

__all__ = [
    "ASKED_FOR",
    "ASKING",
    "OWED",
    "TOPIC_OF",
    "TO_FRIEND",
    "TO_STAFF",
    "UNASKED",
    "AlertChoice",
    "Ask",
    "BrandVoice",
    "ByHand",
    "CallTask",
    "ContactPolicy",
    "ContactPreference",
    "DigestSubscription",
    "Experiment",
    "ExperimentArm",
    "ExperimentSubject",
    "Heartbeat",
    "HeldBack",
    "Message",
    "MessageChannel",
    "MessageTemplate",
    "OutreachPlan",
    "PlanStep",
    "Purpose",
    "RegularMail",
    "ReviewPlace",
    "Suppression",
    "Survey",
    "SurveyResponse",
    "SurveyText",
    "Testimonial",
    "ToldShortage",
    "Topic",
    "testimonials_on",
]
