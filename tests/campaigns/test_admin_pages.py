"""Every page of the back office, taken from the registry: it opens, and costs the same with more rows."""

from typing import NamedTuple

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import (
    AlertChoice,
    DigestSubscription,
    Message,
    MessageTemplate,
    RegularMail,
    Suppression,
)
from referrals.models import (
    Attribution,
    Claim,
    Consent,
    Conversion,
    Finder,
    HookDelivery,
    HookMapping,
    Lead,
    Segment,
    WebhookCall,
)
from rewards.models import FulfilmentCall, Reward
from tests.cast import client_of, fresh_client_of, superuser
from tests.factories import (
    NOW,
    AbsenceFactory,
    ApiKeyFactory,
    AskFactory,
    BrandVoiceFactory,
    BudgetFactory,
    CallTaskFactory,
    ChannelFactory,
    CharityFactory,
    ContestFactory,
    CouponCodeFactory,
    EnrolmentFactory,
    ExperimentFactory,
    FollowUpFactory,
    HookSourceFactory,
    IncentiveFactory,
    MembershipFactory,
    MentionFactory,
    MessageFactory,
    MysteryBoxFactory,
    MysteryOutcomeFactory,
    OutreachPlanFactory,
    PrizeFactory,
    ProfileFactory,
    QuestionFactory,
    ReferralFactory,
    ReviewPlaceFactory,
    RewardFactory,
    RewardRuleFactory,
    RewardSchemeFactory,
    SiteWidgetFactory,
    SurveyFactory,
    SurveyResponseFactory,
    TagFactory,
    TaxThresholdFactory,
    TestimonialFactory,
    TierFactory,
    UserFactory,
    WebhookEndpointFactory,
)

pytestmark = pytest.mark.django_db
MODELS = sorted(
    (
        model
        for model in admin.site._registry
        if model._meta.app_label in {"referrals", "rewards", "campaigns", "auth"}
    ),
    key=lambda model: model._meta.label,
)
LIST_QUERIES = 12
ROW_QUERIES = 30
SET_UP = (RewardSchemeFactory, BudgetFactory, TierFactory, PrizeFactory, CharityFactory, ContestFactory)


BOUGHT = {"field": "purchases", "is": "at_least", "value": 1}


def fill(start, count):
    """Rows of every kind, each with people of its own."""
    for n in range(start, start + count):
        referral = ReferralFactory(fit=50)
        program = referral.program
        QuestionFactory(profile=ProfileFactory(program=program))
        ChannelFactory(program=program)
        AbsenceFactory()
        ApiKeyFactory(program=program)
        MembershipFactory(program=program)
        FollowUpFactory(referral=referral, owner=UserFactory())
        incentive = IncentiveFactory(program=program)
        reward = RewardFactory(
            referral=referral, rule=RewardRuleFactory(program=program, incentive=incentive)
        )
        Reward.objects.filter(pk=reward.pk).advance("approved", now=NOW)
        FulfilmentCall.objects.create(reward=reward, due_at=NOW, created_at=NOW)
        for factory in SET_UP:
            factory(program=program)
        CouponCodeFactory(incentive=incentive)
        MysteryOutcomeFactory(
            box=MysteryBoxFactory(incentive=IncentiveFactory(program=program, kind="mystery"))
        )
        TaxThresholdFactory(year=2020 + n)
        Conversion.objects.create(
            program=program, referral=referral, external_id=f"A{n}", amount=100, currency="EUR",
            occurred_at=NOW, recorded_at=NOW,
        )  # fmt: skip
        Attribution.objects.create(
            program=program, external_id=f"A{n}", amount=100, currency="EUR", occurred_at=NOW, received_at=NOW,
            enrolment=referral.enrolment, standing="decided", rule="only",
            touches=[
                {"way": "code", "enrolment": referral.enrolment_id, "at": NOW.isoformat(), "verdict": "counts"}
            ],
        )  # fmt: skip
        Claim.objects.create(
            enrolment=referral.enrolment, program=program, name="Ben Weber", happened_on=NOW.date(), words="Yes.",
            made_at=NOW, status_at=NOW,
        )  # fmt: skip
        Consent.objects.create(referral=referral, who="advocate", words="Yes.", given_at=NOW)
        Message.objects.create(
            key=f"m{n}", purpose="invitation", program=program, referral=referral, language="en",
            to_name="Ben", to_address="ben@friend.example", due_at=NOW, created_at=NOW, subject="Hello", text="Hello",
        )  # fmt: skip
        MessageFactory(program=program, held_for="quiet", held_at=NOW)
        MessageFactory(program=program, status="by_hand", user=UserFactory())
        MessageTemplate.objects.create(
            program=program, purpose="invitation", subject="Hi", body="Hello {{ first_name }}"
        )
        Suppression.objects.create(key=f"k{n}", program=program, reason="by_hand", created_at=NOW)
        AskFactory(plan=OutreachPlanFactory(program=program), advocate=referral.enrolment.advocate)
        DigestSubscription.objects.create(user=UserFactory())
        AlertChoice.objects.create(user=UserFactory())
        Segment.objects.create(name=f"Buyers {n}", program=program, conditions=[BOUGHT])
        Finder.objects.create(program=program)
        CallTaskFactory(program=program, advocate=referral.enrolment.advocate)
        BrandVoiceFactory(program=program)
        write_and_ask(referral)
        connect(program, n)
        ExperimentFactory(plan=OutreachPlanFactory(program=program))


