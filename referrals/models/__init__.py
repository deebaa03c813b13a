from referrals.models.absence import Absence
from referrals.models.advocate import Advocate, Enrolment
from referrals.models.api_call import ApiCall
from referrals.models.api_key import ApiKey
from referrals.models.attribution import Attribution, Touch
from referrals.models.caller import Caller
from referrals.models.channel import Channel
from referrals.models.claim import Claim
from referrals.models.click import Click
from referrals.models.consent import Consent
from referrals.models.conversion import Conversion
from referrals.models.event import Event
from referrals.models.finder import Candidate, Finder
from referrals.models.follow_up import FollowUp
from referrals.models.hook import HookDelivery, HookMapping, HookSource
from referrals.models.import_file import ImportFile, ImportMapping
from referrals.models.lead import Lead
from referrals.models.limit import Limit
from referrals.models.membership import Membership
from referrals.models.mention import Mention
from referrals.models.profile import IdealCustomerProfile, Question
from referrals.models.program import Program
from referrals.models.referral import Referral
from referrals.models.refund import Refund
from referrals.models.risk import RiskAssessment, RiskSignal
from referrals.models.segment import Pick, Segment
from referrals.models.site import SiteWidget
from referrals.models.submission import Submission
from referrals.models.summary import AdvocateSummary, Spending, StaleSummary
from referrals.models.tag import Tag, Tagging
from referrals.models.webhook import WebhookCall, WebhookEndpoint

__all__ = [
    "Absence",
    "Advocate",
    "AdvocateSummary",
    "ApiCall",
    "ApiKey",
    "Attribution",
    "Caller",
    "Candidate",
    "Channel",
    "Claim",
    "Click",
    "Consent",
    "Conversion",
    "Enrolment",
    "Event",
    "Finder",
    "FollowUp",
    "HookDelivery",
    "HookMapping",
    "HookSource",
    "IdealCustomerProfile",
    "ImportFile",
    "ImportMapping",
    "Lead",
    "Limit",
    "Membership",
    "Mention",
    "Pick",
    "Program",
    "Question",
    "Referral",
    "Refund",
    "RiskAssessment",
    "RiskSignal",
    "Segment",
    "SiteWidget",
    "Spending",
    "StaleSummary",
    "Submission",
    "Tag",
    "Tagging",
    "Touch",
    "WebhookCall",
    "WebhookEndpoint",
]
