import base64
import hmac
import json
import random
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from standardwebhooks import Webhook

from campaigns.models import Suppression
from referrals.contacts import email_key, phone_key
from referrals.hooks.pointers import find, pointers_of
from referrals.hooks.presets import PRESETS
from referrals.hooks.reading import read_json
from referrals.hooks.schemes import Arrived, is_signed
from referrals.models import Advocate, Conversion, Event, HookDelivery, HookMapping, Tagging
from referrals.sealed import decipher
from referrals.services.hook import forget_hook_calls, replay, take_call
from tests.cast import client_of, fresh_client_of, member_of, said
from tests.factories import (
    HOOK_SECRET,
    EnrolmentFactory,
    HookSourceFactory,
    ProgramFactory,
    ReferralFactory,
)

pytestmark = pytest.mark.django_db


def connect(preset="own", **more):
    source = HookSourceFactory(scheme=PRESETS[preset].scheme, type_at=PRESETS[preset].type_at, **more)
    source.id_at = PRESETS[preset].id_at
    source.save()
    for says, meaning in PRESETS[preset].mappings.items():
        HookMapping.objects.create(source=source, says=says, **meaning)
    return source


def signed(payload, *, key="msg_1", at, secret=HOOK_SECRET):
    body = json.dumps(payload)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(msg_id=key, timestamp=at, data=body),
    }, body


def send(source, payload, *, now, key="msg_1", at=None, secret=HOOK_SECRET):
    headers, body = signed(payload, key=key, at=at or now, secret=secret)
    return take_call(source, Arrived(headers, f"/hooks/{source.slug}/", body.encode(), now))


def paid(order="A1", amount=4900, **more):
    data = {"order": order, "amount": amount, "currency": "EUR", "email": "ben@friend.example"} | more
    return {"type": "order.paid", "data": data}


@pytest.mark.parametrize(
    "url", ["/admin/referrals/hooksource/add/", "/admin/referrals/hooksource/{pk}/step/secret/"]
)
def test_every_secret_that_is_offered_is_read_alike_by_whoever_signs(url, now):
    source = connect()
    desk = fresh_client_of(member_of(source.program))

    for _again in range(20):
        [secret] = re.findall(r'value="(whsec_[^"]+)"', desk.get(url.format(pk=source.pk)).text)
        # Other libraries refuse what stands in no base64, or read it as nothing.
        assert base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        source.set_secret(secret, now=now)
        assert send(source, paid(), now=now, secret=secret).status == 200


@pytest.mark.parametrize("secret", ["whsec_YWJjZGVmZ2g", "whsec_r5MiRFS8UzxQ3shR_zARcHLszJKVN1mU"])
def test_a_secret_without_padding_or_with_signs_of_links_is_read_as_the_package_reads_it(secret, now):
    headers, body = signed(paid(), at=now, secret=secret)

    assert is_signed(Arrived(headers, "/hooks/x/", body.encode(), now), "standard", [secret])


def test_an_order_counts_for_whoever_recommended_the_buyer_once(now):
    source = connect()
    referral = ReferralFactory(
        enrolment__program=source.program, email="ben@friend.example", submitted_at=now
    )

    answers = [send(source, paid(), now=now + timedelta(minutes=n)) for n in range(3)]

    assert {answer.status for answer in answers} == {200}
    assert str(referral.enrolment.advocate) in answers[0].words
    assert Conversion.objects.get().amount == 4900
    assert HookDelivery.objects.get().times == 3


def test_part_of_an_order_is_refunded_once_and_the_rest_counts(now):
    source = connect()
    ReferralFactory(enrolment__program=source.program, email="ben@friend.example", submitted_at=now)
    told = {"order": "A1", "amount": 900, "currency": "EUR", "refund": "r1"}
    back = {"type": "order.refunded", "data": told}
    send(source, paid(), now=now, key="a")

    answers = [send(source, back, now=now, key=key) for key in ("b", "b", "c")]
    rest = send(source, back | {"data": told | {"amount": 4000, "refund": "r2"}}, now=now, key="d")

    assert {answer.words for answer in answers} == {"Part of sale A1 is refunded; the rest goes on counting."}
    assert Conversion.objects.get().refunded == 900
    assert rest.words == "Sale A1 is taken back."


