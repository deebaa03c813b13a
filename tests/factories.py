"""One valid row each, with harmless defaults; whatever matters to a test stands in the test."""

from datetime import UTC, date, datetime, timedelta

import factory
from django.contrib.auth.models import User
from factory.django import DjangoModelFactory

from campaigns.models import (
    Ask,
    BrandVoice,
    CallTask,
    Experiment,
    ExperimentArm,
    Message,
    OutreachPlan,
    PlanStep,
    Purpose,
)
from referrals import models
from referrals.contacts import email_key
from referrals.sealed import encipher
from rewards.models import (
    Budget,
    Charity,
    Contest,
    CouponCode,
    Incentive,
    MysteryBox,
    MysteryOutcome,
    Prize,
    Reward,
    RewardRule,
    RewardScheme,
    TaxThreshold,
    Tier,
)

HOOK_SECRET = "whsec_dGVzdHMtb25seS10ZXN0cy1vbmx5"
# A Wednesday, ten in the morning.
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"staff{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@acme.example")
    is_staff = True


class ProgramFactory(DjangoModelFactory):
    class Meta:
        model = models.Program

    name = "Friends of Acme"
    slug = factory.Sequence(lambda n: f"acme{n}")
    status = models.Program.Status.LIVE
    company = "Acme"
    headline = "Recommend Acme"
    about = "Acme keeps small companies' books."
    sender_name = "Acme"
    postal_address = "1 Main Street, 00100 Rome"


class ProfileFactory(DjangoModelFactory):
    class Meta:
        model = models.IdealCustomerProfile

    program = factory.SubFactory(ProgramFactory)
    headline = "Small companies that hate paperwork"


class QuestionFactory(DjangoModelFactory):
    class Meta:
        model = models.Question

    profile = factory.SubFactory(ProfileFactory)
    text = "Do they have employees?"


class ChannelFactory(DjangoModelFactory):
    class Meta:
        model = models.Channel

    program = factory.SubFactory(ProgramFactory)
    slug = "email"
    name = "E-mail"


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = models.Membership

    user = factory.SubFactory(UserFactory)
    program = factory.SubFactory(ProgramFactory)
    role = models.Membership.Role.MANAGER


class ApiKeyFactory(DjangoModelFactory):
    """A key that may do everything in its program; ``text`` is what another system shows."""

    class Meta:
        model = models.ApiKey

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"our shop {n}")
    scopes = models.ApiKey.Scope.values
    created_at = NOW

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        key = model_class(*args, **kwargs)
        key.draw_secret()
        key.save()
        return key


class AdvocateFactory(DjangoModelFactory):
    class Meta:
        model = models.Advocate

    name = "Anna Rossi"
    email = factory.Sequence(lambda n: f"anna{n}@customer.example")
    language = "en"


class TagFactory(DjangoModelFactory):
    class Meta:
        model = models.Tag

    name = factory.Sequence(lambda n: f"tag {n}")


class EnrolmentFactory(DjangoModelFactory):
    class Meta:
        model = models.Enrolment

    advocate = factory.SubFactory(AdvocateFactory)
    program = factory.SubFactory(ProgramFactory)
    joined_at = NOW


class ReferralFactory(DjangoModelFactory):
    class Meta:
        model = models.Referral

    enrolment = factory.SubFactory(EnrolmentFactory)
    program = factory.SelfAttribute("enrolment.program")
    source = models.Referral.Source.FORM
    name = "Ben Weber"
    email = factory.Sequence(lambda n: f"ben{n}@friend.example")
    submitted_at = NOW
    status_at = NOW


class FollowUpFactory(DjangoModelFactory):
    class Meta:
        model = models.FollowUp

    referral = factory.SubFactory(ReferralFactory)
    due_at = NOW


class CallerFactory(DjangoModelFactory):
    class Meta:
        model = models.Caller

    program = factory.SubFactory(ProgramFactory)
    user = factory.SubFactory(UserFactory)


class AbsenceFactory(DjangoModelFactory):
    """Away for ever, from the day of NOW on."""

    class Meta:
        model = models.Absence

    user = factory.SubFactory(UserFactory)
    first_day = NOW.date()
    last_day = date(2099, 1, 1)


class IncentiveFactory(DjangoModelFactory):
    class Meta:
        model = Incentive

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"a €40 gift card ({n})")
    kind = Incentive.Kind.GIFT_CARD
    value = 4000


class RewardRuleFactory(DjangoModelFactory):
    class Meta:
        model = RewardRule

    program = factory.SubFactory(ProgramFactory)
    incentive = factory.SubFactory(IncentiveFactory, program=factory.SelfAttribute("..program"))
    side = RewardRule.Side.ADVOCATE
    hold_days = 0
    approval = RewardRule.Approval.ALWAYS


class EventFactory(DjangoModelFactory):
    class Meta:
        model = models.Event

    kind = models.Event.Kind.CONVERSION_RECORDED
    occurred_at = NOW
    recorded_at = NOW
    dedup_key = factory.Sequence(lambda n: f"test:{n}")


class RewardFactory(DjangoModelFactory):
    class Meta:
        model = Reward

    referral = factory.SubFactory(ReferralFactory)
    program = factory.SelfAttribute("referral.program")
    enrolment = factory.SelfAttribute("referral.enrolment")
    rule = factory.SubFactory(RewardRuleFactory, program=factory.SelfAttribute("..program"))
    side = factory.SelfAttribute("rule.side")
    incentive = factory.SelfAttribute("rule.incentive")
    cost = 4000
    event = factory.SubFactory(EventFactory)
    amount = 4000
    currency = "EUR"
    due_at = NOW
    status_at = NOW
    created_at = NOW