def write_and_ask(referral):
    """What a program writes and asks by itself, and what people say."""
    RegularMail.objects.create(program=referral.program)
    ReviewPlaceFactory(program=referral.program)
    asked = SurveyFactory(program=referral.program)
    answer = SurveyResponseFactory(survey=asked, enrolment=referral.enrolment, answered_at=NOW, score=9)
    TestimonialFactory(response=answer)


def connect(program, n):
    """The systems around a program, and what passed between; and a word that one of them put on people."""
    TagFactory()
    source = HookSourceFactory(program=program)
    HookMapping.objects.create(source=source, says="paid", means="order.paid")
    HookDelivery.objects.create(source=source, key=f"k{n}", verdict="taken", body="{}", received_at=NOW)
    endpoint = WebhookEndpointFactory(program=program)
    WebhookCall.objects.create(endpoint=endpoint, due_at=NOW, created_at=NOW)
    Lead.objects.create(program=program, external_id=f"L{n}", owner=UserFactory(), submitted_at=NOW)
    SiteWidgetFactory(program=program)
    MentionFactory(program=program)


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def ids(model):
    return model._meta.label


class Opened(NamedTuple):
    """What a page answered, and how many queries it asked."""

    status: int
    queries: int
    html: str


class World(NamedTuple):
    """What a superuser saw beside few rows and beside more: each list, and the page of its first row."""

    client: Client
    lists: list[dict[str, Opened]]
    rows: list[dict[str, Opened]]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Filled once for all lists: every kind of row, then as many again of each."""
    with django_db_blocker.unblock(), transaction.atomic():
        client = fresh_client_of(superuser(), ahead=3600)
        fill(0, 2)
        request = client.get("/admin/").wsgi_request
        lists = {ids(model): url(model, "changelist") for model in MODELS}
        rows = {
            ids(model): url(model, "change", admin.site._registry[model].get_queryset(request).first().pk)
            for model in MODELS
        }
        few = visit(client, lists), visit(client, rows)
        fill(2, 2)
        more = visit(client, lists), visit(client, rows)
        yield World(client, [few[0], more[0]], [few[1], more[1]])
        transaction.set_rollback(True)


def visit(client, pages):
    opened = {}
    for name, page in pages.items():
        # What a process remembers, it asks once.
        client.get(page)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(page)
        opened[name] = Opened(answer.status_code, len(asked), answer.content.decode())
    return opened


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_list_opens_with_few_queries_however_many_rows(model, world):
    few, more = (lists[ids(model)] for lists in world.lists)

    assert few.status == more.status == 200
    assert few.queries == more.queries <= LIST_QUERIES


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_list_searches_sorts_and_filters(model, world):
    page = world.client.get(url(model, "changelist"), {"q": "50% 'anna'"})
    changelist = page.context["cl"]
    assert page.status_code == 200
    columns = ".".join(str(column) for column in range(1, len(changelist.list_display)))
    assert world.client.get(url(model, "changelist"), {"o": columns}).status_code == 200
    links = [list(spec.choices(changelist))[-1]["query_string"] for spec in changelist.filter_specs]
    for link in links:
        assert world.client.get(url(model, "changelist") + link).status_code == 200, link


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_the_page_of_a_row_opens_and_costs_the_same_beside_more_rows(model, world):
    few, more = (rows[ids(model)] for rows in world.rows)

    assert few.status == more.status == 200
    assert few.queries == more.queries <= ROW_QUERIES


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_what_can_be_added_has_a_page_for_it(model, world):
    page = world.client.get(url(model, "add"))
    allowed = admin.site._registry[model].has_add_permission(page.wsgi_request)

    assert page.status_code == (200 if allowed else 403)


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_page_has_one_heading_and_nothing_inline(model, world):
    html = world.lists[0][ids(model)].html

    assert html.count("<h1") == 1
    assert [bad for bad in (" style=", "<style", "onclick=", "javascript:") if bad in html] == []


def test_strangers_are_sent_to_the_door(client):
    assert client.get("/admin/referrals/referral/").status_code == 302


def test_an_advocate_with_an_account_stays_outside():
    advocate = EnrolmentFactory().advocate
    advocate.user = UserFactory(is_staff=False)
    advocate.save()

    assert client_of(advocate.user).get("/admin/").status_code == 302