def test_a_refund_that_comes_first_waits_for_its_order(now):
    source = connect()
    ReferralFactory(enrolment__program=source.program, email="ben@friend.example", submitted_at=now)

    first = send(source, {"type": "order.refunded", "data": {"order": "A1"}}, now=now, key="a")
    send(source, paid(), now=now, key="b")

    assert first.words == "Sale A1 will be taken back when it comes."
    assert Conversion.objects.get().reversed_at is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXI="},
        {"at": timedelta(minutes=-6)},
        {"at": timedelta(minutes=6)},
    ],
)
def test_a_call_that_is_forged_or_late_does_nothing_and_leaves_no_trace_of_what_it_said(now, wrong):
    source = connect()
    at = now + wrong.get("at", timedelta(0))

    assert send(source, paid(), now=now, at=at, secret=wrong.get("secret", HOOK_SECRET)).status == 401

    assert (HookDelivery.objects.count(), Event.objects.count()) == (0, 0)
    source.refresh_from_db()
    assert source.refused == 1


def test_the_secret_before_opens_for_a_day(now):
    source = connect()
    source.set_secret("whsec_bmV3LW5ldy1uZXctbmV3LW5ldw==", now=now)
    source.save()

    later = now + timedelta(hours=23)
    assert send(source, {"type": "x"}, now=later).status == 202
    assert send(source, {"type": "x"}, now=now + timedelta(hours=25)).status == 401


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (paid(amount="a lot"), "amount, at /data/amount: “a lot” is no whole number of cents."),
        (paid(order=""), "There is no “number of the order or deal” at /data/order."),
        (paid(currency="XXQ"), "currency; empty: the program's, at /data/currency:"),
    ],
)
def test_a_call_with_something_wrong_is_refused_with_a_sentence_and_can_be_put_right(now, payload, words):
    source = connect()

    answer = send(source, payload, now=now)

    assert (answer.status, words in answer.words) == (422, True)
    assert Event.objects.count() == 0
    assert send(source, paid(), now=now).status == 200


def test_what_nobody_has_given_a_meaning_is_kept_and_taken_in_once_somebody_has(now):
    source = connect()
    place = EnrolmentFactory(program=source.program, advocate__external_id="C7")
    payload = {"type": "vip", "data": {"customer": "C7", "word": "Gold"}}
    assert send(source, payload, now=now).status == 202

    pointers = {"customer": "/data/customer", "tag": "/data/word"}
    HookMapping.objects.create(source=source, says="vip", means="tag.applied", pointers=pointers)
    moved = replay(HookDelivery.objects.all(), now=now, by=None)

    assert len(moved.moved) == 1
    assert Tagging.objects.get().advocate == place.advocate
    assert len(replay(HookDelivery.objects.all(), now=now, by=None).refused) == 1


def test_a_new_customer_is_taken_in_as_an_advocate(now):
    source = connect()
    payload = {
        "type": "customer.created",
        "data": {"customer": "C9", "email": "eva@x.example", "name": "Eva Koch"},
    }

    assert send(source, payload, now=now).words == "Eva Koch is a new advocate."
    assert send(source, payload, now=now, key="again").words == "Eva Koch was known already."

    assert Advocate.objects.get().external_id == "C9"
    assert Event.objects.filter(kind="customer_created").count() == 1


def test_whoever_unsubscribed_elsewhere_gets_nothing_from_us_known_or_not(now):
    source = connect()
    anna = EnrolmentFactory(program=source.program, advocate__external_id="C7").advocate
    calls = [{"customer": "C7", "email": anna.email}, {"email": "eva@x.example"}, {"phone": "+390612345678"}]

    said = [send(source, {"type": "contact.unsubscribed", "data": data}, now=now, key=f"m{n}").words
            for n, data in enumerate([*calls, {"customer": "C8"}])]  # fmt: skip

    assert said[:2] == [f"Recorded for {anna}.", "Nothing will be written there about this program."]
    assert said[3] == "No advocate of this program has this customer number or address."
    assert set(Suppression.objects.values_list("key", "program", "reason")) == {
        (anna.email_key, None, "unsubscribed"),
        (email_key("eva@x.example"), source.program_id, "unsubscribed"),
        (phone_key("+390612345678"), source.program_id, "unsubscribed"),
    }
    assert Event.objects.filter(kind="unsubscribed", advocate=anna).count() == 1


def test_an_advocates_own_order_is_a_purchase_that_may_lead_to_an_ask(now):
    source = connect()
    EnrolmentFactory(program=source.program, advocate__external_id="C7")

    send(source, paid(customer="C7", email=""), now=now)

    event = Event.objects.get(kind="purchase")
    assert event.data == {"order": "A1", "amount": 4900, "currency": "EUR"}