class MessageFactory(DjangoModelFactory):
    """A due mail to an advocate; what it says is in ``context``, by its purpose."""

    class Meta:
        model = Message

    key = factory.Sequence(lambda n: f"test:{n}")
    purpose = Purpose.SUCCESS_THANKS
    program = factory.SubFactory(ProgramFactory)
    to_name = "Anna Rossi"
    to_address = factory.Sequence(lambda n: f"reader{n}@mail.example")
    to_key = factory.LazyAttribute(lambda message: email_key(message.to_address))
    language = "en"
    context = factory.LazyFunction(
        lambda: {
            "friend_first_name": "Ben",
            "advocate_name": "Anna Rossi",
            "advocate_first_name": "Anna",
            "link": "http://localhost:8000/me/",
        }
    )
    due_at = NOW
    created_at = NOW


class CharityFactory(DjangoModelFactory):
    class Meta:
        model = Charity

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"Sea Rescue {n}")


class PrizeFactory(DjangoModelFactory):
    class Meta:
        model = Prize

    program = factory.SubFactory(ProgramFactory)
    incentive = factory.SubFactory(IncentiveFactory, program=factory.SelfAttribute("..program"))
    points = 100


class TierFactory(DjangoModelFactory):
    class Meta:
        model = Tier

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"Tier {n}")
    threshold = factory.Sequence(lambda n: n)


class ContestFactory(DjangoModelFactory):
    """A contest that began a week before NOW and runs for ever."""

    class Meta:
        model = Contest

    program = factory.SubFactory(ProgramFactory)
    name = "Spring contest"
    starts_at = NOW - timedelta(days=7)
    ends_at = datetime(2099, 1, 1, tzinfo=UTC)


class MysteryBoxFactory(DjangoModelFactory):
    class Meta:
        model = MysteryBox

    incentive = factory.SubFactory(IncentiveFactory, name="a mystery gift", kind=Incentive.Kind.MYSTERY)


class RewardSchemeFactory(DjangoModelFactory):
    class Meta:
        model = RewardScheme

    program = factory.SubFactory(ProgramFactory)


class BudgetFactory(DjangoModelFactory):
    class Meta:
        model = Budget

    program = factory.SubFactory(ProgramFactory)
    starts_on = date(2026, 1, 1)
    ends_on = date(2026, 12, 31)
    amount = 100000


class CouponCodeFactory(DjangoModelFactory):
    class Meta:
        model = CouponCode

    incentive = factory.SubFactory(IncentiveFactory, fulfilment=Incentive.Fulfilment.CODE)
    code = factory.Sequence(lambda n: f"SECRET-{n}")


class MysteryOutcomeFactory(DjangoModelFactory):
    class Meta:
        model = MysteryOutcome

    box = factory.SubFactory(MysteryBoxFactory)
    incentive = factory.SubFactory(IncentiveFactory, program=factory.SelfAttribute("..box.incentive.program"))


class TaxThresholdFactory(DjangoModelFactory):
    class Meta:
        model = TaxThreshold

    country = "US"
    year = factory.Sequence(lambda n: 2026 + n)
    amount = 60000
    currency = "USD"


class CallTaskFactory(DjangoModelFactory):
    class Meta:
        model = CallTask

    program = factory.SubFactory(ProgramFactory)
    advocate = factory.SubFactory(AdvocateFactory)
    origin = CallTask.Origin.FINDER
    due_at = NOW
    created_at = NOW


class OutreachPlanFactory(DjangoModelFactory):
    """A live plan that asks 14 days after a deal is won, in one mail."""

    class Meta:
        model = OutreachPlan
        skip_postgeneration_save = True

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"After a deal ({n})")
    status = OutreachPlan.Status.LIVE
    status_at = NOW
    first = factory.RelatedFactory("tests.factories.PlanStepFactory", factory_related_name="plan")


class PlanStepFactory(DjangoModelFactory):
    class Meta:
        model = PlanStep

    plan = factory.SubFactory(OutreachPlanFactory, first=None)
    position = 1


class AskFactory(DjangoModelFactory):
    class Meta:
        model = Ask

    plan = factory.SubFactory(OutreachPlanFactory)
    advocate = factory.SubFactory(AdvocateFactory)
    since = NOW
    due_at = NOW


class WebhookEndpointFactory(DjangoModelFactory):
    class Meta:
        model = models.WebhookEndpoint

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"CRM {n}")
    url = "https://crm.example.com/hook"
    collected_until = NOW


class HookSourceFactory(DjangoModelFactory):
    class Meta:
        model = models.HookSource

    program = factory.SubFactory(ProgramFactory)
    name = "Our shop"
    slug = factory.Sequence(lambda n: f"shop{n}")
    secret_sealed = factory.LazyFunction(lambda: encipher(HOOK_SECRET))


class BrandVoiceFactory(DjangoModelFactory):
    class Meta:
        model = BrandVoice

    program = factory.SubFactory(ProgramFactory)


class SiteWidgetFactory(DjangoModelFactory):
    class Meta:
        model = models.SiteWidget

    program = factory.SubFactory(ProgramFactory)
    origins = "https://shop.example.com"


class ExperimentFactory(DjangoModelFactory):
    class Meta:
        model = Experiment
        skip_postgeneration_save = True

    plan = factory.SubFactory(OutreachPlanFactory)
    name = "Does a shorter mail bring more?"
    status = Experiment.Status.RUNNING
    started_at = NOW

    @factory.post_generation
    def arms(self, create, extracted, **kwargs):
        for arm in extracted or ({"name": "A"}, {"name": "B"}):
            ExperimentArm.objects.create(experiment=self, **arm)
