"""The systems that we know: what they send as it is, and what one is told to let them send."""

import base64
import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from referrals.contacts import phone_key
from referrals.hooks.pointers import find
from referrals.hooks.presets import PRESETS, WRITTEN_BY_HAND, example_of
from referrals.hooks.reading import read_facts
from referrals.hooks.schemes import Arrived
from referrals.models import Conversion
from referrals.services.hook import take_call
from tests.factories import HOOK_SECRET, ProgramFactory, ReferralFactory
from tests.referrals.test_hook import connect

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 27, tzinfo=UTC)


def shopify(topic, payload, *, now):
    body = json.dumps(payload).encode()
    signature = base64.b64encode(hmac.new(HOOK_SECRET.encode(), body, sha256).digest()).decode()
    return Arrived({"x-shopify-topic": topic, "x-shopify-hmac-sha256": signature}, "/hooks/x/", body, now)


def test_an_untidy_buyer_costs_nobody_the_sale(now):
    referral = ReferralFactory(
        enrolment__program__country="GB", phone="+447700900123", phone_key=phone_key("+447700900123")
    )
    source = connect("shopify", program=referral.program)
    order = {
        "id": 1001, "total_price": "49.00", "currency": "GBP", "phone": "07700 900123", "email": "ben at friend",
        "billing_address": {"name": "B3n", "country_code": None},
    }  # fmt: skip

    answer = take_call(source, shopify("orders/paid", order, now=now))

    assert answer.status == 200
    assert "Left out: e-mail address, at /email: This does not look like an e-mail address." in answer.words
    assert "Left out: name, at /billing_address/name:" in answer.words
    assert Conversion.objects.get().referral == referral


def test_a_shop_that_tells_a_refund_in_parts_is_added_up(now):
    referral = ReferralFactory()
    source = connect("shopify", program=referral.program)
    order = {"id": 1001, "total_price": "49.00", "currency": "EUR", "email": referral.email}
    take_call(source, shopify("orders/paid", order, now=now))
    parts = [{"amount": part, "currency": "EUR", "status": "success"} for part in ("9.00", "10.50")]

    restocked = take_call(
        source, shopify("refunds/create", {"id": 6, "order_id": 1001, "transactions": []}, now=now)
    )
    refund = take_call(
        source, shopify("refunds/create", {"id": 7, "order_id": 1001, "transactions": parts}, now=now)
    )

    assert (restocked.status, refund.status) == (202, 200)
    sale = Conversion.objects.get()
    assert (sale.refunded, sale.reversed_at) == (1950, None)


@pytest.mark.parametrize(
    ("preset", "says"), [(name, says) for name in sorted(WRITTEN_BY_HAND) for says in PRESETS[name].mappings]
)
def test_the_body_that_is_there_to_be_copied_is_taken_in(now, preset, says):
    meaning, body = PRESETS[preset].mappings[says], json.loads(example_of(preset, says))

    told = read_facts(
        meaning["means"],
        meaning["pointers"],
        body,
        program=ProgramFactory(),
        minor_units=meaning["minor_units"],
        now=NOVEMBER,
    )

    assert find(body, PRESETS[preset].type_at) == says
    assert (set(told.facts), told.left_out) == (set(meaning["pointers"]), [])
