"""Ways to pass a link on: plain links that open the sender's own programs. Nothing is loaded from anyone."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.models import Channel, Enrolment

# What each button opens, with words or the link filled in; networks that take a link only get the words copied.
ADDRESSES = {
    "email": "mailto:?subject={subject}&body={words}",
    "sms": "sms:?body={words}",
    "whatsapp": "https://wa.me/?text={words}",
    "linkedin": "https://www.linkedin.com/sharing/share-offsite/?url={link}",
    "facebook": "https://www.facebook.com/sharer/sharer.php?u={link}",
    "x": "https://x.com/intent/post?text={words}",
}
NAMES = {
    "email": gettext_lazy("E-mail"),
    "sms": gettext_lazy("Text message"),
    "whatsapp": gettext_lazy("WhatsApp"),
    "linkedin": gettext_lazy("LinkedIn"),
    "facebook": gettext_lazy("Facebook"),
    "x": gettext_lazy("X"),
}


class Way(NamedTuple):
    """One way to share: where its button leads, and the words it brings, free to edit."""

    name: str
    address: str
    words: str
    link: str
    # The address with ``{words}`` left open, where it takes any: what was edited goes in there.
    pattern: str = ""


def share_link(enrolment: Enrolment, channel: str = "") -> str:
    """The whole link a friend opens; with a channel's short name, its visits count for that channel."""
    return f"{settings.BASE_URL}{enrolment.share_path}" + (f"?c={channel}" if channel else "")


def onward_link(enrolment: Enrolment) -> str:
    """The company's own site, with the code of the recommendation; empty if the program names none."""
    site = enrolment.program.site_url
    if not site:
        return ""
    address, _mark, fragment = site.partition("#")
    link = f"{address}{'&' if '?' in address else '?'}gw={enrolment.code}"
    return f"{link}#{fragment}" if fragment else link


def ways_to_share(
    enrolment: Enrolment, channels: list[Channel], words_for: Callable[[str], str]
) -> list[Way]:
    """The program's channels that a button can open; all the usual ones where it has named none.

    ``words_for`` gives the ready words for a channel's short name.
    """
    named = {channel.slug: channel.name for channel in channels if channel.slug in ADDRESSES}
    return [_way(enrolment, slug, str(name), words_for(slug)) for slug, name in (named or NAMES).items()]


def _way(enrolment: Enrolment, slug: str, name: str, words: str) -> Way:
    link = share_link(enrolment, slug)
    subject = _("Something for you: %(company)s") % {"company": enrolment.program.company}
    # Mail programs take a plus for a plus: a space must be %20.
    pattern = ADDRESSES[slug].format(subject=quote(subject), words="{words}", link=quote(link, safe=""))
    takes_words = "{words}" in pattern
    address = pattern.replace("{words}", quote(words))
    return Way(name, address, words, link, pattern if takes_words else "")
