"""Signed calls to other systems, and the guard that keeps them out of our own network."""

import base64
import hmac
import json
import socket
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from standardwebhooks import Webhook

TIMEOUT = 10
ANSWER_LIMIT = 10_000


class Answer(NamedTuple):
    """What the other system said: an HTTP status (0 when it could not be reached) and its text."""

    status: int
    text: str

    @property
    def is_yes(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_change(self) -> bool:
        """Whether the same call may go better later: nobody there, too busy, or broken."""
        return self.status in (0, 408, 425, 429) or self.status >= 500


def secret_of(name: str) -> str:
    """The signing secret of a receiver, as Standard Webhooks writes it; the same while HASH_KEY is."""
    key = hmac.new(settings.HASH_KEY.encode(), f"webhook:{name}".encode(), sha256).digest()
    return "whsec_" + base64.b64encode(key).decode()


def check_address(url: str) -> None:
    """Raises ValidationError, for a person, unless ``url`` is https with a host name and nothing else odd."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    odd = parts.username or parts.password or _is_number(host) or not _has_port(parts)
    if parts.scheme != "https" or "." not in host or odd:
        raise ValidationError(
            _("Write an https address with a host name, such as https://shop.example.com/gift.")
        )


def call(
    url: str,
    body: dict[str, Any],
    *,
    key: str,
    secret: str,
    now: datetime,
    older_secret: str = "",
    client: httpx.Client | None = None,
) -> Answer:
    """POST ``body`` as JSON, signed with the Standard Webhooks headers; ``key`` is the webhook-id. While a
    secret is being replaced, the call bears the signatures of both.

    Never raises for what the other side does. The host is looked up once, refused when it lies in a
    network that is not public, and called at that very address, so that no second look-up can differ.
    Redirects are not followed.
    """
    payload = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    headers = {
        "content-type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(
            Webhook(one).sign(msg_id=key, timestamp=now, data=payload)
            for one in (secret, older_secret)
            if one
        ),
    }
    try:
        if client is not None:
            return _read(client.post(url, content=payload, headers=headers))
        return _call_pinned(url, payload, headers)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return Answer(0, f"{type(error).__name__}: {error}"[:300])


def _call_pinned(url: str, payload: str, headers: dict[str, str]) -> Answer:
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = _public_address(host, parts.port or 443)
    if not address:
        return Answer(400, f"{host} lies in a network that is not public, so nobody was called.")
    shown = f"[{address}]" if ":" in address else address
    pinned = parts._replace(netloc=f"{shown}:{parts.port or 443}").geturl()
    with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
        # With its port, as every client says it: some servers tell their sites apart by it.
        headers |= {"host": parts.netloc}
        return _read(client.post(pinned, content=payload, headers=headers, extensions={"sni_hostname": host}))


def _public_address(host: str, port: int) -> str:
    """The first address of the host, if every one of them is public, or the host is one of our own network that
    the operator has named (WEBHOOK_HOSTS); empty otherwise."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    may_be = host in settings.WEBHOOK_HOSTS or all(ip_address(one).is_global for one in found)
    return found[0] if found and may_be else ""


def _has_port(parts: SplitResult) -> bool:
    """Whether the port, if one is named, is one."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host.replace(".", "").isdigit()
    return True


def _read(response: httpx.Response) -> Answer:
    return Answer(response.status_code, response.text[:ANSWER_LIMIT])
