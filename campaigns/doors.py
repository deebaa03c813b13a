"""What stands in front of the public pages: limits, and what may be kept or passed on of them."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from campaigns.views.errors import too_many_requests
from referrals.models import Limit
from referrals.visitors import client_network

_SLUG = re.compile(r"[\w-]+", re.ASCII)
View = Callable[..., HttpResponse]
Row = TypeVar("Row")
A_MINUTE, AN_HOUR, A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FORMS_A_MINUTE, FORMS_A_DAY = 10, 200
UNKNOWN_LINKS_AN_HOUR = 60


def private_page(view: View) -> View:
    """For pages with a secret in the address, or about one person: nobody keeps, lists or passes it on."""

    @wraps(view)
    def door(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        # Other sites get nothing. "no-referrer" would make browsers send "Origin: null" with our own
        # forms, and the check against forged forms would refuse every one of them.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return door


def limit_forms(view: View) -> View:
    """So many forms a minute and a day from one network, and none that another site sends.

    Asking for room for one more friend stores nothing and does not count.
    """

    @wraps(view)
    def door(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if request.method == "POST":
            if request.headers.get("Sec-Fetch-Site") == "cross-site":
                raise PermissionDenied
            if "another" not in request.POST and (wait := _wait(request)):
                return too_many_requests(request, wait)
        return view(request, *args, **kwargs)

    return door


def _wait(request: HttpRequest) -> timedelta | None:
    limits = {A_MINUTE: FORMS_A_MINUTE, A_DAY: FORMS_A_DAY}
    return Limit.objects.wait("form", client_network(request), limits, now=timezone.now())


def count_unknown(view: View) -> View:
    """Codes and tokens that do not exist are answered for a while, and then not: nobody finds one by trying."""

    @wraps(view)
    def door(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            limits = {AN_HOUR: UNKNOWN_LINKS_AN_HOUR}
            wait = Limit.objects.wait("unknown", client_network(request), limits, now=timezone.now())
            if wait is None:
                raise
            return too_many_requests(request, wait)

    return door


def channel_slug(request: HttpRequest) -> str:
    """The channel by whose link somebody came (``?c=``), if what stands there can be one."""
    slug = request.GET.get("c", "")[:20]
    return slug if _SLUG.fullmatch(slug) else ""


def only_one(rows: Sequence[Row]) -> Row:
    """The row that was found; raises Http404 when there is none."""
    if not rows:
        raise Http404
    return rows[0]
