"""What staff do with messages and templates by hand."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Message, MessageTemplate, Purpose
from campaigns.services.composing import compose_html, compose_line, compose_text
from campaigns.services.frame import frame_html, frame_text
from campaigns.services.outbox import queue, wake_worker_after_commit
from campaigns.services.voice import programs_with_voice, voice_values
from campaigns.services.words import Rendered, offers, program_values, samples
from referrals.models import Program
from referrals.tokens import link_token
from referrals.transitions import Moved, Refused

Status = Message.Status
MAY_GO_AGAIN = (Status.FAILED, Status.UNKNOWN)


def send_again(messages: Any, *, now: datetime, by: Any) -> Moved:
    """Queue what was given up or may not have arrived once more, with the same Message-ID."""
    again = {"status": Status.QUEUED, "due_at": now, "attempts": 0, "reason": "", "lease": None}
    return _move(messages, MAY_GO_AGAIN, again)


def hold_back(messages: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Keep what has not left yet from leaving."""
    held = {"held_for": Message.Held.STAFF, "held_at": now}
    reason = note or _("held back by staff")
    return _move(
        messages, (Status.QUEUED, Status.BY_HAND), {"status": Status.WITHHELD, "reason": reason} | held
    )


def _move(messages: Any, statuses: tuple[str, ...], changes: dict[str, Any]) -> Moved:
    with transaction.atomic():
        keys = list(messages.values_list("pk", flat=True))
        rows = list(Message.objects.filter(pk__in=keys).select_for_update(of=("self",)))
        moved = [row for row in rows if row.status in statuses]
        Message.objects.filter(pk__in=[row.pk for row in moved]).update(**changes)
        if changes["status"] == Status.QUEUED and moved:
            wake_worker_after_commit()
    return Moved(moved, [row for row in rows if row.status not in statuses])


def copy_to_program(template: MessageTemplate, program: Program) -> MessageTemplate:
    """The program's own words, beginning as the bank's; the ones it has, if it has some."""
    own, _is_new = MessageTemplate.objects.get_or_create(
        program=program, purpose=template.purpose, channel=template.channel,
        contact_kind=template.contact_kind, language=template.language, variant=template.variant,
        defaults={"subject": template.subject, "body": template.body},
    )  # fmt: skip
    return own


def preview(template: MessageTemplate, program: Program | None) -> Rendered:
    """The template as a reader would get it, with example values and the program's own promises."""
    values = samples(template.purpose)
    if program:
        values |= program_values(program, offers([program.pk])[program.pk])
        values |= voice_values(programs_with_voice([program])[program.pk], template.language)
    message = Message(
        purpose=template.purpose, channel=template.channel, program=program, language=template.language,
        context=dict(values), token=link_token(),
    )  # fmt: skip
    subject = compose_line(template.subject, values)
    return Rendered(
        subject,
        frame_text(message, compose_text(template.body, values)),
        frame_html(message, subject, compose_html(template.body, values)),
    )


def send_test(template: MessageTemplate, program: Program | None, user: Any, *, now: datetime) -> Message:
    """Send the preview to the staff member's own mailbox, through the outbox. Raises Refused without one."""
    if not user.email:
        raise Refused(_("Your own account has no e-mail address. Ask an administrator to add it."))
    words = preview(template, program)
    message = Message(
        key=f"test:{link_token()}", purpose=Purpose.STAFF_NOTICE, program=program, user=user,
        to_name=user.get_full_name()[:60], to_address=user.email, language=template.language,
        subject=words.subject, text=words.text, html=words.html,
    )  # fmt: skip
    queue([message], now=now)
    return message
