"""How other systems sign their calls: one small function each, over the bytes as they came."""

import base64
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from re import Pattern
from typing import NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# A call that was signed longer ago, or lies further ahead, is a replay or a broken clock.
TOLERANCE = timedelta(minutes=5)


class Arrived(NamedTuple):
    """A call as it came: its headers, its path and the bytes of its body."""

    headers: Mapping[str, str]
    path: str
    body: bytes
    now: datetime


class Scheme(NamedTuple):
    """How a system signs: ``fits`` says whether this secret signed this call; which headers hold the call's
    own number and type, where they do not stand in the body. One that ``gives_up`` stops calling, or cuts the
    connection, after some refusals. ``hundredths`` are the currencies without cents that it writes in cents all the
    same; ``ping`` is what it sends unsigned to see whether anybody is there."""

    label: str | Promise
    fits: Callable[[Arrived, str], bool]
    id_header: str = ""
    type_header: str = ""
    gives_up: bool = False
    hundredths: tuple[str, ...] = ()
    ping: Pattern[bytes] | None = None


def _standard(call: Arrived, secret: str) -> bool:
    key, moment = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    if not key or not _is_fresh(moment, call.now):
        return False
    signed = f"{key}.{moment}.".encode() + call.body
    mine = base64.b64encode(_hmac(_standard_key(secret), signed)).decode()
    given = call.headers.get("webhook-signature", "").split(" ")
    return any(_same(one.removeprefix("v1,"), mine) for one in given if one.startswith("v1,"))


def _stripe(call: Arrived, secret: str) -> bool:
    parts = [part.partition("=") for part in call.headers.get("stripe-signature", "").split(",")]
    moment = next((value for name, _is, value in parts if name.strip() == "t"), "")
    if not _is_fresh(moment, call.now):
        return False
    mine = _hmac(secret.encode(), f"{moment}.".encode() + call.body).hex()
    return any(_same(value, mine) for name, _is, value in parts if name.strip() == "v1")


def _of_body(header: str) -> Callable[[Arrived, str], bool]:
    """Base64 of the HMAC of the body alone, as Shopify and WooCommerce send it."""

    def fits(call: Arrived, secret: str) -> bool:
        mine = base64.b64encode(_hmac(secret.encode(), call.body)).decode()
        return _same(call.headers.get(header, ""), mine)

    return fits


def _hubspot(call: Arrived, secret: str) -> bool:
    moment = call.headers.get("x-hubspot-request-timestamp", "")
    if not moment.isascii() or not moment.isdecimal() or not _is_fresh(moment[:-3], call.now):
        return False
    signed = b"POST" + (settings.BASE_URL + call.path).encode() + call.body + moment.encode()
    mine = base64.b64encode(_hmac(secret.encode(), signed)).decode()
    return _same(call.headers.get("x-hubspot-signature-v3", ""), mine)


def _bearer(call: Arrived, secret: str) -> bool:
    return _same(call.headers.get("authorization", ""), f"Bearer {secret}")


SCHEMES: dict[str, Scheme] = {
    "standard": Scheme(_("Standard Webhooks"), _standard, id_header="webhook-id"),
    "shopify": Scheme(
        "Shopify", _of_body("x-shopify-hmac-sha256"), "x-shopify-webhook-id", "x-shopify-topic", gives_up=True
    ),
    "stripe": Scheme("Stripe", _stripe, gives_up=True, hundredths=("ISK", "UGX")),
    "woocommerce": Scheme(
        "WooCommerce", _of_body("x-wc-webhook-signature"), "x-wc-webhook-delivery-id", "x-wc-webhook-topic",
        gives_up=True, ping=re.compile(rb"webhook_id=\d{1,20}"),
    ),
    "hubspot": Scheme(_("HubSpot (version 3)"), _hubspot, gives_up=True),
    "bearer": Scheme(_("a secret in the Authorization header (Zapier, Salesforce)"), _bearer),
}  # fmt: skip


def is_signed(call: Arrived, scheme: str, secrets: list[str]) -> bool:
    """Whether one of the secrets signed this call. Takes as long whichever it is."""
    return sum(SCHEMES[scheme].fits(call, secret) for secret in secrets if secret) > 0


def is_ping(call: Arrived, scheme: str) -> bool:
    """Whether this only tries the address."""
    ping = SCHEMES[scheme].ping
    return bool(ping and ping.fullmatch(call.body))


def _is_fresh(moment: str, now: datetime) -> bool:
    if not moment.isascii() or not moment.isdecimal() or len(moment) > 12:
        return False
    return abs(now - datetime.fromtimestamp(int(moment), UTC)) <= TOLERANCE


def _standard_key(secret: str) -> bytes:
    """As the package standardwebhooks reads it: padding may be missing."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_") + "==")
    except ValueError:
        return secret.encode()


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, sha256).digest()


def _same(given: str, mine: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), mine.encode())
