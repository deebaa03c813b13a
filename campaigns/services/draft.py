"""What somebody of ours is writing to one person: begun with words of the bank, in plain text, and looked at as that
person would read it. Nothing here is stored."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from liquid.exceptions import LiquidError

from campaigns.links import SAMPLE
from campaigns.models import (
    Ask,
    Message,
    MessageChannel,
    OutreachPlan,
    Purpose,
    ReviewPlace,
    SurveyResponse,
)
from campaigns.services.asks import way_to_answer
from campaigns.services.composing import Value, compose_line, compose_plain, compose_text
from campaigns.services.framing import ASKS
from campaigns.services.notices import to_advocate
from campaigns.services.regular_mail import personal_thanks
from campaigns.services.words import NoWords, Rendered, Wording, render
from referrals.models import Enrolment

Aim = OutreachPlan.Aim
# What may be written, in the order in which it is offered.
WRITABLE = {
    Purpose.ASK: _("Ask for a recommendation"),
    Purpose.ASK_FOLLOW_UP: _("Follow up on an ask"),
    Purpose.ASK_LAST: _("Remind them for the last time"),
    Purpose.REVIEW_REQUEST: _("Ask for a review"),
    Purpose.SURVEY_INVITE: _("Ask how it is: a survey"),
    Purpose.PERSONAL_THANKS: _("Thank them"),
}
AIMS: dict[str, OutreachPlan.Aim] = {Purpose.REVIEW_REQUEST: Aim.REVIEW, Purpose.SURVEY_INVITE: Aim.SURVEY}
FOLLOW_UPS = (Purpose.ASK_FOLLOW_UP, Purpose.ASK_LAST)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """``place`` is not stored yet for a person in no program; ``by_hand`` leaves it to the writer's own mail program;
    the same ``key`` is sent once."""

    place: Enrolment
    by: Any
    purpose: str
    channel: str = MessageChannel.EMAIL
    variant: str = ""
    subject: str = ""
    body: str = ""
    by_hand: bool = False
    key: str = ""

    @property
    def aim(self) -> OutreachPlan.Aim | None:
        """What it asks for; nothing, if it only says thank you."""
        if self.purpose in AIMS:
            return AIMS[self.purpose]
        return Aim.RECOMMENDATION if self.purpose in ASKS else None


def begin(draft: Draft) -> tuple[str, str]:
    """Subject and words of the bank as they would be for this person, in plain text; only the link, which is not
    known yet, is still a placeholder. Nothing where nobody has written any."""
    message = message_of(draft)
    wording = Wording([message])
    values = wording.values_of(message) | {"link": "{{ link }}"}
    try:
        template = wording.template_for(message)
        return compose_line(template.subject, values), compose_text(template.body, values)
    except (NoWords, LiquidError):
        return "", ""


def known_values(draft: Draft) -> dict[str, Value]:
    """What stands for each placeholder in a message to this person."""
    message = message_of(draft)
    return Wording([message]).values_of(message)


def look(draft: Draft) -> Rendered:
    """What they would read. Raises LiquidError, KeyError or TooLong when these words cannot be used."""
    message = message_of(draft)
    return bare(draft, message) if draft.by_hand else render(message)


def bare(draft: Draft, message: Message) -> Rendered:
    """The words alone, for the writer's own mail program."""
    values = Wording([message]).values_of(message)
    return Rendered(compose_line(draft.subject, values), compose_plain(draft.body, values), "")


def message_of(draft: Draft, ask: Ask | None = None, response: SurveyResponse | None = None) -> Message:
    """The row that it would be in the outbox; as part of this round, whose link tells that it was opened, and with the
    link to this answer of a survey."""
    place = draft.place
    message = _that_asks(draft, ask, response) if draft.aim else personal_thanks(place)
    message.program, message.channel, message.variant = place.program, draft.channel, draft.variant
    message.ask, message.user, message.key = ask, draft.by, draft.key
    if draft.channel == MessageChannel.SMS:
        message.to_address, message.to_key = place.advocate.phone, place.advocate.phone_key
    if name := draft.by.get_full_name():
        message.context["signature"] = name
    if draft.body:
        message.context["own_words"] = {"subject": draft.subject, "body": draft.body}
    return message


def _that_asks(draft: Draft, ask: Ask | None, response: SurveyResponse | None) -> Message:
    purpose, place = Purpose(draft.purpose), draft.place
    more: dict[str, Any] = {}
    if purpose == Purpose.REVIEW_REQUEST:
        more = {"place": ReviewPlace.objects.dearest_of(place.program)}
    if purpose == Purpose.SURVEY_INVITE:
        # The link is made with the message: until then it leads nowhere.
        response = response or SurveyResponse(token=SAMPLE)
    return to_advocate(purpose, place, link=way_to_answer(purpose, place, ask=ask, response=response), **more)
