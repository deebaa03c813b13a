from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader


def unavailable(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answers 503 with a plain page when the database does not: nothing is half done, come back soon."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        page = loader.render_to_string("503.html")
        return HttpResponse(page, status=503, headers={"Retry-After": "10"})

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
