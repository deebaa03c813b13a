from datetime import timedelta

import factory
from django.utils import timezone
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
    ReviewPlace,
    Survey,
    SurveyResponse,
    Testimonial,
)
from referrals.contacts import email_key
from tests.factories.referrals import (
    NOW,
    AdvocateFactory,
    EnrolmentFactory,
    ProgramFactory,
)


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


class BrandVoiceFactory(DjangoModelFactory):
    class Meta:
        model = BrandVoice

    program = factory.SubFactory(ProgramFactory)


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


class ReviewPlaceFactory(DjangoModelFactory):
    class Meta:
        model = ReviewPlace

    program = factory.SubFactory(ProgramFactory)
    name = "Google"
    url = "https://reviews.example/acme"


class SurveyFactory(DjangoModelFactory):
    class Meta:
        model = Survey

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"After the work ({n})")


class SurveyResponseFactory(DjangoModelFactory):
    """An invitation that waits for its answer."""

    class Meta:
        model = SurveyResponse

    enrolment = factory.SubFactory(EnrolmentFactory)
    survey = factory.SubFactory(SurveyFactory, program=factory.SelfAttribute("..enrolment.program"))
    source = SurveyResponse.Source.PLAN
    asked_at = NOW
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=90))


class TestimonialFactory(DjangoModelFactory):
    class Meta:
        model = Testimonial

    response = factory.SubFactory(SurveyResponseFactory, answered_at=NOW, score=9)
    program = factory.SelfAttribute("response.survey.program")
    original = words = "They call back."
    name = "Anna"
    language = "en"
    status_at = NOW
