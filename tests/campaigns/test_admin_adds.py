"""Whatever staff can begin in the back office, taken from the registry: its page opens, and a valid form is kept."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from referrals.models import Program
from tests.cast import fresh_client_of, member_of, superuser
from tests.factories import (
    EnrolmentFactory,
    HookSourceFactory,
    IncentiveFactory,
    MembershipFactory,
    OutreachPlanFactory,
    ProgramFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
OURS = {"referrals", "rewards", "campaigns", "auth"}
DAYS = {"first_day": "2026-03-05", "last_day": "2026-03-06"}
PASSWORD = {"password1": "correct horse battery", "password2": "correct horse battery"}


# What has to be typed on top of what the page brings along; "program" is the one there is.
TYPED = {
    "auth.User": lambda _: {"username": "ines", "email": "ines@acme.example", **PASSWORD},
    "campaigns.AlertChoice": lambda _: {"user": UserFactory().pk},
    "campaigns.BrandVoice": lambda program: {"program": program.pk},
    "campaigns.DigestSubscription": lambda program: {"program": program.pk, "user": UserFactory().pk},
    "campaigns.Experiment": lambda program: {
        "name": "Shorter?", "plan": OutreachPlanFactory(program=program).pk,
        "arms-0-name": "Usual", "arms-1-name": "Short", "arms-1-variant": "short",
    },
    "campaigns.MessageTemplate": lambda program: {
        "program": program.pk, "purpose": "ask", "subject": "Whom?", "body": "Whom do you know? {{ link }}",
    },
    "campaigns.OutreachPlan": lambda program: {"program": program.pk, "name": "From scratch"},
    "campaigns.RegularMail": lambda program: {"program": program.pk},
    "campaigns.ReviewPlace": lambda program: {
        "program": program.pk, "name": "Elsewhere", "url": "https://reviews.example/acme",
    },
    "campaigns.Suppression": lambda _: {"address": "no@more.example"},
    "campaigns.Survey": lambda program: {"program": program.pk, "name": "How was it?"},
    "referrals.Absence": lambda _: {"user": UserFactory().pk, **DAYS},
    "referrals.Advocate": lambda _: {"name": "Anna Rossi"},
    "referrals.ApiKey": lambda program: {"program": program.pk, "name": "Shop", "scopes": ["conversions:write"]},
    "referrals.Finder": lambda program: {"program": program.pk},
    "referrals.HookMapping": lambda program: {
        "source": HookSourceFactory(program=program).pk, "says": "order.seen", "means": "deal.won",
    },
    "referrals.HookSource": lambda program: {
        "program": program.pk, "preset": "shopify", "name": "Shop", "slug": "shop",
    },
    "referrals.IdealCustomerProfile": lambda program: {"program": program.pk, "headline": "Small companies"},
    "referrals.Membership": lambda program: {
        "program": program.pk, "user": UserFactory().pk, "role": "manager",
    },
    "referrals.Program": lambda _: {
        "name": "Friends", "slug": "friends", "company": "Acme", "headline": "Tell", "about": "Books.",
    },
    "referrals.Referral": lambda program: {
        "enrolment": EnrolmentFactory(program=program).pk, "name": "Ben Weber", "email": "b@friend.example",
        "agreement": "Anna asked Ben on the phone.",
    },
    "referrals.Segment": lambda program: {
        "name": "Buyers", "program": program.pk, "match": "all", "row": ["purchases"], "_do": "save",
        "row-0-is": "at_most", "row-0-value": "3",
    },
    "referrals.SiteWidget": lambda program: {"program": program.pk, "origins": "https://acme.example"},
    "referrals.Tag": lambda _: {"name": "vip"},
    "referrals.WebhookEndpoint": lambda program: {
        "program": program.pk, "name": "CRM", "url": "https://crm.acme.example/in",
    },
    "rewards.Budget": lambda program: {
        "program": program.pk, "starts_on": "2026-03-01", "ends_on": "2026-03-31", "amount": "100",
    },
    "rewards.Charity": lambda program: {"program": program.pk, "name": "Sea Rescue"},
    "rewards.Contest": lambda program: {
        "program": program.pk, "name": "Spring", "starts_at_0": "2026-03-01", "starts_at_1": "00:00",
        "ends_at_0": "2030-03-31", "ends_at_1": "00:00",
    },
    "rewards.Incentive": lambda program: {"program": program.pk, "name": "Card", "kind": "gift_card"},
    "rewards.Prize": lambda program: {
        "program": program.pk, "incentive": IncentiveFactory(program=program).pk, "points": "5",
    },
    "rewards.RewardRule": lambda program: {
        "program": program.pk, "side": "advocate", "incentive": IncentiveFactory(program=program).pk,
    },
    "rewards.RewardScheme": lambda program: {"program": program.pk},
    "rewards.TaxThreshold": lambda _: {"country": "DE", "year": "2026", "currency": "EUR", "amount": "256"},
    "rewards.Tier": lambda program: {"program": program.pk, "name": "Gold", "threshold": "1"},
}  # fmt: skip


def can_be_added():
    request = RequestFactory().get("/admin/")
    request.user = UserFactory.build(is_superuser=True)
    rows = [(model, page) for model, page in admin.site._registry.items() if model._meta.app_label in OURS]
    return [model for model, page in rows if page.has_add_permission(request)]


@pytest.mark.parametrize("model", can_be_added(), ids=lambda model: model._meta.label)
def test_a_page_for_something_new_opens_and_keeps_a_valid_form(model):
    program, client = ProgramFactory(), fresh_client_of(superuser())
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    typed = TYPED[model._meta.label](program)
    before = model._default_manager.count()

    page = client.get(url)
    answer = client.post(url, brought_along(page) | typed)
    # A key's answer is a page: it is shown once, at once.
    assert (page.status_code, answer.status_code) in {(200, 302), (200, 200)}
    assert model._default_manager.count() == before + 1


def brought_along(page):
    """What the form sends when nobody types anything."""
    if "adminform" not in page.context:
        return {}
    inlines = page.context["inline_admin_formsets"]
    forms = [page.context["adminform"].form]
    forms += [form for i in inlines for form in (i.formset.management_form, *i.formset.forms)]
    fields = {field.html_name: field.value() for form in forms for field in form}
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def test_a_plan_without_a_program_is_refused_at_the_field():
    page = fresh_client_of(superuser()).post("/admin/campaigns/outreachplan/add/", {"name": "P"})

    assert page.context["adminform"].form.errors["program"] == ["This field is required."]
    assert Program.objects.count() == 0


def test_whoever_has_one_program_need_not_say_which():
    program = ProgramFactory()
    boss, url = member_of(program), reverse("admin:campaigns_survey_add")

    def chosen():
        form = fresh_client_of(boss).get(url).context["adminform"].form
        return form.get_initial_for_field(form.fields["program"], "program")

    assert chosen() == program.pk
    MembershipFactory(user=boss, program=ProgramFactory(), role="manager")
    assert chosen() is None
