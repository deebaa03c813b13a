"""Calls as the systems that we know make them today, written after their public references."""

import base64
import hmac
import json
from hashlib import sha256
from itertools import permutations

import pytest

from referrals.hooks.schemes import Arrived
from referrals.models import Attribution, Conversion, Event, HookDelivery, HookMapping, Referral
from referrals.services.hook import take_call
from tests.factories import HOOK_SECRET, NOW, EnrolmentFactory, ReferralFactory
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
        "coupon_lines": [], "refunds": [], "date_paid_gmt": "2026-03-04T10:00:00",
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


def told(source, call, *, status=200):
    answer = take_call(source, call)
    assert answer.status == status, answer
    return answer.words


class TestWooCommerce:
    def test_what_was_paid_back_by_now_is_read_from_each_state_of_the_order(self, now):
        referral = ReferralFactory(email="ben@friend.example")
        shop = connect("woocommerce", program=referral.program)
        one = {"id": 1, "reason": "", "total": "-9.00"}
        states = [
            woo_order(),
            woo_order(refunds=[one]),
            woo_order(refunds=[one, one | {"id": 2, "total": "-10.50"}]),
        ]
        for n, state in enumerate([*states, states[1], states[0]]):
            told(shop, woo(state, now=now, number=f"d{n}"))

        assert Conversion.objects.get().refunded == 1950
        told(shop, woo(woo_order(status="refunded"), now=now, number="d9"))
        assert Conversion.objects.get().reversed_at is not None

    def test_of_several_coupons_that_of_the_friend_counts_and_a_guest_has_no_number(self, now):
        anna = EnrolmentFactory(advocate__external_id="0")
        shop = connect("woocommerce", program=anna.program)
        coupons = [{"id": 1, "code": "freeship", "discount": "0"}, {"id": 2, "code": anna.code.lower()}]

        words = told(shop, woo(woo_order(coupon_lines=coupons), now=now))

        assert words == f"Order 727 counts for {anna.advocate}."
        assert Event.objects.filter(kind="purchase").count() == 0
        assert Referral.objects.get().name == "Ben Weber"


def stripe(kind, thing, *, now, number="evt_1", livemode=True, **more):
    event = {
        "id": number, "object": "event", "api_version": "2025-11-17.clover", "created": int(now.timestamp()),
        "livemode": livemode, "type": kind, "data": {"object": thing},
    } | more  # fmt: skip
    body, stamp = json.dumps(event).encode(), int(now.timestamp())
    sign = mac(f"{stamp}.".encode() + body, "hexdigest")
    return Arrived({"stripe-signature": f"t={stamp},v1={sign},v0=x"}, "/hooks/x/", body, now)


def session(**more):
    who = {"email": "ben@friend.example", "name": "Ben Weber", "phone": None, "address": {"country": "DE"}}
    return {
        "id": "cs_live_1", "object": "checkout.session", "amount_total": 4900, "currency": "eur", "mode": "payment",
        "customer": None, "customer_details": who, "payment_intent": "pi_1", "invoice": None, "subscription": None,
        "payment_status": "paid", "client_reference_id": None, "metadata": {},
    } | more  # fmt: skip


def invoice(**more):
    return {
        "id": "in_1", "object": "invoice", "amount_paid": 4900, "currency": "eur", "customer": "cus_1",
        "customer_email": "ben@friend.example", "customer_name": "Ben Weber", "customer_phone": None,
        "billing_reason": "subscription_create", "metadata": {},
        "status_transitions": {"paid_at": int(NOW.timestamp())},
        "parent": {"subscription_details": {"metadata": {}, "subscription": "sub_1"}},
    } | more  # fmt: skip


