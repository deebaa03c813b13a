"""Words tried out before they are used: as a reader gets them, with example values or as a real advocate."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override
from liquid.exceptions import LiquidError

from campaigns.models import TO_FRIEND, TO_STAFF, Message, MessageChannel, MessageTemplate, Purpose
from campaigns.services.composing import Value, compose_html, compose_line, compose_text, one_line
from campaigns.services.frame import Frame
from campaigns.services.outbox import queue
from campaigns.services.placeholders import PLACEHOLDERS, samples
from campaigns.services.texting import TooLong, finish_text
from campaigns.services.voice import programs_with_voice, voice_values
from campaigns.services.words import Rendered, offers, program_values
from referrals.models import Enrolment, Program
from referrals.tokens import link_token
from referrals.transitions import Refused

BEGINNING = 60


def preview(template: MessageTemplate, program: Program | None, reader: Enrolment | None = None) -> Rendered:
    """The words as a reader would get them: with example values, the program's own promises and voice, and
    the name of ``reader`` where one is given. Raises LiquidError for words that cannot be read."""
    values = samples(template.purpose)
    if program:
        offered, voiced = offers([program.pk])[program.pk], programs_with_voice([program])[program.pk]
        with override(template.language):
            values |= program_values(program, offered) | voice_values(voiced, template.language)
    if reader:
        values |= _of_reader(template.purpose, reader)
    message = Message(
        purpose=template.purpose, channel=template.channel, program=program, language=template.language,
        context=dict(values), token=link_token(),
    )  # fmt: skip
    subject, text = compose_line(template.subject, values), compose_text(template.body, values)
    if template.channel == MessageChannel.SMS:
        return Rendered("", _as_text_message(message, text), "")
    if template.channel != MessageChannel.EMAIL:
        return Rendered(subject, text, "")
    html = compose_html(template.body, values)
    frame = Frame(message)
    return Rendered(subject, frame.text(text), frame.html(subject, html))


def first_words(template: MessageTemplate) -> str:
    """The subject, else how the words begin, with example values; as written where they cannot be read."""
    try:
        values = samples(template.purpose)
        if template.subject:
            return compose_line(template.subject, values)
        return one_line(compose_text(template.body, values))[:BEGINNING]
    except (LiquidError, KeyError):
        return (template.subject or template.body)[:BEGINNING]


def find_reader(program: Program | None, typed: str) -> Enrolment | None:
    """The newest advocate of the program with this customer number or address, or a name like this."""
    if not program or not typed.strip():
        return None
    found = Enrolment.objects.filter(program=program).select_related("advocate").order_by("-pk")
    exact = found.filter(Q(advocate__external_id=typed.strip()) | Q(advocate__email=typed.strip()))
    return exact.first() or found.filter(advocate__name__icontains=typed.strip()).first()


def newest_readers(program: Program | None) -> list[str]:
    """A few names to choose from."""
    newest = Enrolment.objects.filter(program=program).exclude(advocate__name="").order_by("-pk")
    return list(newest.values_list("advocate__name", flat=True)[:10]) if program else []


def send_test(
    template: MessageTemplate,
    program: Program | None,
    user: Any,
    *,
    now: datetime,
    reader: Enrolment | None = None,
) -> Message:
    """Send the preview to the staff member's own mailbox, through the outbox. Raises Refused without one."""
    if not user.email:
        raise Refused(_("Your own account has no e-mail address. Ask an administrator to add it."))
    words = preview(template, program, reader)
    message = Message(
        key=f"test:{link_token()}", purpose=Purpose.STAFF_NOTICE, program=program, user=user,
        to_name=user.get_full_name()[:60], to_address=user.email, language=template.language,
        subject=words.subject or str(template), text=words.text, html=words.html,
    )  # fmt: skip
    queue([message], now=now)
    return message


def _of_reader(purpose: str, reader: Enrolment) -> dict[str, Value]:
    """An advocate's names, where these words say them: as who reads, or as who recommends."""
    known, advocate = PLACEHOLDERS[purpose], reader.advocate
    if "first_name" in known and purpose not in TO_FRIEND | TO_STAFF:
        return {"first_name": advocate.first_name}
    names = {"advocate_name": advocate.name, "advocate_first_name": advocate.first_name}
    return {name: value for name, value in names.items() if name in known}


def _as_text_message(message: Message, text: str) -> str:
    try:
        return finish_text(message, text)
    except TooLong as refusal:
        return f"{text}\n\n{refusal}"
