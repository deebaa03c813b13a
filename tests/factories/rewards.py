from datetime import UTC, date, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

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
from tests.factories.referrals import (
    NOW,
    EventFactory,
    ProgramFactory,
    ReferralFactory,
)


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