def test_many_deliveries_in_any_order_with_forgeries_among_them_have_each_effect_once(now):
    source = connect()
    EnrolmentFactory(program=source.program, advocate__external_id="C7")
    calls = [(n, attempt) for n in range(40) for attempt in range(5)]
    dice = random.Random(7)
    dice.shuffle(calls)
    said = []
    for n, attempt in calls:
        kind = dice.choice(["good"] * 8 + ["forged", "late"]) if attempt else "good"
        secret = "whsec_Zm9yZ2VkLWZvcmdlZC1mb3JnZWQ=" if kind == "forged" else HOOK_SECRET
        at = now - timedelta(minutes=9) if kind == "late" else now
        payload = paid(order=f"A{n}", customer="C7", email="")
        said.append((kind, send(source, payload, now=now, key=f"m{n}", at=at, secret=secret).status))

    assert {status for kind, status in said if kind != "good"} == {401}
    assert {status for kind, status in said if kind == "good"} == {200}
    assert Event.objects.filter(kind="purchase").count() == 40


def _mac(body, key="shhh-shhh-shhh-shhh"):
    return hmac.new(key.encode(), body, sha256)


def test_other_ways_of_signing_are_known(now, settings):
    body, secret = b'{"id": 1}', "shhh-shhh-shhh-shhh"
    stamp = str(int(now.timestamp()))
    of_body = base64.b64encode(_mac(body).digest()).decode()
    hub = b"POST" + f"{settings.BASE_URL}/hooks/x/".encode() + body + f"{stamp}000".encode()
    good = {
        "shopify": {"x-shopify-hmac-sha256": of_body},
        "woocommerce": {"x-wc-webhook-signature": of_body},
        "stripe": {"stripe-signature": f"t={stamp},v1={_mac(f'{stamp}.'.encode() + body).hexdigest()}"},
        "hubspot": {
            "x-hubspot-request-timestamp": f"{stamp}000",
            "x-hubspot-signature-v3": base64.b64encode(_mac(hub).digest()).decode(),
        },
        "bearer": {"authorization": f"Bearer {secret}"},
    }
    for scheme, headers in good.items():
        call = Arrived(headers, "/hooks/x/", body, now)
        assert is_signed(call, scheme, [secret]), scheme
        assert not is_signed(call._replace(body=b'{"id": 2}'), scheme, [secret]) or scheme == "bearer"
        assert not is_signed(call, scheme, ["another-secret-of-ours"]), scheme
        assert not is_signed(call._replace(headers={}), scheme, [secret, ""]), scheme


def test_the_library_of_the_standard_and_we_agree(now):
    real = datetime.now(tz=UTC)
    headers, body = signed({"type": "x"}, at=real)

    assert Webhook(HOOK_SECRET).verify(body, headers) == {"type": "x"}
    assert is_signed(Arrived(headers, "/", body.encode(), real), "standard", [HOOK_SECRET])


