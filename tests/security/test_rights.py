"""Every address of the product, walked by people who have no business there."""

from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter

from campaigns.models import Message, MessageTemplate
from referrals.models import Membership
from tests.cast import client_of, member_of, superuser
from tests.factories import (
    NOW,
    ChannelFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ProfileFactory,
    ProgramFactory,
    QuestionFactory,
    RewardFactory,
)

pytestmark = pytest.mark.django_db
# Posts without a form's token, each for a reason that stands beside it in the code.
TOKENLESS = {
    "ask-seen",
    "hook",
    "invitation-seen",
    "mail-events",
    "preferences",
    "share-seen",
    "survey-seen",
    "text-answer",
    "text-report",
}


def public_routes():
    """The name of every page that is not in the back office."""
    found = get_resolver().reverse_dict
    return sorted(name for name in found if isinstance(name, str))


def address_of(name):
    """The page's address, with something fitting in every gap."""
    possible, _pattern, _defaults, converters = get_resolver().reverse_dict.getlist(name)[0]
    [(address, gaps)] = possible
    filling = {IntConverter: "1", UUIDConverter: str(UUID(int=0))}
    return "/" + address % {gap: filling.get(type(converters.get(gap)), "abc") for gap in gaps}


@pytest.mark.parametrize("name", public_routes())
def test_a_post_without_the_token_of_a_form_is_refused(name):
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post(address_of(name), {"x": "1"})

    assert (answer.status_code in {403, 405}) != (name in TOKENLESS)


def step_pages(row):
    admin_class = admin.site._registry[type(row)]
    return [admin_class.step_url(row, step.name) for step in getattr(admin_class, "steps", ())]


def pages_of(row):
    """Every page of the back office that is about this row."""
    label = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    plain = [reverse(f"{label}_{page}", args=[row.pk]) for page in ("change", "history", "delete")]
    return [*plain, *step_pages(row)]


@pytest.fixture
def rows():
    """One of each of what a program has."""
    call = FollowUpFactory()
    reward = RewardFactory(referral=call.referral)
    program, enrolment = call.referral.program, call.referral.enrolment
    profile = ProfileFactory(program=program)
    QuestionFactory(profile=profile)
    ChannelFactory(program=program)
    message = Message.objects.create(
        key="m",
        purpose="invitation",
        program=program,
        language="en",
        due_at=NOW,
        created_at=NOW,
        subject="Hello",
    )
    template = MessageTemplate.objects.create(program=program, purpose="invitation", body="Hello")
    return [
        call, call.referral, reward, reward.rule, reward.incentive, message, template, enrolment,
        enrolment.advocate, program, profile, member_of(program).memberships.get(),
    ]  # fmt: skip


def test_for_a_manager_of_another_program_a_row_is_like_one_that_is_not_there(rows):
    client = client_of(member_of(ProgramFactory()))

    foreign = [url for row in rows for url in pages_of(row)]
    for row in rows:
        row.pk = uuid4() if isinstance(row.pk, UUID) else 999_999
    nowhere = [url for row in rows for url in pages_of(row)]

    for there, not_there in zip(foreign, nowhere, strict=True):
        for send in (client.get, client.post):
            answer = send(there, {"_do": "1", "post": "yes"})
            assert answer.status_code in {403, 404}
            assert (there, answer.status_code) == (there, send(not_there, {"_do": "1"}).status_code)


def test_for_an_advocate_and_a_stranger_the_back_office_is_one_closed_door(rows):
    anna = EnrolmentFactory().advocate
    anna.user = member_of(ProgramFactory())
    anna.user.is_staff = False
    anna.user.save()

    for client in (Client(), client_of(anna.user)):
        for url in [url for row in rows for url in pages_of(row)]:
            answer = client.get(url)
            assert (url, answer.status_code, answer.url.split("?")[0]) == (url, 302, "/admin/login/")


@pytest.mark.parametrize("role", [Membership.Role.SALES, Membership.Role.SUPPORT, Membership.Role.ANALYST])
def test_nobody_but_a_manager_deletes_anything(rows, role):
    program = rows[-3]
    client = client_of(member_of(program, role))

    answers = {client.post(pages_of(row)[2], {"post": "yes"}).status_code for row in rows}

    assert answers <= {403}


def test_no_page_of_the_back_office_may_be_kept_or_shown_in_a_frame(rows):
    client = client_of(superuser())

    for row in rows:
        answer = client.get(pages_of(row)[0])
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
