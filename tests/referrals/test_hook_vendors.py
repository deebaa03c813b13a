"""Calls as the systems that we know make them today, written after their public references."""

import base64
import hmac
import json
from hashlib import sha256

import pytest

from referrals.hooks.schemes import Arrived
from referrals.models import Conversion, HookDelivery
from referrals.services.hook import take_call
from tests.factories import HOOK_SECRET, ReferralFactory
from tests.referrals.test_hook import connect

pytestmark = pytest.mark.django_db


def mac(body, digest="digest"):
    return getattr(hmac.new(HOOK_SECRET.encode(), body, sha256), digest)()


def woo(payload, *, now, topic="order.updated", number="d1"):
    body = json.dumps(payload).encode()
    headers = {"x-wc-webhook-topic": topic, "x-wc-webhook-delivery-id": number}
    headers["x-wc-webhook-signature"] = base64.b64encode(mac(body)).decode()
    return Arrived(headers, "/hooks/x/", body, now)


def woo_order(**more):
    billing = {"first_name": "Ben", "last_name": "Weber", "email": "ben@friend.example", "country": "DE"}
    return {
        "id": 727, "status": "processing", "currency": "EUR", "total": "49.00", "customer_id": 0, "billing": billing,
        "coupon_lines": [], "refunds": [], "date_paid_gmt": "2026-03-01T09:00:00",
    } | more  # fmt: skip


def test_a_shop_that_gives_up_on_us_after_some_refusals_is_not_refused_but_answered(now):
    referral = ReferralFactory(email="ben@friend.example")
    shop = connect("woocommerce", program=referral.program)
    take_call(shop, woo(woo_order(), now=now))

    edited = take_call(shop, woo(woo_order(total="59.00"), now=now, number="d2"))

    assert edited.status == 202
    assert "recorded already, with another amount" in edited.words
    assert HookDelivery.objects.get(key="d2").verdict == "refused"
    assert Conversion.objects.get().amount == 4900


def test_the_ping_with_which_a_shop_tries_the_address_is_answered(now, client):
    shop, other = connect("woocommerce"), connect("shopify")

    def ping(source, body=b"webhook_id=3"):
        kind = "application/x-www-form-urlencoded"
        return client.post(f"/hooks/{source.slug}/", body, content_type=kind).status_code

    assert ping(shop) == 200
    assert (ping(other), ping(shop, b"webhook_id=3&x=1"), ping(shop, b"{}")) == (401, 401, 401)
    assert HookDelivery.objects.count() == 0
