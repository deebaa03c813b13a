"""The frame around every mail: who writes, why, from where, and how to get no more."""

import re
from functools import lru_cache
from typing import NamedTuple
from uuid import uuid4

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.brand import DARK, LIGHT, accent_on, read_colour, write_colour
from campaigns.links import link_to
from campaigns.models import ASKED_FOR, ASKING, TO_FRIEND, TO_STAFF, Message, Purpose
from referrals.models import Advocate

HOUSE_COLOUR = "#0b6e4f"
SUBJECT_LENGTH = 150

# Stands in a frame where mails of one kind differ; nobody can write it.
_HOLE = re.compile(f"hole{uuid4().hex}(\\w+)end")
_HOLES = ("subject", "body", "reason", "unsubscribe")


class Rendered(NamedTuple):
    """A message as its reader gets it."""

    subject: str
    text: str
    html: str


class Kind(NamedTuple):
    """What mails with the same frame have in common."""

    language: str
    sender: str
    postal_address: str
    privacy_url: str
    brand: str
    has_unsubscribe: bool


class Frame:
    """What stands around the words of one message, as text and as HTML."""

    def __init__(self, message: Message) -> None:
        with override(message.language):
            self._kind = _kind(message)
            self._filling = {
                "reason": _reason(message), "unsubscribe": link_to("preferences", message.token)
            }  # fmt: skip

    def html(self, subject: str, body: str) -> str:
        """``body`` (clean HTML) as a whole HTML mail, with its styles inlined."""
        filling = {name: str(escape(value)) for name, value in self._filling.items()}
        # Cleaned against a list of tags by services/composing.py, or written by our own templates.
        filling |= {"subject": escape(subject), "body": body}
        return _inliner().inline(_fill(_frame("email/frame.html", self._kind), filling))

    def text(self, body: str) -> str:
        """``body`` as a whole text mail."""
        page = _fill(_frame("email/frame.txt", self._kind), self._filling | {"body": body.strip()})
        return page.strip() + "\n"


def can_unsubscribe(message: Message) -> bool:
    """Whether this mail has an opt-out: not one that its reader has just asked for, nor an alert to staff."""
    return message.purpose == Purpose.DIGEST or message.purpose not in ASKED_FOR | TO_STAFF


def _kind(message: Message) -> Kind:
    program = message.program
    return Kind(
        language=message.language,
        sender=program.sender_name or program.company if program else _("Your referral programs"),
        postal_address=program.postal_address if program else "",
        privacy_url=program.privacy_url if program else "",
        brand=program.brand_color if program else HOUSE_COLOUR,
        has_unsubscribe=can_unsubscribe(message),
    )


@lru_cache(maxsize=256)
def _frame(template: str, kind: Kind) -> list[str]:
    """The frame of such mails in pieces: text, the name of what goes between, text, and so on."""
    holes = {name: _HOLE.pattern.replace("(\\w+)", name) for name in _HOLES}
    if not kind.has_unsubscribe:
        holes["unsubscribe"] = ""
    with override(kind.language):
        return _HOLE.split(render_to_string(template, holes | kind._asdict() | _accents(kind.brand)))


def _fill(frame: list[str], filling: dict[str, str]) -> str:
    return "".join(filling[piece] if n % 2 else piece for n, piece in enumerate(frame))


def _reason(message: Message) -> str:
    program = message.program
    names = {
        "advocate": message.context.get("advocate_name") or message.context.get("advocate_first_name"),
        "company": program.company if program else "",
        "program": program.name if program else "",
    }
    match message.purpose:
        case Purpose.INVITATION if names["advocate"]:
            sentence = _("You get this one message because %(advocate)s recommended you to %(company)s.")
        case Purpose.INVITATION:
            sentence = _("You get this one message because somebody recommended you to %(company)s.")
        case purpose if purpose in TO_FRIEND:
            sentence = _("You get this because you came to %(company)s on a recommendation.")
        case Purpose.CONFIRM:
            sentence = _(
                "You get this because somebody wrote this address on our form. If it was not you, do nothing."
            )
        case Purpose.SIGN_IN:
            sentence = _(
                "You get this because somebody used this address to sign in. If it was not you, do nothing."
            )
        case Purpose.DIGEST:
            sentence = _(
                "You get this digest because you asked for it. You can change when in the back office."
            )
        case purpose if purpose in TO_STAFF:
            sentence = _("You get this because you look after %(program)s.")
        case purpose if purpose in ASKING and message.contact_kind == Advocate.Kind.CUSTOMER:
            # Nobody is told that they recommend us before they have been asked whether they would.
            sentence = _("You get this because you are a customer of %(company)s.")
        case purpose if purpose in ASKING:
            sentence = _("You get this because you and %(company)s know each other.")
        case _purpose:
            sentence = _("You get this because you recommend %(company)s.")
    return sentence % names


@lru_cache(maxsize=256)
def _accents(brand: str) -> dict[str, str]:
    light, dark = (accent_on(surface, read_colour(brand)) for surface in (LIGHT, DARK))
    return {
        "accent": write_colour(light.accent),
        "on_accent": write_colour(light.on),
        "dark_accent": write_colour(dark.accent),
        "dark_on_accent": write_colour(dark.on),
    }


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    css = (settings.BASE_DIR / "static/css/email.css").read_text()
    # What only a mail program can decide, such as dark mode, stays in the style tag.
    return css_inline.CSSInliner(extra_css=css, keep_style_tags=True, load_remote_stylesheets=False)
