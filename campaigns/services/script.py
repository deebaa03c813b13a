"""What to say on the phone: the bank's words, or the program's own, with this friend's names in them."""

from typing import Any, NamedTuple

from campaigns.models import Message, MessageChannel, Purpose
from campaigns.services.words import NoWords, Wording
from referrals.models import Referral

HEADING = "## "


class Block(NamedTuple):
    """A paragraph of a script, or the heading of what follows."""

    text: str
    is_heading: bool


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
    headings = {
        line.removeprefix(HEADING).strip() for line in source.splitlines() if line.startswith(HEADING)
    }
    paragraphs = wording.text(message).split("\n\n")
    return [Block(text, text in headings) for text in paragraphs if text.strip()]
