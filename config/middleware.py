from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from campaigns.views.health import healthz, readyz

Handler = Callable[[HttpRequest], HttpResponse]
PROBES: dict[str, Handler] = {"/healthz/": healthz, "/readyz/": readyz}


def probes(get_response: Handler) -> Handler:
    """Answers monitors before host names, sessions and sign-ins are looked at: they knock by IP address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path_info, get_response)(request)

    return middleware
