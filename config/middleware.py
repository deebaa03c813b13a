from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.sessions import go_on, lacks_second_factor
from campaigns.views.health import healthz, readyz

Handler = Callable[[HttpRequest], HttpResponse]
PROBES: dict[str, Handler] = {"/healthz/": healthz, "/readyz/": readyz}


def probes(get_response: Handler) -> Handler:
    """Answers monitors before host names, sessions and sign-ins are looked at: they knock by IP address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path_info, get_response)(request)

    return middleware


class SpeakOneLanguage(LocaleMiddleware):
    """A page that mixes two languages is worse than one in English: a language counts once its catalogue
    is complete (TRANSLATED), and the back office speaks English, as the catalogues hold nothing of it."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        at_desk = request.path_info.startswith(reverse("admin:index"))
        if at_desk or translation.get_language() not in settings.TRANSLATED:
            translation.activate(settings.LANGUAGE_CODE)
            request.LANGUAGE_CODE = settings.LANGUAGE_CODE


def desk(get_response: Handler) -> Handler:
    """Before every page of the back office: a colleague is here, and signed in as safely as it is asked for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(reverse("admin:index")) and request.user.is_authenticated:
            go_on(request)
            if lacks_second_factor(request.user):
                messages.warning(request, _("Set up a second factor first: administrators here need one."))
                return redirect("mfa_index")
        return get_response(request)

    return middleware
