"""Links as a mail or a shared post needs them: absolute, on our own address, never from a request."""

from typing import Any

from django.conf import settings
from django.urls import reverse


def link_to(name: str, *args: Any) -> str:
    """The page's full address, such as https://refer.example.com/me/."""
    return settings.BASE_URL + reverse(name, args=args)


def link_to_desk(path: str = "") -> str:
    """A page of the back office; ``path`` is below its first page, such as referrals/referral/5/change/."""
    return link_to("admin:index") + path
