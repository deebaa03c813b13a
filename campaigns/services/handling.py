"""What staff do with messages and templates by hand."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Message, MessageTemplate
from campaigns.services.outbox import wake_worker_after_commit
from referrals.models import Program
from referrals.transitions import Moved

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


def bring_otherwise(messages: Any, *, now: datetime, by: Any, note: str) -> Moved:
    """Somebody brought a reward to its owner in another way, and says how: nothing is left to do about its mail."""
    keys = list(messages.values_list("pk", flat=True))
    rows = list(Message.objects.filter(pk__in=keys))
    open_ = set(Message.objects.filter(pk__in=keys).owed_undelivered().values_list("pk", flat=True))
    told = {"held_for": Message.Held.STAFF, "held_at": now, "reason": note}
    Message.objects.filter(pk__in=open_).update(**told)
    return Moved([row for row in rows if row.pk in open_], [row for row in rows if row.pk not in open_])


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
