from datetime import timedelta

import httpx
import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from campaigns.models import Message
from referrals.models import Event, WebhookCall, WebhookEndpoint
from referrals.services.webhook import (
    call_again,
    collect_calls,
    draw_new_secret,
    first_id,
    forget_calls,
    send_test_call,
    switch_on,
    tell_systems,
)
from tests.cast import client_of, fresh_client_of, member_of, said
from tests.factories import ProgramFactory, ReferralFactory, UserFactory, WebhookEndpointFactory

pytestmark = pytest.mark.django_db


class System:
    """Another system: answers as told, and remembers what it heard."""

    def __init__(self, status=200):
        self.status, self.heard = status, []
        self.client = httpx.Client(transport=httpx.MockTransport(self.answer))

    def answer(self, request):
        self.heard.append(request)
        return httpx.Response(self.status, text="thanks")


def happen(program, kind="purchase", at=None, **data):
    event = Event(kind=kind, program=program, occurred_at=at, data=data)
    return Event.objects.record([event], now=at)[0]


@pytest.fixture
def endpoint(now):
    return WebhookEndpointFactory(collected_until=now, kinds=["purchase"])


def test_a_system_hears_once_of_what_it_asked_for(endpoint, now):
    system = System()
    event = happen(endpoint.program, at=now, amount=4900, currency="EUR", comment="Anna was cross")
    happen(endpoint.program, "engaged", at=now)
    happen(ProgramFactory(), at=now)

    assert [tell_systems(now=now, client=system.client) for _ in range(2)] == [1, 0]

    [request] = system.heard
    assert request.headers["webhook-id"] == str(event.pk)
    assert b"Anna" not in request.content
    assert WebhookCall.objects.get().status == "done"


def test_the_call_is_signed_and_names_nobody(endpoint):
    now, system = timezone.now(), System()
    endpoint.kinds = []
    endpoint.save()
    referral = ReferralFactory(
        enrolment__program=endpoint.program, name="Ben Weber", email="ben@friend.example"
    )
    referral.advance("contacted", now=now, note="Call Ben Weber on Friday")

    tell_systems(now=now, client=system.client)

    [request] = system.heard
    told = Webhook(endpoint.secret).verify(request.content, dict(request.headers))
    assert told["type"] == "referral.contacted"
    assert (told["data"]["from"], told["data"]["to"]) == ("submitted", "contacted")
    assert b"Ben" not in request.content
    assert b"@" not in request.content


def test_for_a_day_after_the_secret_was_replaced_either_signature_is_there(endpoint, now):
    before = endpoint.secret
    draw_new_secret(WebhookEndpoint.objects.all(), now=now, by=None)
    endpoint.refresh_from_db()

    assert endpoint.older_secret(now + timedelta(hours=23)) == before
    assert endpoint.older_secret(now + timedelta(hours=25)) == ""
    assert endpoint.secret != before

    system = System()
    happen(endpoint.program, at=now)
    tell_systems(now=now, client=system.client)
    assert len(system.heard[0].headers["webhook-signature"].split(" ")) == 2


def test_an_event_that_was_stored_late_is_told_all_the_same(endpoint, now):
    late = Event(kind="purchase", program=endpoint.program, occurred_at=now, data={}, pk=first_id(now))
    tell_systems(now=now + timedelta(minutes=5), client=System().client)
    Event.objects.record([late], now=now)
    system = System()

    assert tell_systems(now=now + timedelta(minutes=6), client=system.client) == 1


def test_a_system_that_is_away_is_tried_for_three_days_with_growing_pauses(endpoint, now):
    happen(endpoint.program, at=now)

    def made(minutes, status=503):
        return tell_systems(now=now + timedelta(minutes=minutes), client=System(status).client)

    assert [made(minutes) for minutes in (0, 0.5, 1.3, 2, 4, 5)] == [1, 0, 1, 0, 1, 0]
    assert WebhookCall.objects.get().status == "waiting"
    made(60 * 73)
    assert WebhookCall.objects.get().status == "failed"


def test_a_system_that_is_gone_is_switched_off_and_somebody_is_told_once(now):
    endpoint = WebhookEndpointFactory(collected_until=now, owner=UserFactory(email="ops@acme.example"))
    happen(endpoint.program, at=now)
    happen(endpoint.program, at=now)

    tell_systems(now=now, client=System(410).client)

    endpoint.refresh_from_db()
    assert not endpoint.is_active
    [mail] = Message.objects.filter(purpose="staff_notice")
    assert mail.to_address == "ops@acme.example"
    assert endpoint.name in mail.context["subject"]
    happen(endpoint.program, at=now)
    assert tell_systems(now=now, client=System().client) == 0


