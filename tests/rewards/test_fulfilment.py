from datetime import timedelta

import httpx
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from standardwebhooks import Webhook

from referrals import webhooks
from referrals.webhooks import check_address, secret_of
from rewards.models import FulfilmentCall
from rewards.services.fulfilment import call_fulfilment
from tests.cast import client_of, member_of
from tests.factories import NOW, RewardFactory

pytestmark = pytest.mark.django_db


class Shop:
    """Another system: answers as told, and remembers what it was asked."""

    def __init__(self, status=200, text='{"code": "GIFT-1"}'):
        self.status, self.text, self.asked = status, text, []
        self.client = httpx.Client(transport=httpx.MockTransport(self.answer))

    def answer(self, request):
        self.asked.append(request)
        return httpx.Response(self.status, text=self.text)


@pytest.fixture
def reward():
    return RewardFactory(
        status="approved",
        rule__incentive__fulfilment="webhook",
        rule__incentive__webhook_url="https://shop.example.com/gift",
    )


def test_another_system_hands_the_reward_out_once_and_its_code_reaches_the_person(reward, now):
    shop = Shop()

    assert [call_fulfilment(now=now, client=shop.client) for _ in range(2)] == [1, 0]

    reward.refresh_from_db()
    assert (reward.status, reward.code) == ("issued", "GIFT-1")
    assert len(shop.asked) == 1


def test_the_call_is_signed_and_names_nobody(reward, settings):
    shop, real_now = Shop(), webhooks.datetime.now(tz=NOW.tzinfo)

    call_fulfilment(now=real_now, client=shop.client)

    [request] = shop.asked
    body = Webhook(secret_of(f"incentive:{reward.incentive_id}")).verify(
        request.content, dict(request.headers)
    )
    assert request.headers["webhook-id"] == str(reward.pk) == body["data"]["reward"]
    assert reward.enrolment.advocate.email not in request.content.decode()
    assert reward.enrolment.advocate.name not in request.content.decode()


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_system_that_is_busy_is_asked_again_with_growing_pauses(reward, now, status):
    shop = Shop(status)

    for wait, calls in ((0, 1), (0.5, 0), (1, 1), (2, 0), (3, 1)):
        assert call_fulfilment(now=now + timedelta(minutes=wait), client=shop.client) == calls

    reward.refresh_from_db()
    assert reward.status == "approved"
    assert {r.headers["webhook-id"] for r in shop.asked} == {str(reward.pk)}


def test_after_three_days_it_is_left_to_a_person(reward, now):
    for hours in (0, 73):
        call_fulfilment(now=now + timedelta(hours=hours), client=Shop(500).client)

    assert FulfilmentCall.objects.needing_attention().get().answer.startswith("500")


@pytest.mark.parametrize("status", [400, 404, 410, 302])
def test_a_refusal_is_left_to_a_person_at_once(reward, now, status):
    call_fulfilment(now=now, client=Shop(status, "no such gift").client)

    call = FulfilmentCall.objects.needing_attention().get()
    assert (call.answer, call.reward.status) == (f"{status}: no such gift", "approved")


def test_what_was_taken_back_meanwhile_is_not_handed_out(reward, now):
    call_fulfilment(now=now, client=Shop(500).client)
    reward.advance("revoked", now=now)
    shop = Shop()

    assert call_fulfilment(now=now + timedelta(hours=1), client=shop.client) == 0
    assert shop.asked == []


@pytest.mark.parametrize("text", ["", "[]", '{"code": 5}', '{"code": "a\\u0000b"}', "not json"])
def test_an_answer_without_a_usable_code_hands_out_without_one(reward, now, text):
    call_fulfilment(now=now, client=Shop(200, text).client)

    reward.refresh_from_db()
    assert (reward.status, reward.code) == ("issued", "")


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://me:secret@shop.example.com/",
    ],
)
def test_an_address_that_may_lead_inside_is_refused(url):
    with pytest.raises(ValidationError, match="https address with a host name"):
        check_address(url)


def test_a_name_that_leads_inside_is_not_called(monkeypatch, now):
    inside = [(2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(webhooks.socket, "getaddrinfo", lambda *args, **kwargs: inside)

    answer = webhooks.call("https://shop.example.com/", {}, key="1", secret=secret_of("x"), now=now)

    assert answer == (400, "shop.example.com lies in a network that is not public, so nobody was called.")


def test_a_host_of_ones_own_network_is_called_once_the_operator_has_named_it(monkeypatch, settings, now):
    inside = [(2, 1, 6, "", ("127.0.0.1", 9))]
    monkeypatch.setattr(webhooks.socket, "getaddrinfo", lambda *args, **kwargs: inside)
    settings.WEBHOOK_HOSTS = ["crm.house.example"]

    answer = webhooks.call("https://crm.house.example:9/", {}, key="1", secret=secret_of("x"), now=now)

    # It was tried, and nobody listens there.
    assert (answer.status, "not public" in answer.text) == (0, False)


def test_the_host_is_named_with_its_port_though_its_address_is_called(monkeypatch, now):
    outside = [(2, 1, 6, "", ("93.184.215.14", 8443))]
    monkeypatch.setattr(webhooks.socket, "getaddrinfo", lambda *args, **kwargs: outside)
    asked: list[httpx.Request] = []
    there = httpx.MockTransport(lambda request: asked.append(request) or httpx.Response(200))
    client = httpx.Client(transport=there)
    monkeypatch.setattr(webhooks.httpx, "Client", lambda **options: client)

    webhooks.call("https://shop.example.com:8443/gift", {}, key="1", secret=secret_of("x"), now=now)

    [request] = asked
    assert (request.headers["host"], str(request.url)) == (
        "shop.example.com:8443",
        "https://93.184.215.14:8443/gift",
    )


def test_a_manager_has_it_asked_again_from_the_list_of_what_was_refused(reward):
    call_fulfilment(now=timezone.now(), client=Shop(404).client)
    call = FulfilmentCall.objects.get()

    client_of(member_of(reward.program)).post(
        f"/admin/rewards/fulfilmentcall/{call.pk}/step/again/", {"_do": "1"}
    )

    assert call_fulfilment(now=timezone.now(), client=Shop().client) == 1
    reward.refresh_from_db()
    assert reward.status == "issued"


@pytest.mark.parametrize("role", ["sales", "analyst"])
def test_who_does_not_decide_about_rewards_has_nothing_asked_again(reward, role):
    call_fulfilment(now=timezone.now(), client=Shop(404).client)
    address = f"/admin/rewards/fulfilmentcall/{FulfilmentCall.objects.get().pk}/step/again/"

    assert client_of(member_of(reward.program, role)).post(address, {"_do": "1"}).status_code == 403
    assert client_of(member_of(RewardFactory().program)).post(address, {"_do": "1"}).status_code == 404
    assert FulfilmentCall.objects.needing_attention().count() == 1
