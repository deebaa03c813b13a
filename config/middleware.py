from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from campaigns.views.health import healthz, readyz

Handler = Callable[[HttpRequest], HttpResponse]
PROBES: dict[str, Handler] = {"/healthz/": healthz, "/readyz/": readyz}


def probes(get_response: Handler) -> Handler:
    """Answers monitors before host names, sessions and sign-ins are looked at: they knock by IP address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path_info, get_response)(request)

    return middleware


class SpeakOneLanguage(LocaleMiddleware):
    """Django speaks six of our languages from the start, our own words not yet: a page that mixes two is
    worse than one in English. A language counts once its catalogue is complete (TRANSLATED)."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if translation.get_language() not in settings.TRANSLATED:
            translation.activate(settings.LANGUAGE_CODE)
            request.LANGUAGE_CODE = settings.LANGUAGE_CODE
