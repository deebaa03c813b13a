"""How long somebody stays signed in: advocates two weeks, staff until twelve hours after their last click."""

from time import time
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

SEEN = "seen_at"
# A click is noted so often: not each is worth a write.
NOTED_EVERY = 600


@receiver(user_logged_in, dispatch_uid="begin a session of staff")
def begin(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user.is_staff:
        # Counted by Django from the last time the session was written.
        request.session.set_expiry(settings.ACCOUNT_SESSION_COOKIE_AGE)
        request.session[SEEN] = int(time())


def go_on(request: HttpRequest) -> None:
    """Somebody is at the desk: their session begins its hours anew."""
    if request.session.get(SEEN, 0) < time() - NOTED_EVERY:
        request.session[SEEN] = int(time())


def lacks_second_factor(user: Any) -> bool:
    """Whether this is an administrator who has to set one up before anything else."""
    return bool(settings.REQUIRE_SECOND_FACTOR and user.is_superuser and not is_mfa_enabled(user))