class TestStripe:
    @pytest.fixture
    def pay(self):
        self.anna = EnrolmentFactory()
        return connect("stripe", program=self.anna.program)

    def test_a_subscription_has_no_payment_of_its_own_and_counts_by_its_invoice_once(self, now, pay):
        code = {"goodword_code": self.anna.code}
        begun = session(mode="subscription", payment_intent=None, invoice="in_1", metadata=code)

        told(pay, stripe("checkout.session.completed", begun, now=now))
        told(pay, stripe("invoice.paid", invoice(), now=now, number="evt_2"))
        again = invoice(id="in_2", billing_reason="subscription_cycle")
        told(pay, stripe("invoice.paid", again, now=now, number="evt_3"))

        assert set(Conversion.objects.values_list("external_id", "amount")) == {
            ("in_1", 4900),
            ("in_2", 4900),
        }

    @pytest.mark.parametrize(
        ("kind", "thing", "why"),
        [
            (
                "checkout.session.completed",
                session(payment_status="unpaid"),
                "“unpaid” stands at {}/payment_status",
            ),
            ("checkout.session.completed", session(amount_total=0), "“0” stands at {}/amount_total"),
            ("checkout.session.completed", session(livemode=False), "“false” stands at /livemode"),
            ("invoice.paid", invoice(amount_paid=0), "“0” stands at {}/amount_paid"),
            ("invoice.paid", invoice(billing_reason="manual"), "“manual” stands at {}/billing_reason"),
        ],
    )
    def test_what_is_unpaid_free_a_test_or_told_elsewhere_is_passed_over(self, now, pay, kind, thing, why):
        call = stripe(kind, thing, now=now, livemode=thing.get("livemode", True))

        assert told(pay, call, status=202) == f"Passed over: {why.format('/data/object')}."
        assert Attribution.objects.count() == 0

    def test_money_that_comes_days_after_the_order_counts_when_it_is_there(self, now, pay):
        unpaid = session(payment_status="unpaid", client_reference_id=self.anna.code)
        told(pay, stripe("checkout.session.completed", unpaid, now=now), status=202)

        paid = unpaid | {"payment_status": "paid"}
        told(pay, stripe("checkout.session.async_payment_succeeded", paid, now=now, number="evt_2"))

        assert Conversion.objects.get().amount == 4900

    @pytest.mark.parametrize(
        ("currency", "told_as", "amount"),
        [
            ("jpy", 4900, 4900),
            ("kwd", 49000, 49000),
            ("isk", 490000, 4900),
            ("ugx", 490000, 4900),
            ("huf", 4900, 4900),
        ],
    )
    def test_each_currency_has_the_amount_that_stripe_means(self, now, pay, currency, told_as, amount):
        paid = session(currency=currency, amount_total=told_as, client_reference_id=self.anna.code)
        told(pay, stripe("checkout.session.completed", paid, now=now))

        sale = Conversion.objects.get()
        assert (sale.amount, sale.currency) == (amount, currency.upper())

    @pytest.mark.parametrize("order", list(permutations(["sale", "one", "both"])))
    def test_refunds_are_told_as_their_sum_in_whatever_order(self, now, pay, order):
        charge = {"object": "charge", "payment_intent": "pi_1", "currency": "eur", "amount": 4900}
        calls = {
            "sale": ("checkout.session.completed", session(client_reference_id=self.anna.code)),
            "one": ("charge.refunded", charge | {"amount_refunded": 900}),
            "both": ("charge.refunded", charge | {"amount_refunded": 1400}),
        }
        for name in (*order, *order):
            told(pay, stripe(*calls[name], now=now, number=f"evt_{name}"))

        assert Conversion.objects.get().refunded == 1400

    def test_a_thin_event_means_nothing(self, now, pay):
        thin = {
            "object": "v2.core.event",
            "related_object": {"id": "cs_1", "url": "/v1/checkout/sessions/cs_1"},
        }
        call = stripe("v1.checkout.session.completed", {}, now=now, **thin)

        assert told(pay, call, status=202) == "Nobody has said what it means when this system says that."


def shopify(topic, payload, *, now, number="w1"):
    body = json.dumps(payload).encode()
    sign = base64.b64encode(mac(body)).decode()
    headers = {"x-shopify-topic": topic, "x-shopify-hmac-sha256": sign, "x-shopify-webhook-id": number}
    return Arrived(headers, "/hooks/x/", body, now)


def shop_order(**more):
    return {
        "id": 820982911946154508, "test": False, "currency": "EUR", "presentment_currency": "USD",
        "total_price": "49.00", "subtotal_price": "41.18", "email": "", "contact_email": None, "phone": None,
        "customer": {"id": 11531062, "email": "ben@friend.example", "first_name": "Ben", "last_name": "Weber"},
        "billing_address": None, "discount_codes": [], "note_attributes": [],
        "processed_at": "2026-03-04T05:00:00-05:00",
    } | more  # fmt: skip


