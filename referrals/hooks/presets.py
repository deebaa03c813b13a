"""Where usual systems say what, so that they can be connected without looking for it.

Written down from their public webhook references in November 2026; each can be changed once it is there.
"""

import json
from typing import Any, NamedTuple

from referrals.hooks.meanings import Meaning
from referrals.hooks.pointers import AND, OR


class Preset(NamedTuple):
    """How a system signs, where its word for what happened stands, and what its words mean."""

    label: str
    scheme: str
    type_at: str
    id_at: str
    mappings: dict[str, dict[str, Any]]


def _means(means: str, minor_units: bool = False, /, *, only_if: str = "", **pointers: str) -> dict[str, Any]:
    return {"means": means, "minor_units": minor_units, "pointers": pointers, "only_if": only_if}


# A shop's own pages hand the code on as an attribute of the cart or as metadata; else it is a code for a discount.
_SHOPIFY_ORDER = {
    "order": "/id", "amount": "/total_price", "currency": "/currency", "customer": "/customer/id",
    "email": "/email | /contact_email | /customer/email", "phone": "/phone | /billing_address/phone | /customer/phone",
    "name": "/billing_address/name | /customer/first_name + /customer/last_name",
    "company": "/billing_address/company", "country": "/billing_address/country_code", "at": "/processed_at",
    "code": "/note_attributes/*[name=goodword_code]/value | /discount_codes/*/code",
}  # fmt: skip
_WOO_ORDER = {
    "order": "/id", "amount": "/total", "currency": "/currency", "refunded": "/refunds/*/total",
    "customer": "/customer_id", "email": "/billing/email", "phone": "/billing/phone",
    "name": "/billing/first_name + /billing/last_name", "company": "/billing/company", "country": "/billing/country",
    "code": "/meta_data/*[key=goodword_code]/value | /coupon_lines/*/code", "at": "/date_paid_gmt",
}  # fmt: skip
_STRIPE_CODE = "/data/object/metadata/goodword_code | /data/object/client_reference_id"
_STRIPE_SESSION = _means(
    Meaning.ORDER_PAID, True, order="/data/object/payment_intent | /data/object/invoice",
    amount="/data/object/amount_total", currency="/data/object/currency", customer="/data/object/customer",
    email="/data/object/customer_details/email", name="/data/object/customer_details/name",
    phone="/data/object/customer_details/phone", country="/data/object/customer_details/address/country",
    code=_STRIPE_CODE, at="/created",
    only_if="/livemode is not false\n/data/object/payment_status is paid\n/data/object/amount_total is not 0",
)  # fmt: skip
PRESETS: dict[str, Preset] = {
    "own": Preset("Our own system", "standard", "/type", "", {
        "order.paid": _means(
            Meaning.ORDER_PAID, True, order="/data/order", amount="/data/amount", currency="/data/currency",
            customer="/data/customer", email="/data/email", code="/data/code", at="/timestamp",
        ),
        "order.refunded": _means(
            Meaning.ORDER_REFUNDED, True, order="/data/order", amount="/data/amount", currency="/data/currency",
            refund="/data/refund", reason="/data/reason",
        ),
        "deal.won": _means(
            Meaning.DEAL_WON, True, order="/data/deal", amount="/data/amount", currency="/data/currency",
            customer="/data/customer", email="/data/email", company="/data/company", code="/data/code",
            at="/timestamp",
        ),
        "deal.lost": _means(
            Meaning.DEAL_LOST, customer="/data/customer", email="/data/email", reason="/data/reason", at="/timestamp"
        ),
        "customer.created": _means(
            Meaning.CUSTOMER_CREATED, customer="/data/customer", email="/data/email", name="/data/name"
        ),
        "tag.applied": _means(Meaning.TAG_APPLIED, customer="/data/customer", email="/data/email", tag="/data/tag"),
        "tag.removed": _means(Meaning.TAG_REMOVED, customer="/data/customer", email="/data/email", tag="/data/tag"),
        "contact.unsubscribed": _means(
            Meaning.UNSUBSCRIBED, customer="/data/customer", email="/data/email", phone="/data/phone"
        ),
    }),
    "shopify": Preset("Shopify", "shopify", "", "", {
        "orders/paid": _means(Meaning.ORDER_PAID, only_if="/test is not true", **_SHOPIFY_ORDER),
        "orders/cancelled": _means(
            Meaning.ORDER_REFUNDED, only_if="/test is not true", order="/id", reason="/cancel_reason"
        ),
        "refunds/create": _means(
            Meaning.ORDER_REFUNDED, order="/order_id", refund="/id",
            amount="/transactions/*[status=success]/amount", currency="/transactions/*[status=success]/currency",
            reason="/note", only_if="/transactions/0/test is not true",
        ),
        "customers/create": _means(
            Meaning.CUSTOMER_CREATED, customer="/id", email="/email", name="/first_name + /last_name",
            phone="/phone | /default_address/phone", company="/default_address/company",
            country="/default_address/country_code",
        ),
    }),
    "woocommerce": Preset("WooCommerce", "woocommerce", "/status", "", {
        "processing": _means(Meaning.ORDER_PAID, **_WOO_ORDER),
        "completed": _means(Meaning.ORDER_PAID, **_WOO_ORDER),
        "refunded": _means(Meaning.ORDER_REFUNDED, order="/id"),
        "cancelled": _means(Meaning.ORDER_REFUNDED, order="/id"),
        "customer.created": _means(
            Meaning.CUSTOMER_CREATED, customer="/id", email="/email", name="/first_name + /last_name",
            phone="/billing/phone", company="/billing/company", country="/billing/country",
        ),
    }),
    "stripe": Preset("Stripe", "stripe", "/type", "/id", {
        "checkout.session.completed": _STRIPE_SESSION,
        # Paid by bank transfer or debit, the session is complete days before the money is there.
        "checkout.session.async_payment_succeeded": _STRIPE_SESSION,
        # Of a one-off payment the session tells; a trial costs nothing.
        "invoice.paid": _means(
            Meaning.ORDER_PAID, True, order="/data/object/id", amount="/data/object/amount_paid",
            currency="/data/object/currency", customer="/data/object/customer", email="/data/object/customer_email",
            name="/data/object/customer_name", phone="/data/object/customer_phone",
            country="/data/object/customer_address/country",
            code="/data/object/parent/subscription_details/metadata/goodword_code"
            " | /data/object/subscription_details/metadata/goodword_code | /data/object/metadata/goodword_code",
            at="/data/object/status_transitions/paid_at",
            only_if="/livemode is not false\n/data/object/billing_reason is subscription_create, subscription_cycle,"
            " subscription_update\n/data/object/amount_paid is not 0",
        ),
        # Told with every refund, in part or whole, with the sum of all.
        "charge.refunded": _means(
            Meaning.ORDER_REFUNDED, True, order="/data/object/payment_intent", currency="/data/object/currency",
            refunded="/data/object/amount_refunded", only_if="/livemode is not false",
        ),
        "credit_note.created": _means(
            Meaning.ORDER_REFUNDED, True, order="/data/object/invoice", amount="/data/object/amount",
            currency="/data/object/currency", refund="/data/object/id", reason="/data/object/reason",
            only_if="/livemode is not false",
        ),
        "customer.created": _means(
            Meaning.CUSTOMER_CREATED, customer="/data/object/id", email="/data/object/email",
            name="/data/object/name", phone="/data/object/phone", country="/data/object/address/country",
            only_if="/livemode is not false",
        ),
    }),
    "hubspot": Preset("HubSpot (workflow)", "hubspot", "/type", "", {
        "deal.won": _means(
            Meaning.DEAL_WON, order="/deal_id", amount="/amount", currency="/currency", customer="/contact_id",
            email="/email", name="/first_name + /last_name", company="/company", code="/code",
        ),
        "deal.lost": _means(Meaning.DEAL_LOST, customer="/contact_id", email="/email", reason="/reason"),
        "contact.unsubscribed": _means(Meaning.UNSUBSCRIBED, customer="/contact_id", email="/email"),
    }),
    "salesforce": Preset("Salesforce (flow)", "bearer", "/type", "/id", {
        "Closed Won": _means(
            Meaning.DEAL_WON, order="/OpportunityId", amount="/Amount", currency="/CurrencyIsoCode",
            customer="/ContactId", email="/Email", company="/AccountName",
        ),
        "Closed Lost": _means(Meaning.DEAL_LOST, customer="/ContactId", email="/Email"),
        "Opted Out": _means(Meaning.UNSUBSCRIBED, customer="/ContactId", email="/Email"),
    }),
    "zapier": Preset("Zapier", "bearer", "/type", "/id", {
        "sale": _means(
            Meaning.ORDER_PAID, order="/order", amount="/amount", currency="/currency", email="/email",
            customer="/customer", code="/code",
        ),
        "tag": _means(Meaning.TAG_APPLIED, email="/email", customer="/customer", tag="/tag"),
        "score": _means(Meaning.SATISFACTION, email="/email", customer="/customer", score="/score"),
        "unsubscribed": _means(Meaning.UNSUBSCRIBED, email="/email", customer="/customer", phone="/phone"),
    }),
}  # fmt: skip
# Of these, whoever connects them writes the body of the call: it is there to be copied.
WRITTEN_BY_HAND = {"own", "hubspot", "salesforce", "zapier"}
EXAMPLES: dict[str, Any] = {
    "order": "1042", "amount": 49.0, "currency": "EUR", "customer": "C-7", "email": "ben@example.com",
    "name": "Ben Weber", "company": "Weber Ltd", "phone": "+39 06 1234567", "code": "ANNA42", "tag": "VIP",
    "score": 9, "refund": "R-1", "reason": "Sent back", "at": "2026-11-26T10:00:00Z",
}  # fmt: skip


def example_of(preset: str, says: str) -> str:
    """The body of a call that this system is to be told to send, with example values; empty where it writes
    its calls itself."""
    if preset not in WRITTEN_BY_HAND:
        return ""
    how = PRESETS[preset]
    body: dict[str, Any] = {}
    mapping = how.mappings[says]
    values = EXAMPLES | ({"amount": 4900} if mapping["minor_units"] else {})
    _put(body, how.type_at, says)
    for fact, places in mapping["pointers"].items():
        first = places.split(OR)[0].split(AND)
        words = values[fact].split() if len(first) > 1 else [values[fact]]
        for pointer, value in zip(first, words, strict=True):
            _put(body, pointer, value)
    return json.dumps(body, indent=2)


def _put(body: dict[str, Any], pointer: str, value: Any) -> None:
    *before, last = pointer.removeprefix("/").split("/")
    for name in before:
        body = body.setdefault(name, {})
    body[last] = value
