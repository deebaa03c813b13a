"""What we say when, and in which language it is still missing."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from campaigns.models import ASKING, TO_FRIEND, TO_STAFF, MessageChannel, MessageTemplate, Purpose
from campaigns.services.placeholders import PLACEHOLDERS
from referrals.models import Advocate, Program

# Purpose, kind of contact, channel, variant.
Key = tuple[str, str, str, str]
KINDS = dict(Advocate.Kind.choices)
CHANNELS = dict(MessageChannel.choices)
TO_PUBLISH = frozenset(
    {
        Purpose.SHARE_WORDS,
        Purpose.NEWSLETTER_BLOCK,
        Purpose.BLOG_BLOCK,
        Purpose.LANDING_COPY,
        Purpose.CHAT_WORDS,
    }
)
SCRIPTS = frozenset(
    {Purpose.CALL_SCRIPT, Purpose.SALES_SCRIPT, Purpose.SUPPORT_SCRIPT, Purpose.UNHAPPY_SCRIPT}
)
# In the order in which people hear it; what is in none of them stands under news and thanks.
GROUPS: tuple[tuple[str, Any, frozenset[Purpose]], ...] = (
    ("asking", _("When we ask"), ASKING),
    ("advocate", _("News, thanks and rewards for the advocate"), frozenset()),
    ("friend", _("What a friend hears"), TO_FRIEND),
    ("publish", _("Words to share and to publish"), TO_PUBLISH),
    ("scripts", _("Scripts for calls"), SCRIPTS),
    ("staff", _("Alerts to staff"), TO_STAFF),
)


class Cell(NamedTuple):
    """One language of an occasion: the words in use there, or none."""

    language: str
    template: MessageTemplate | None


class Occasion(NamedTuple):
    """When we say something: for what, to which kind of contact, by which way, in which of several wordings."""

    purpose: str
    kind: str
    channel: str
    variant: str
    cells: list[Cell]

    @property
    def detail(self) -> str:
        parts = (KINDS.get(self.kind, ""), CHANNELS[self.channel], self.variant)
        return " · ".join(str(part) for part in parts if part)


class Group(NamedTuple):
    slug: str
    name: Any
    occasions: list[Occasion]


def what_we_say(program: Program | None) -> list[Group]:
    """Every occasion, with the words used in each language: the program's own before the bank's. One query."""
    used: dict[Key, dict[str, MessageTemplate]] = defaultdict(dict)
    rows = MessageTemplate.objects.filter(program=None) | MessageTemplate.objects.filter(program=program)
    for row in rows.defer("body").order_by("purpose", "contact_kind", "channel", "variant", "program"):
        place = used[row.purpose, row.contact_kind, row.channel, row.variant]
        if row.program_id or row.language not in place:
            place[row.language] = row
    return [Group(slug, name, list(_occasions(slug, used))) for slug, name, _purposes in GROUPS]


def missing(groups: Iterable[Group]) -> dict[str, int]:
    """In how many occasions each language has no words yet, and English stands in."""
    count = {language: 0 for language, _name in settings.LANGUAGES}
    for group in groups:
        for occasion in group.occasions:
            for cell in occasion.cells:
                count[cell.language] += cell.template is None
    return count


def _occasions(slug: str, used: dict[Key, dict[str, MessageTemplate]]) -> Iterable[Occasion]:
    for purpose in PLACEHOLDERS:
        if _group_of(purpose) != slug:
            continue
        for key, place in used.items():
            if key[0] == purpose:
                cells = [Cell(code, place.get(code)) for code, _name in settings.LANGUAGES]
                yield Occasion(*key, cells=cells)


def _group_of(purpose: str) -> str:
    return next((slug for slug, _name, purposes in GROUPS if purpose in purposes), "advocate")
