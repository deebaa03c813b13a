"""Who knocks: the key that another system shows, how often, and what it may do."""

from datetime import timedelta
from math import ceil
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from referrals.api.body import take_body
from referrals.api.problems import Problem
from referrals.models import ApiKey, Limit
from referrals.visitors import client_network

A_MINUTE = timedelta(minutes=1)
WRONG_KEYS_A_MINUTE = 60


class Key(HttpBearer):
    """Lets in whoever shows a valid key that allows ``scope``; none, for what every key may read."""

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiKey:
        now = timezone.now()
        mark, _space, text = request.headers.get("Authorization", "").partition(" ")
        key = ApiKey.objects.of_text(text, now) if mark.lower() == "bearer" else None
        if key is None:
            raise _stranger(request)
        if wait := Limit.objects.wait("api", key.prefix, {A_MINUTE: key.calls_a_minute}, now=now):
            raise _too_many(key.calls_a_minute, wait)
        if self.scope and not key.allows(self.scope):
            raise Problem(403, f"This key may not do this: it needs “{self.scope}”. Make one that has it.")
        key.asked_at = now
        key.note_use(now)
        take_body(request)
        return key

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        raise NotImplementedError


def key_of(request: HttpRequest) -> ApiKey:
    """The key that was let in."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key


def _stranger(request: HttpRequest) -> Problem:
    network, now = client_network(request), timezone.now()
    if wait := Limit.objects.wait("api-stranger", network, {A_MINUTE: WRONG_KEYS_A_MINUTE}, now=now):
        return _too_many(WRONG_KEYS_A_MINUTE, wait)
    return Problem(
        401,
        "Send a valid key in the header Authorization: Bearer gw_… A manager makes keys in the back office.",
        WWW_Authenticate="Bearer",
    )


def _too_many(limit: int, wait: timedelta) -> Problem:
    seconds = ceil(wait.total_seconds())
    return Problem(429, f"At most {limit:,} calls a minute. Wait {seconds} s.", Retry_After=str(seconds))
