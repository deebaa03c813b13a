"""Who stays signed in, and for how long."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.urls import reverse

from tests.cast import client_of, member_of, superuser
from tests.factories import NOW, AdvocateFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db
DESK = "/admin/"


@pytest.fixture
def sofia(client):
    """Signed in with her password, at NOW."""
    cache.clear()
    user = UserFactory(email="sofia@acme.example", is_superuser=True)
    user.set_password("correct horse battery")
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    with time_machine.travel(NOW, tick=False):
        client.post("/account/login/", {"login": user.email, "password": "correct horse battery"})
    return client


def opens_desk(client, hours):
    with time_machine.travel(NOW + timedelta(hours=hours), tick=False):
        return client.get(DESK).status_code == 200


def test_staff_stay_signed_in_while_they_work_and_no_longer_than_12_hours_after(sofia):
    assert [opens_desk(sofia, hours) for hours in (11, 22, 33, 44.9, 57)] == [True, True, True, True, False]


def test_a_desk_left_alone_for_12_hours_is_closed(sofia):
    assert not opens_desk(sofia, 12.1)


def test_two_clicks_within_ten_minutes_write_the_session_once(sofia):
    def seen_at(hours):
        with time_machine.travel(NOW + timedelta(hours=hours), tick=False):
            assert sofia.get(DESK).status_code == 200
            return sofia.session["seen_at"] - int(NOW.timestamp())

    assert [seen_at(0.1), seen_at(5), seen_at(5.1)] == [0, 5 * 3600, 5 * 3600]


def test_an_advocate_stays_for_two_weeks():
    user = UserFactory(is_staff=False)
    AdvocateFactory(user=user)

    assert client_of(user).session.get_expiry_age() == 14 * 24 * 3600


def test_an_administrator_without_a_second_factor_is_sent_to_set_one_up(settings):
    settings.REQUIRE_SECOND_FACTOR = True
    client = client_of(superuser())

    for url in (DESK, reverse("admin:rewards_reward_changelist")):
        assert client.get(url).url == "/account/2fa/"
    assert "Set up a second factor first" in client.get("/account/2fa/").text


def test_an_administrator_with_a_second_factor_works_on(settings):
    settings.REQUIRE_SECOND_FACTOR = True
    user = superuser()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})

    assert client_of(user).get(DESK).status_code == 200


@pytest.mark.parametrize("required", [True, False])
def test_other_staff_are_asked_for_no_second_factor(settings, required):
    settings.REQUIRE_SECOND_FACTOR = required

    assert client_of(member_of(ProgramFactory())).get(DESK).status_code == 200
