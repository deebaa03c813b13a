"""Pages for what went wrong: what happened, what was not lost, what to do. None of them asks the database."""

import logging
import sys
from datetime import timedelta
from math import ceil

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
COME_BACK_IN = timedelta(seconds=10)


def too_many_requests(request: HttpRequest, wait: timedelta = timedelta(minutes=1)) -> HttpResponse:
    """429: the limit, in calm words; ``wait`` tells machines when to come back."""
    return _page("429.html", 429, wait)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from somewhere else, without cookies, or from a page left open for long."""
    logger.info("CSRF check refused %s: %s", request.path, reason)
    return HttpResponse(render_to_string("403.html", {"stale_form": True}), status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 when the database did not answer, whoever asked it: a view, the session, the sign-in."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _page("503.html", 503, COME_BACK_IN)
    return _page("500.html", 500)


def _page(template: str, status: int, wait: timedelta | None = None) -> HttpResponse:
    response = HttpResponse(render_to_string(template), status=status)
    if wait:
        response["Retry-After"] = str(ceil(wait.total_seconds()))
    return response