class TestShopify:
    def test_the_code_comes_as_attribute_of_the_cart_and_the_buyer_from_wherever_they_are_named(self, now):
        anna = EnrolmentFactory()
        shop = connect("shopify", program=anna.program)
        kept = [{"name": "gift", "value": "yes"}, {"name": "goodword_code", "value": anna.code}]
        codes = [{"code": "WELCOME10", "amount": "4.90", "type": "percentage"}]

        told(shop, shopify("orders/paid", shop_order(note_attributes=kept, discount_codes=codes), now=now))

        assert Referral.objects.values_list("email", "name").get() == ("ben@friend.example", "Ben Weber")

    def test_a_test_order_and_a_refund_that_failed_change_nothing(self, now):
        referral = ReferralFactory(email="ben@friend.example")
        shop = connect("shopify", program=referral.program)
        told(shop, shopify("orders/paid", shop_order(id=1, test=True), now=now, number="w0"), status=202)
        told(shop, shopify("orders/paid", shop_order(), now=now))
        parts = [
            {"kind": "refund", "status": "failure", "amount": "49.00", "currency": "EUR", "test": False},
            {"kind": "refund", "status": "success", "amount": "9.00", "currency": "EUR", "test": False},
        ]
        refund = {"id": 509562969, "order_id": 820982911946154508, "note": None, "transactions": parts}
        told(shop, shopify("refunds/create", refund, now=now, number="w2"))
        told(shop, shopify("refunds/create", refund, now=now, number="w3"))

        assert Conversion.objects.get().refunded == 900

    def test_a_refund_beyond_what_counted_takes_the_sale_back(self, now):
        referral = ReferralFactory(email="ben@friend.example")
        shop = connect("shopify", program=referral.program)
        order = HookMapping.objects.get(source=shop, says="orders/paid")
        order.pointers["amount"] = "/subtotal_price"
        order.save()
        told(shop, shopify("orders/paid", shop_order(), now=now))

        part = {"kind": "refund", "status": "success", "amount": "49.00", "currency": "EUR", "test": False}
        refund = {"id": 5, "order_id": 820982911946154508, "transactions": [part]}
        told(shop, shopify("refunds/create", refund, now=now, number="w2"))

        assert Conversion.objects.get().reversed_at is not None


def hubspot(payload, *, now, settings):
    body, stamp = json.dumps(payload).encode(), f"{int(now.timestamp())}000"
    signed = f"POST{settings.BASE_URL}/hooks/x/".encode() + body + stamp.encode()
    sign = base64.b64encode(mac(signed)).decode()
    headers = {"x-hubspot-signature-v3": sign, "x-hubspot-request-timestamp": stamp}
    return Arrived(headers, "/hooks/x/", body, now)


class TestHubSpot:
    def test_a_batch_sent_again_in_another_cut_happens_once(self, now, settings):
        crm = connect("hubspot")
        changed = [
            {
                "eventId": n, "subscriptionType": "deal.propertyChange", "objectId": n, "propertyName": "dealstage",
                "propertyValue": "closedwon", "occurredAt": 1772000000000, "attemptNumber": 0,
            }
            for n in range(3)
        ]  # fmt: skip
        crm.type_at = "/subscriptionType"
        crm.save()
        told(crm, hubspot(changed, now=now, settings=settings), status=202)
        again = [one | {"attemptNumber": 1} for one in changed[1:]]
        told(crm, hubspot(again, now=now, settings=settings), status=202)

        assert HookDelivery.objects.count() == 3

    def test_a_workflow_writes_flat_pairs(self, now, settings):
        referral = ReferralFactory(email="ben@friend.example")
        crm = connect("hubspot", program=referral.program)
        won = {
            "type": "deal.won",
            "deal_id": 987,
            "amount": "1299.5",
            "currency": "EUR",
            "email": "ben@friend.example",
        }

        told(crm, hubspot(won, now=now, settings=settings))

        assert Conversion.objects.get().amount == 129950


@pytest.mark.parametrize("first", ["sale", "refund"])
def test_a_refund_in_another_currency_than_the_order_is_not_mistaken_for_its_cents(now, first):
    referral = ReferralFactory(email="ben@friend.example")
    shop = connect("shopify", program=referral.program)
    part = {"kind": "refund", "status": "success", "amount": "20.00", "currency": "USD", "test": False}
    refund = {"id": 5, "order_id": 820982911946154508, "transactions": [part]}
    calls = {
        "sale": shopify("orders/paid", shop_order(), now=now),
        "refund": shopify("refunds/create", refund, now=now, number="w2"),
    }
    for name in (first, *calls):
        take_call(shop, calls[name])

    assert Conversion.objects.values_list("refunded", "reversed_at").get() == (0, None)
