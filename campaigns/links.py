"""Links as a mail or a shared post needs them: absolute, on our own address, never from a request."""

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import reverse

# Stands for any token or code of a link.
SAMPLE = "token-of-somebody"
_SLUG = re.compile(r"[-\w]+", re.ASCII)


def link_to(name: str, *args: Any) -> str:
    """The page's full address, such as https://refer.example.com/me/."""
    return settings.BASE_URL + _path(name, args)


def link_to_desk(path: str = "") -> str:
    """A page of the back office; ``path`` is below its first page, such as referrals/referral/5/change/."""
    return link_to("admin:index") + path


def _path(name: str, args: tuple[Any, ...]) -> str:
    match args:
        case (str(token),) if _SLUG.fullmatch(token):
            return _known_path(name, (SAMPLE,)).replace(SAMPLE, token)
    return _known_path(name, args)


# A letter has several links of its own: looking each up takes as long as its words.
@lru_cache(maxsize=256)
def _known_path(name: str, args: tuple[Any, ...]) -> str:
    return reverse(name, args=args)
