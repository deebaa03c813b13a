"""Nobody is sent to another site from one of our addresses."""

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache

from tests.cast import client_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "http://localhost:8000@evil.example/",
    "https://evil.example\\@localhost:8000/",
    "\thttps://evil.example/",
]
elsewhere = pytest.mark.parametrize("address", ELSEWHERE)


@pytest.fixture
def sofia():
    cache.clear()
    user = UserFactory(email="sofia@acme.example", is_superuser=True)
    user.set_password("correct horse battery")
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@elsewhere
def test_signing_in_leads_to_a_page_of_ours(client, sofia, address):
    typed = {"login": sofia.email, "password": "correct horse battery", "next": address}

    assert client.post("/account/login/", typed).url == "/admin/"


@elsewhere
def test_signing_out_leads_to_a_page_of_ours(sofia, address):
    assert client_of(sofia).post("/account/logout/", {"next": address}).url == "/"


@elsewhere
def test_whoever_is_signed_in_already_stays_here(sofia, address):
    assert client_of(sofia).get("/account/login/", {"next": address}).url == "/admin/"


def test_a_page_of_ours_is_where_one_wanted_to_go(client, sofia):
    typed = {"login": sofia.email, "password": "correct horse battery", "next": "/admin/rewards/reward/"}

    assert client.post("/account/login/", typed).url == "/admin/rewards/reward/"