def test_a_system_that_fails_for_five_days_is_switched_off_and_one_that_recovers_is_not(now):
    sick, well = (WebhookEndpointFactory(collected_until=now) for _ in range(2))
    for day in range(7):
        at = now + timedelta(days=day)
        happen(sick.program, at=at)
        happen(well.program, at=at)
        tell_systems(now=at, client=System(500 if day != 3 else 200).client)
        if day == 3:
            WebhookEndpoint.objects.filter(pk=sick.pk).update(failing_since=now)

    assert [WebhookEndpoint.objects.get(pk=e.pk).is_active for e in (sick, well)] == [False, True]


def test_what_was_missed_while_switched_off_is_not_told_later(endpoint, now):
    WebhookEndpoint.objects.update(disabled_at=now)
    missed = Event(kind="purchase", program=endpoint.program, occurred_at=now, data={}, pk=first_id(now))
    Event.objects.record([missed], now=now)
    later = now + timedelta(hours=1)

    switch_on(WebhookEndpoint.objects.all(), now=later, by=None)

    assert tell_systems(now=later, client=System().client) == 0


def test_a_call_can_be_made_again_under_the_same_id(endpoint, now):
    system = System()
    happen(endpoint.program, at=now)
    tell_systems(now=now, client=system.client)

    assert len(call_again(WebhookCall.objects.all(), now=now, by=None).moved) == 1
    tell_systems(now=now, client=system.client)

    first, second = system.heard
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_test_call_and_settled_calls_are_forgotten_after_a_month(endpoint, now):
    system = System()
    send_test_call(WebhookEndpoint.objects.all(), now=now, by=None)
    tell_systems(now=now, client=system.client)

    assert b'"type":"test"' in system.heard[0].content
    assert forget_calls(now=now + timedelta(days=29)) == 0
    assert forget_calls(now=now + timedelta(days=31)) == 1


@pytest.mark.parametrize("events", [1, 3, 300])
def test_writing_calls_down_takes_the_same_queries_however_many_there_are(
    endpoint, now, events, django_assert_max_num_queries
):
    rows = [Event(kind="purchase", program=endpoint.program, occurred_at=now, data={}) for _ in range(events)]
    Event.objects.record(rows, now=now)

    # SQLite takes many rows in several statements.
    with django_assert_max_num_queries(8):
        collect_calls(now=now)
    assert WebhookCall.objects.count() == events


def test_a_manager_sets_a_webhook_up_and_a_colleague_without_the_right_sees_nothing(now):
    program = ProgramFactory()
    manager, sales = member_of(program), member_of(program, "sales")
    url = "/admin/referrals/webhookendpoint/add/"
    typed = {
        "program": program.pk, "name": "Our CRM", "url": "https://crm.example.com/hook", "kinds": ["purchase"],
    }  # fmt: skip

    assert client_of(sales).get(url).status_code == 403
    refused = fresh_client_of(manager).post(url, typed | {"url": "http://10.0.0.1/"})
    assert "Write an https address with a host name" in refused.text
    # A box says what a call will say.
    assert "purchase – purchase" in refused.text
    assert "became a customer – referral.converted" in refused.text
    kept = fresh_client_of(manager).post(url, typed)

    endpoint = WebhookEndpoint.objects.get()
    assert kept.url == f"/admin/referrals/webhookendpoint/{endpoint.pk}/change/"
    page = client_of(manager).get(f"/admin/referrals/webhookendpoint/{endpoint.pk}/change/")
    secret = f"/admin/referrals/webhookendpoint/{endpoint.pk}/show-secret/"
    assert endpoint.secret not in page.text
    assert secret in page.text
    assert endpoint.secret in fresh_client_of(manager).get(secret).text
    assert fresh_client_of(sales).get(secret).status_code == 403
    other = client_of(member_of(ProgramFactory()))
    assert other.get(f"/admin/referrals/webhookendpoint/{endpoint.pk}/change/").status_code == 404

    step = f"/admin/referrals/webhookendpoint/{endpoint.pk}/step/test/"
    assert said(client_of(manager).post(step, {"_do": "1"}, follow=True))[0].text == "Send a test: Our CRM."


def test_what_happened_before_a_webhook_was_there_is_not_told(now):
    system, program, since = System(), ProgramFactory(), timezone.now()

    def recorded(at):
        event = Event(pk=first_id(at), kind="purchase", program=program, occurred_at=now)
        return Event.objects.record([event], now=now)[0]

    # Its own moment stands in an event's key, to the millisecond.
    recorded(since - timedelta(seconds=1))
    WebhookEndpointFactory(program=program, kinds=[], collected_until=now, hears_since=since)

    assert tell_systems(now=now, client=system.client) == 0
    after = recorded(since + timedelta(seconds=1))
    assert tell_systems(now=now, client=system.client) == 1
    assert system.heard[0].headers["webhook-id"] == str(after.pk)
