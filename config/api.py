"""The API at /api/v1/: routers of the three apps, and one way to say what went wrong."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.signals import got_request_exception
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import HttpError, ValidationError

from campaigns import api as links
from campaigns import survey_api as surveys
from config.openapi import DescribedAPI
from referrals.api import advocates, conversions, events, leads, programs, referrals, tags
from referrals.api.body import StrictParser
from referrals.api.parameters import known_parameters_only
from referrals.api.problems import Problem, invalid, pointer_to, words_of
from referrals.transitions import Refused
from rewards import api as rewards

logger = logging.getLogger(__name__)
COME_BACK_IN = 10

api = DescribedAPI(
    title="Goodword",
    version="1",
    urls_namespace="api",
    description="Advocates, what they did, whom they recommend, what was sold, and the rewards for it. A field or "
    "parameter that is not described here is refused, with the ones that are: passed over, it would be missed.",
    parser=StrictParser(),
)
api.add_decorator(known_parameters_only, mode="view")
for module in (programs, advocates, tags, links, events, referrals, conversions, leads, rewards, surveys):
    api.add_router("", module.router)


@api.exception_handler(Problem)
def say_problem(request: HttpRequest, problem: Any) -> HttpResponse:
    answer: HttpResponse = problem.answer()
    return answer


@api.exception_handler(Refused)
def say_refused(request: HttpRequest, refused: Any) -> HttpResponse:
    return Problem(409, refused).answer()


@api.exception_handler(IntegrityError)
def say_overtaken(request: HttpRequest, error: Any) -> HttpResponse:
    # The constraints decide; what was looked up before may be over by now.
    logger.info("Overtaken: %s", error)
    return Problem(409, "Another call did the same at this moment. Nothing was done; send it again.").answer()


@api.exception_handler(HttpError)
def say_http_error(request: HttpRequest, error: Any) -> HttpResponse:
    # Whatever the parser says comes wrapped.
    cause = error.__cause__
    problem = cause if isinstance(cause, Problem) else Problem(error.status_code, error)
    return problem.answer()


@api.exception_handler(ValidationError)
def say_invalid(request: HttpRequest, error: Any) -> HttpResponse:
    return invalid([_wrong(one) for one in error.errors]).answer()


@api.exception_handler(Http404)
def say_not_found(request: HttpRequest, error: Any = None) -> HttpResponse:
    return Problem(404, "Nothing stands at this address. All addresses are in /api/v1/docs.").answer()


@api.exception_handler(Exception)
def say_broken(request: HttpRequest, error: Exception) -> HttpResponse:
    got_request_exception.send(sender=None, request=request)
    logger.error("%s %s", request.method, request.path, exc_info=error)
    if isinstance(error, OperationalError | InterfaceError):
        problem = Problem(
            503, "The database does not answer. Nothing was done.", Retry_After=str(COME_BACK_IN)
        )
        return problem.answer()
    return Problem(500, "Nothing was done, and we were told. Send the same again later.").answer()


def _wrong(error: dict[str, Any]) -> dict[str, str]:
    """One finding, with where it is: a JSON pointer into the body, or the name of a parameter."""
    source, *place = error["loc"]
    if source != "body":
        return {"parameter": str(place[-1]), "detail": words_of(error)}
    return {"pointer": pointer_to(place[1:]), "detail": words_of(error)}


def _with_problems(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return say_not_found(request)
        if response.status_code != 405:
            return response
        allowed = response.headers["Allow"]
        return Problem(405, f"{request.method} means nothing here. Use {allowed}.", Allow=allowed).answer()

    return door


def _patterns() -> tuple[list[URLPattern], str, str]:
    found, app_name, namespace = api.urls
    for pattern in found:
        pattern.callback = _with_problems(pattern.callback)  # type: ignore[arg-type]
    return [*found, path("<path:rest>", say_nowhere)], app_name, namespace  # type: ignore[list-item]


@csrf_exempt
def say_nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    return say_not_found(request)


urls = _patterns()
