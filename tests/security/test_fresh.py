"""Keys and secrets are made and shown only to whoever has just shown that it is still them (T27)."""

import time

import pytest
from django.urls import reverse

from referrals.models import ApiKey, WebhookEndpoint
from tests.cast import client_of, fresh_client_of, member_of
from tests.factories import HookSourceFactory, SiteWidgetFactory, WebhookEndpointFactory

pytestmark = pytest.mark.django_db
AGAIN = "/account/reauthenticate/"


@pytest.fixture
def endpoint():
    return WebhookEndpointFactory()


def asks_again(response):
    return response.status_code == 302 and response.url.startswith(AGAIN)


@pytest.mark.parametrize("model", ["apikey", "webhookendpoint", "hooksource", "sitewidget"])
def test_making_one_asks_again_and_goes_on_where_one_was(endpoint, model):
    manager = member_of(endpoint.program)
    page = reverse(f"admin:referrals_{model}_add")

    asked = client_of(manager).get(page)

    assert asked.url == f"{AGAIN}?next={page.replace('/', '%2F')}"
    assert asks_again(client_of(manager).post(page, {"name": "x"}))
    assert fresh_client_of(manager).get(page).status_code == 200
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("factory", [WebhookEndpointFactory, SiteWidgetFactory])
def test_reading_a_secret_asks_again(factory):
    row = factory()
    page = reverse(f"admin:referrals_{row._meta.model_name}_secret", args=[row.pk])

    assert asks_again(client_of(member_of(row.program)).get(page))
    shown = fresh_client_of(member_of(row.program)).get(page)
    assert row.secret in shown.text
    assert "no-store" in shown["Cache-Control"]
    assert fresh_client_of(member_of(row.program, "analyst")).get(page).status_code == 403
    assert fresh_client_of(member_of(WebhookEndpointFactory().program)).get(page).status_code == 404


@pytest.mark.parametrize("factory", [WebhookEndpointFactory, HookSourceFactory])
def test_replacing_a_secret_asks_again(factory):
    row = factory()
    step = reverse(f"admin:referrals_{row._meta.model_name}_step", args=[row.pk, "secret"])

    assert asks_again(client_of(member_of(row.program)).post(step, {"_do": "1"}))
    assert fresh_client_of(member_of(row.program)).get(step).status_code == 200


def test_five_minutes_later_it_asks_once_more(endpoint, time_machine):
    client = fresh_client_of(member_of(endpoint.program))
    page = reverse("admin:referrals_webhookendpoint_secret", args=[endpoint.pk])
    assert client.get(page).status_code == 200

    time_machine.move_to(time.time() + 301)

    assert asks_again(client.get(page))


def test_whoever_shows_the_password_gets_where_they_were_going(endpoint):
    manager = member_of(endpoint.program)
    manager.set_password("correct horse battery")
    manager.save()
    client = client_of(manager)
    page = reverse("admin:referrals_webhookendpoint_secret", args=[endpoint.pk])

    wrong = client.post(f"{AGAIN}?next={page}", {"password": "wrong"})
    answer = client.post(f"{AGAIN}?next={page}", {"password": "correct horse battery"}, follow=True)

    assert "Before you go on, show that it is still you." in wrong.text
    assert WebhookEndpoint.objects.get().secret in answer.text
