"""Links as a mail or a shared post needs them: absolute, on our own address, never from a request."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import reverse


def link_to(name: str, *args: Any) -> str:
    """The page's full address, such as https://refer.example.com/me/."""
    return settings.BASE_URL + _path(name, args)


def link_to_desk(path: str = "") -> str:
    """A page of the back office; ``path`` is below its first page, such as referrals/referral/5/change/."""
    return link_to("admin:index") + path


# A mail names its own link in the text, the HTML and the headers: looking it up takes as long as its words.
@lru_cache(maxsize=256)
def _path(name: str, args: tuple[Any, ...]) -> str:
    return reverse(name, args=args)
