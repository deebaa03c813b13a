"""What people read: words from the bank, or a program's own, with the values of one message put in."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from campaigns.links import link_to
from campaigns.models import Message, MessageChannel, MessageTemplate, Purpose
from campaigns.services.checking import check_words
from campaigns.services.composing import (
    Value,
    compose_html,
    compose_line,
    compose_plain,
    compose_text,
    one_line,
    plain_html,
)
from campaigns.services.digest import compose_digest
from campaigns.services.frame import SUBJECT_LENGTH, Frame, Rendered
from campaigns.services.moulds import Moulds
from campaigns.services.placeholders import PLACEHOLDERS, samples
from campaigns.services.texting import finish_text
from campaigns.services.voice import programs_with_voice, voice_of, voice_values
from referrals.contacts import first_name_of
from referrals.models import Enrolment, Program
from rewards.models import Incentive, RewardRule

__all__ = [
    "PLACEHOLDERS",
    "NoWords",
    "Rendered",
    "Wording",
    "check_words",
    "invitation_preview",
    "render",
    "samples",
    "share_words",
]

_SHARED_BY = {
    "email": MessageChannel.EMAIL,
    "sms": MessageChannel.SMS,
    "whatsapp": MessageChannel.MESSENGER,
}
# Whoever queues these may write them whole, frame and all.
AS_WRITTEN = {Purpose.SIGN_IN, Purpose.STAFF_NOTICE}
NOT_IN_BANK = AS_WRITTEN | {Purpose.DIGEST}


class NoWords(Exception):
    """Nobody has written words for this purpose; its text says what to do."""


class Wording:
    """Renders messages; whatever their number, it asks the database twice, for templates and for offers; once
    more for how their programs speak, unless that came along."""

    def __init__(self, messages: Iterable[Message]) -> None:
        batch = [message for message in messages if message.purpose not in NOT_IN_BANK]
        programs = {message.program_id for message in batch if message.program_id}
        self._templates = _templates(batch, programs)
        self._offers = offers(programs)
        self._programs = programs_with_voice(message.program for message in batch if message.program)
        self._said: dict[tuple[int, str], dict[str, Value]] = {}
        self._chosen: dict[tuple[Hashable, ...], MessageTemplate] = {}
        self._moulds = Moulds(self._compose)

    def render(self, message: Message) -> Rendered:
        """Exactly what this message's reader gets. Raises NoWords or LiquidError when the words cannot be used."""
        if message.purpose in NOT_IN_BANK or message.channel == MessageChannel.SMS or message.own_words:
            return self._compose(message)
        return self._moulds.cast(message, self.template_for(message))

    def _compose(self, message: Message) -> Rendered:
        if message.purpose in AS_WRITTEN and message.text:
            return Rendered(one_line(message.subject), message.text, message.html)
        if message.purpose == Purpose.STAFF_NOTICE:
            subject, body = message.context["subject"], message.context["body"]
            return _framed(message, one_line(subject), body, plain_html(body))
        if message.purpose == Purpose.DIGEST:
            return _framed(message, *compose_digest(message))
        if message.own_words:
            return self._compose_own(message, **message.own_words)
        template, values = self.template_for(message), self.values_of(message)
        if message.channel == MessageChannel.SMS:
            return Rendered("", finish_text(message, compose_text(template.body, values)), "")
        return _framed(
            message,
            compose_line(template.subject, values),
            compose_text(template.body, values),
            compose_html(template.body, values),
        )

    def _compose_own(self, message: Message, subject: str, body: str) -> Rendered:
        values = self.values_of(message)
        text = compose_plain(body, values)
        if message.channel == MessageChannel.SMS:
            return Rendered("", finish_text(message, text), "")
        return _framed(message, compose_line(subject, values), text, plain_html(text))

    def text(self, message: Message) -> str:
        """The bare words, without a frame."""
        return compose_text(self.template_for(message).body, self.values_of(message))

    def template_for(self, message: Message) -> MessageTemplate:
        """The words that fit best, in the order of ``MessageTemplate.objects.for_message()``; of the bank's, in
        the tone of the program."""
        kind = (
            message.purpose, message.channel, message.program_id, message.contact_kind, message.language,
            message.variant,
        )  # fmt: skip
        if kind not in self._chosen:
            self._chosen[kind] = self._best_for(message)
        return self._chosen[kind]

    def _best_for(self, message: Message) -> MessageTemplate:
        tone = voice_of(self._programs.get(message.program_id or 0)).variant
        fitting = [
            template
            for template in self._templates[message.purpose]
            if template.channel == message.channel
            and template.program_id in {None, message.program_id}
            and template.contact_kind in {"", message.contact_kind}
            and template.language in {message.language, settings.LANGUAGE_CODE}
            and template.variant in {message.variant, tone, ""}
        ]
        if not fitting:
            raise NoWords(_("There are no words for “%s” yet. Write them under Templates.") % message.purpose)
        return max(
            fitting,
            key=lambda t: (
                t.language == message.language,
                message.variant != "" and t.variant == message.variant,
                t.program_id is not None,
                bool(t.contact_kind),
                t.variant == tone,
            ),
        )

    def values_of(self, message: Message) -> dict[str, Value]:
        """The message's own values, and what can be said of its program."""
        known = PLACEHOLDERS.get(message.purpose, {})
        values: dict[str, Value] = {name: "" for name, what in known.items() if what.may_lack}
        values["first_name"] = first_name_of(message.to_name)
        if message.program:
            values |= self._said_of(message.program, message.language)
        return values | message.context

    def _said_of(self, program: Program, language: str) -> dict[str, Value]:
        """What every message to readers of this language can say of the program, found out once."""
        known = self._said.get((program.pk, language))
        if known is None:
            with override(language):
                known = program_values(program, self._offers[program.pk])
                known |= voice_values(self._programs[program.pk], language)
            self._said[program.pk, language] = known
        return known


