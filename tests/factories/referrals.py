from datetime import UTC, date, datetime

import factory
from django.contrib.auth.models import User
from factory.django import DjangoModelFactory

from referrals import models
from referrals.sealed import encipher

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


class MentionFactory(DjangoModelFactory):
    class Meta:
        model = models.Mention

    program = factory.SubFactory(ProgramFactory)
    told_by = "Anna"
    name = "Ben Weber"
    email = factory.Sequence(lambda n: f"ben-of-anna{n}@friend.example")
    agreement = "Acme may contact me."
    came_at = NOW


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


class EventFactory(DjangoModelFactory):
    class Meta:
        model = models.Event

    kind = models.Event.Kind.CONVERSION_RECORDED
    occurred_at = NOW
    recorded_at = NOW
    dedup_key = factory.Sequence(lambda n: f"test:{n}")


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


class SiteWidgetFactory(DjangoModelFactory):
    class Meta:
        model = models.SiteWidget

    program = factory.SubFactory(ProgramFactory)
    origins = "https://shop.example.com"
