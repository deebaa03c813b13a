"""``Idempotency-Key``: the same call again gets the same answer, and happens once."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from referrals.api.key import key_of
from referrals.api.problems import Problem
from referrals.models import ApiCall
from referrals.models.api_call import StillRunning

LONGEST = 255
View = Callable[..., HttpResponse]


def once(view: View) -> View:
    """Do the whole call in one transaction; with an Idempotency-Key, once in 24 hours.

    What was refused is undone, the note of it included: the same key may carry the corrected call.
    """

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = request.headers.get("Idempotency-Key", "")
        with transaction.atomic():
            if not name:
                return view(request, *args, **kwargs)
            call, is_first = _begin(request, name)
            if not is_first:
                return _again(call, request)
            response = view(request, *args, **kwargs)
            call.keep(response.status_code, response.content.decode())
            return response

    return door


def _begin(request: HttpRequest, name: str) -> tuple[ApiCall, bool]:
    if len(name) > LONGEST or not name.isascii() or not name.isprintable():
        wrong = {
            "parameter": "Idempotency-Key",
            "detail": f"Send 1 to {LONGEST} plain characters, such as a UUID.",
        }
        raise Problem(422, "The Idempotency-Key cannot be used. Nothing was done.", errors=[wrong])
    try:
        return ApiCall.objects.begin(key_of(request), name, _sent(request), now=timezone.now())
    except StillRunning:
        raise Problem(
            409, "A call with this Idempotency-Key is being answered. Ask again in a second.", Retry_After="1"
        ) from None


def _again(call: ApiCall, request: HttpRequest) -> HttpResponse:
    if not call.is_of(_sent(request)):
        raise Problem(409, "This Idempotency-Key was used for another call. Draw a new one for each call.")
    return HttpResponse(
        call.answer,
        status=call.status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "Idempotent-Replayed": "true"},
    )


def _sent(request: HttpRequest) -> bytes:
    return f"{request.method} {request.get_full_path()}\n".encode() + request.body