def render(message: Message) -> Rendered:
    """One message as its reader gets it."""
    return Wording([message]).render(message)


def invitation_preview(enrolment: Enrolment, language: str) -> Rendered:
    """What a friend of this advocate will be sent, word for word, but for the friend's name and the link."""
    advocate = enrolment.advocate
    message = Message(
        purpose=Purpose.INVITATION,
        program=enrolment.program,
        advocate=advocate,
        language=language,
        context={
            "advocate_name": advocate.name,
            "advocate_first_name": advocate.first_name,
            "link": settings.BASE_URL,
        },
    )
    return render(message)


def share_words(enrolment: Enrolment, *, on: str = "") -> Callable[[str], str]:
    """What gives, by a channel's short name, ready words with the advocate's link on it: for a mail, a text
    message, or a post. Visits count for that channel, or for ``on``, where the words stand. Two queries, however
    many channels are asked for."""
    wording = Wording([_to_share(enrolment, "")])
    return lambda channel_slug: wording.text(_to_share(enrolment, channel_slug, on))


def _to_share(enrolment: Enrolment, channel_slug: str, on: str = "") -> Message:
    channel = _SHARED_BY.get(channel_slug, MessageChannel.SOCIAL)
    return Message(
        purpose=Purpose.SHARE_WORDS,
        channel=channel,
        # Each network has words of its own.
        variant=channel_slug if channel == MessageChannel.SOCIAL else "",
        program=enrolment.program,
        language=enrolment.advocate.language or enrolment.program.language,
        contact_kind=enrolment.advocate.kind,
        context={
            "advocate_first_name": enrolment.advocate.first_name,
            "link": f"{link_to('share', enrolment.code)}?c={on or channel_slug}",
        },
    )


def _framed(message: Message, subject: str, text: str, html: str) -> Rendered:
    frame = Frame(message)
    return Rendered(subject[:SUBJECT_LENGTH], frame.text(text), frame.html(subject, html))


def _templates(batch: Iterable[Message], programs: set[int]) -> dict[str, list[MessageTemplate]]:
    """The bank's words and these programs' own that the batch may need, by purpose; in one query."""
    found: dict[str, list[MessageTemplate]] = defaultdict(list)
    if purposes := {message.purpose for message in batch}:
        ours = MessageTemplate.objects.filter(
            Q(program=None) | Q(program__in=programs), purpose__in=purposes,
            language__in={message.language for message in batch} | {settings.LANGUAGE_CODE},
        )  # fmt: skip
        for template in ours:
            found[template.purpose].append(template)
    return found


def program_values(program: Program, offered: Mapping[str, Incentive]) -> dict[str, Value]:
    """What every message of a program can say about it, in the active language."""
    gifts = {side: incentive.told.name for side, incentive in offered.items()}
    hours = program.contact_within_hours
    return {
        "company": program.company,
        "program": program.name,
        "about": program.told.about,
        "call_within": ngettext("%d working hour", "%d working hours", hours) % hours,
        "friend_offer": gifts.get(RewardRule.Side.FRIEND, ""),
        "advocate_offer": gifts.get(RewardRule.Side.ADVOCATE, ""),
    }


def offers(programs: Iterable[int]) -> dict[int, dict[str, Incentive]]:
    """For each program and side, what a sale earns anybody by the rules in force; in one query."""
    found: dict[int, dict[str, Incentive]] = defaultdict(dict)
    rules = RewardRule.objects.in_force(Now()).filter(program__in=list(programs))
    earned = rules.filter(when=RewardRule.When.CONVERSION, tier=None, segment=None, nth=0, kind="")
    # The one with the smallest sale is read last, and stays.
    said = ("program", "side", "incentive__name", "incentive__translations")
    for rule in earned.select_related("incentive").only(*said).order_by("-minimum", "-pk"):
        found[rule.program_id][rule.side] = rule.incentive
    return found