def test_places_of_a_sample_are_found_again():
    sample = {"a/b": {"c~d": [1, {"e": "x"}]}, "none": None}

    assert dict(pointers_of(sample)) == {"/a~1b/c~0d/0": 1, "/a~1b/c~0d/1/e": "x"}
    assert [find(sample, place) for place, _value in pointers_of(sample)] == [1, "x"]


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff", b"[" * 50 + b"]" * 50, b"[" * 100_000])
def test_what_is_not_json_is_refused(body):
    with pytest.raises(Exception, match=r"not valid JSON|too deep"):
        read_json(body)


class TestDoor:
    def test_a_system_calls_its_address(self, client):
        source = connect()
        headers, body = signed({"type": "x"}, at=datetime.now(tz=UTC))

        answer = client.post(source.url, body, content_type="application/json", headers=headers)

        assert answer.status_code == 202

    def test_what_is_no_call_is_turned_away(self, client):
        source = connect()
        big = "x" * (256 * 1024 + 1)

        assert client.get(source.url).status_code == 405
        assert client.post(source.url, "{}", content_type="application/json").status_code == 401
        assert client.post(source.url, big, content_type="application/json").status_code == 413
        assert client.post("/hooks/unknown/", "{}", content_type="application/json").status_code == 404
        source.active = False
        source.save()
        assert client.post(source.url, "{}", content_type="application/json").status_code == 404


def test_bodies_go_after_a_month_and_calls_after_three(now):
    source = connect()
    send(source, {"type": "x", "data": {"email": "ben@friend.example"}}, now=now)

    forget_hook_calls(now=now + timedelta(days=31))
    assert HookDelivery.objects.get().body == ""
    assert forget_hook_calls(now=now + timedelta(days=91)) == 1


def test_a_manager_connects_a_shop_and_says_where_a_fact_stands():
    program = ProgramFactory()
    desk = fresh_client_of(member_of(program))
    typed = {"program": program.pk, "preset": "shopify", "name": "Shop", "slug": "shop", "secret": "s" * 20}
    desk.post("/admin/referrals/hooksource/add/", typed)
    mapping = HookMapping.objects.get(says="orders/paid")
    assert decipher(mapping.source.secret_sealed) == "s" * 20
    url = f"/admin/referrals/hookmapping/{mapping.pk}/change/"
    sample = json.dumps({"id": 1, "total": "49.90", "currency": "EUR", "email": "ben@friend.example"})
    told = {"source": mapping.source_id, "says": "orders/paid", "means": "order.paid", "sample": sample}

    desk.post(url, told | {"at_order": "/id", "at_amount": "/total_price"})
    page = desk.get(url)
    assert "The sample would be refused:" in page.text
    assert "/total – 49.90" in page.text
    desk.post(url, told | {"at_order": "/id", "at_amount": "/total", "at_currency": "/currency"})

    assert "amount: 4990" in desk.get(url).text
    assert "s" * 20 not in desk.get(f"/admin/referrals/hooksource/{mapping.source_id}/change/").text


def test_another_programs_manager_and_a_salesperson_see_no_connected_system():
    source = connect()
    url = f"/admin/referrals/hooksource/{source.pk}/change/"

    assert client_of(member_of(ProgramFactory())).get(url).status_code == 404
    assert client_of(member_of(source.program, "sales")).get(url).status_code == 403
    step = f"/admin/referrals/hooksource/{source.pk}/step/secret/"
    manager = fresh_client_of(member_of(source.program))
    told = said(manager.post(step, {"_do": "1", "secret": "n" * 20}, follow=True))
    assert told[0].text == "Replace the secret: Our shop."


def test_a_word_that_means_nothing_is_given_its_meaning_from_the_call_itself(now):
    source = connect()
    contact = {"mail": "ben@friend.example", "name": "Ben Weber", "tel": "+44 7700 900123"}
    deal = {"number": "OPP-7", "value": "1299.50", "cur": "EUR", "at": "2026-03-04T10:00:00Z"}
    send(source, {"type": "opportunity.closed", "deal": deal, "contact": contact}, now=now)
    desk = fresh_client_of(member_of(source.program))
    call = HookDelivery.objects.get()

    page = desk.get(f"/admin/referrals/hookdelivery/{call.pk}/change/").text
    add = f"/admin/referrals/hookmapping/add/?call={call.pk}"
    assert f'<a href="{add}">Say what “opportunity.closed” means, with this call as the sample</a>' in page
    offered = desk.get(add).context["adminform"].form.initial
    assert (offered["source"], offered["says"]) == (source.pk, "opportunity.closed")
    assert json.loads(offered["sample"]) == {
        "type": "opportunity.closed", "deal": deal,
        "contact": {"mail": "somebody@example.com", "name": "text", "tel": "+39061234567"},
    }  # fmt: skip

    kept = desk.post(add, offered | {"means": "deal.won"})
    mapping = HookMapping.objects.get(says="opportunity.closed")
    assert kept.url == f"/admin/referrals/hookmapping/{mapping.pk}/change/"
    assert "/deal/value – 1299.50" in desk.get(kept.url).text


def test_the_call_of_another_program_is_no_sample(now):
    source = connect()
    send(source, {"type": "opportunity.closed", "order": "SECRET-7"}, now=now)
    stranger = fresh_client_of(member_of(ProgramFactory()))

    page = stranger.get(f"/admin/referrals/hookmapping/add/?call={HookDelivery.objects.get().pk}")

    assert "SECRET-7" not in page.text


def test_our_own_system_reports_deals_as_well_as_orders(now):
    source = connect()
    ReferralFactory(enrolment__program=source.program, email="ben@friend.example", submitted_at=now)
    deal = {"deal": "D1", "amount": 4900, "currency": source.program.currency, "email": "ben@friend.example"}

    assert send(source, {"type": "deal.won", "data": deal}, now=now).status == 200
    assert Conversion.objects.get().external_id == "D1"
