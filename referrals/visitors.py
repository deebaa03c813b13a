"""Who is at the door: the client's address, and whether it is a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network

import crawleruseragents
from django.conf import settings
from django.http import HttpRequest

from referrals.contacts import keyed_hash


@dataclass(frozen=True)
class Client:
    """Where somebody sat, as hashes that say nothing but “the same”: the device for a month, the connection
    with and without the browser for a day (UTC)."""

    device: str = ""
    visitor: str = ""
    address: str = ""


def client_of(request: HttpRequest, now: datetime) -> Client:
    """Who sends this form. The device is known by the cookie that guards our forms, and by no other."""
    device = _device(request, now)
    if ip_address(client_address(request)).is_loopback:
        # Everybody seems to come from this machine: somebody tries it out, or a proxy is not declared.
        return Client(device=device)
    return Client(
        device=device,
        visitor=visitor_hash(request, now)[:16],
        address=keyed_hash(f"address|{now:%Y-%m-%d}|{client_address(request)}")[:16],
    )


def devices_of(request: HttpRequest, now: datetime) -> set[str]:
    """What this device may be called in a form it sent lately: its name of this month and of the last."""
    last_month = now.replace(day=1) - timedelta(days=1)
    return {_device(request, now), _device(request, last_month)} - {""}


def _device(request: HttpRequest, now: datetime) -> str:
    cookie = request.META.get("CSRF_COOKIE", "")
    return keyed_hash(f"device|{now:%Y-%m}|{cookie}")[:16] if cookie else ""


def client_address(request: HttpRequest) -> str:
    """The client's IP address, believing as many proxies as TRUSTED_PROXY_COUNT says, and no more."""
    chain = [a.strip() for a in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if a.strip()]
    count = settings.TRUSTED_PROXY_COUNT
    candidate = chain[-count] if count and len(chain) >= count else request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(candidate)
        # A server that listens on both hears IPv4 in the clothes of IPv6; all of it is one /64.
        return str(getattr(address, "ipv4_mapped", None) or address)
    except ValueError:
        return "0.0.0.0"  # noqa: S104 - no address to bind to, only "unknown"


def client_network(request: HttpRequest) -> str:
    """The client's neighbourhood, /24 or /64: limits count these, or one machine could use many addresses."""
    address = client_address(request)
    return str(ip_network(f"{address}/{64 if ':' in address else 24}", strict=False))


def visitor_hash(request: HttpRequest, now: datetime) -> str:
    """The same for one browser within one day (UTC), and of no use on the next."""
    browser = request.META.get("HTTP_USER_AGENT", "")
    return keyed_hash(f"{now:%Y-%m-%d}|{client_address(request)}|{browser}")


def is_bot(request: HttpRequest) -> bool:
    """Whether this is a crawler, a preview, a prefetch or anything else that is no person looking."""
    meta = request.META
    prefetch = "prefetch" in f"{meta.get('HTTP_PURPOSE', '')} {meta.get('HTTP_SEC_PURPOSE', '')}".lower()
    return request.method != "GET" or prefetch or _is_bot_name(meta.get("HTTP_USER_AGENT", "")[:400])


def calls_itself_bot(request: HttpRequest) -> bool:
    """Whether a machine reports, by its own name; whatever the method."""
    return _is_bot_name(request.META.get("HTTP_USER_AGENT", "")[:400])


@lru_cache(maxsize=4096)
def _is_bot_name(name: str) -> bool:
    return not name or crawleruseragents.is_crawler(name)
