"""What to say on the phone: the script of the bank, or a program's own, with this person's values put in."""

from liquid.exceptions import LiquidError

from campaigns.links import link_to
from campaigns.models import CallTask, Message, MessageChannel
from campaigns.services.composing import compose_text
from campaigns.services.script import Block, blocks_of
from campaigns.services.words import NoWords, Wording
from referrals.models import Enrolment


def script_of(task: CallTask, caller: str) -> list[Block]:
    """The script beside the phone number, piece by piece; nothing where nobody has written one."""
    advocate = task.advocate
    place = Enrolment.objects.filter(advocate=advocate, program=task.program).first()
    message = Message(
        purpose=task.purpose,
        channel=MessageChannel.CALL,
        program=task.program,
        advocate=advocate,
        contact_kind=advocate.kind,
        # Colleagues read it, whatever the customer speaks.
        language=task.program.language,
        to_name=advocate.name,
        context={"caller": caller, "link": link_to("refer-personal", place.token) if place else ""},
    )
    wording = Wording([message])
    try:
        source = wording.template_for(message).body
        return blocks_of(compose_text(source, wording.values_of(message)), source)
    except (NoWords, LiquidError):
        return []
