"""What to say on the phone: the bank's words, or the program's own, with this friend's names in them."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from campaigns.models import Message, MessageChannel, Purpose
from campaigns.services.words import NoWords, Wording
from referrals.models import Referral

HEADING = "## "
DASHES = ("- ", "* ", "• ")


class Block(NamedTuple):
    """A paragraph of a script, the heading of what follows, or a list."""

    text: str
    is_heading: bool = False
    items: Sequence[str] = ()


def sales_script(referral: Referral, *, caller: str) -> list[Block]:
    """The words for a call to this friend, by the kind of contact who recommends them; empty where nobody has
    written any. Reads the referral with its program, profile and advocate; two queries."""
    advocate, program = referral.enrolment.advocate, referral.program
    profile: Any = getattr(program, "profile", None)
    message = Message(
        purpose=Purpose.SALES_SCRIPT,
        channel=MessageChannel.CALL,
        program=program,
        language=program.language,
        contact_kind=advocate.kind,
        context={
            "friend_first_name": referral.first_name,
            "advocate_name": str(advocate),
            "advocate_first_name": advocate.first_name,
            "looking_for": profile.headline if profile else "",
            "caller": caller,
        },
    )
    wording = Wording([message])
    try:
        source = wording.template_for(message).body
    except NoWords:
        return []
    return blocks_of(wording.text(message), source)


def blocks_of(words: str, source: str) -> list[Block]:
    """Plain words in pieces as a page shows them; lines that begin with a dash are a list. ``source`` says in
    Markdown which of them are headings."""
    headings = {
        line.removeprefix(HEADING).strip() for line in source.splitlines() if line.startswith(HEADING)
    }
    found = []
    for paragraph in words.split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        for is_list, group in groupby(lines, key=lambda line: line.startswith(DASHES)):
            part = list(group)
            if is_list:
                found.append(Block("", items=[line[2:].strip() for line in part]))
            else:
                text = "\n".join(part)
                found.append(Block(text, text in headings))
    return found
