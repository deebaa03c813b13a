"""Sends what is due. The only place that hands messages to a way out (campaigns/channels).

A row is claimed, and the claim committed, before anything is said to the server; no transaction is open
meanwhile. What is to be read is saved just before it goes out, a handful at a time: a claimed row without
words, found after a crash, has certainly not left; one with words may have.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Prefetch, QuerySet
from django.utils.translation import gettext as _
from liquid.exceptions import LiquidError

from campaigns.channels import WAYS, Answer, Ways
from campaigns.models import ASKED_FOR, UNASKED, Message, Purpose, Suppression
from campaigns.services import notices
from campaigns.services.holding import Checks
from campaigns.services.pressure import Hold
from campaigns.services.suppression import suppress_keys
from campaigns.services.texting import TooLong
from campaigns.services.words import AS_WRITTEN, NoWords, Wording
from referrals.models import Program

log = logging.getLogger(__name__)
Status = Message.Status
BATCH = 50
# Saved together, before and after: so many may be in doubt after a crash. Each handful waits for the disk once, two to
# four milliseconds; for ten at a time, that took as long as a quarter of their way to the server.
HANDFUL = 25
LEASE = timedelta(minutes=15)
# Well below the time the worker gives a task (Q_CLUSTER), and the lease.
SECONDS_A_RUN = 60
# 1, 2, 4 … minutes, then every 4 hours: two days.
TRIES = 19
LONGEST_WAIT = timedelta(hours=4)
WORDS, OUTCOME = ["subject", "text", "html"], ["status", "reason", "sent_at", "reference"]
# What may have arrived is not sent again without a person: nobody is asked for anything twice, a code is stale.
NEVER_AGAIN = {Purpose.INVITATION, Purpose.SIGN_IN} | UNASKED


def deliver_due(*, now: datetime) -> int:
    """Send what is due, until nothing is or the time of one run is used up; returns how many rows it settled."""
    settle_abandoned(now=now)
    stop_at = monotonic() + SECONDS_A_RUN
    settled = 0
    while monotonic() < stop_at and (batch := claim(now=now)):
        settled += len(batch)
        deliver(batch, now=now, stop_at=stop_at)
    return settled


def claim(*, now: datetime) -> list[Message]:
    """Take up to 50 due messages; whoever commits first has them, anyone else finds others.

    What somebody waits for at our door goes before everything else, however much there is of that.
    """
    lease = uuid4()
    with transaction.atomic():
        due = Message.objects.due(now)
        keys = _lock(due.filter(purpose__in=ASKED_FOR)) or _lock(due)
        if not keys:
            return []
        Message.objects.filter(pk__in=keys).update(
            status=Status.SENDING, lease=lease, lease_until=now + LEASE, attempts=F("attempts") + 1
        )
    mine = Message.objects.filter(pk__in=keys, lease=lease).with_what_may_hold_back()
    # What many of them share comes once, however many they are.
    programs = Program.objects.select_related("owner", "voice", "profile")
    shared = mine.prefetch_related(Prefetch("program", programs), "ask__plan", "user")
    return list(shared.order_by("due_at", "pk"))


def deliver(batch: Sequence[Message], *, now: datetime, stop_at: float) -> None:
    """Send claimed messages, each on its own: no message stops another."""
    ready = _let_go(batch, now=now)
    wording = Wording(ready)
    with Ways() as ways:
        for start in range(0, len(ready), HANDFUL):
            handful = ready[start : start + HANDFUL]
            if monotonic() > stop_at and not all(ways.of(message).is_down for message in handful):
                for message in handful:
                    _put_back(message, now)
            else:
                _send(_write_down(handful, wording, now), ways, now)


def settle_abandoned(*, now: datetime) -> None:
    """Decide about messages whose worker died in the middle of them."""
    for message in Message.objects.abandoned(now).order_by("pk")[: BATCH * 10]:
        if not (message.subject or message.text):
            _postpone(message, _("The worker stopped before it was sent."), now)
        else:
            _doubt(message, _("The worker stopped while it was being sent."), now)


def _let_go(batch: Sequence[Message], *, now: datetime) -> list[Message]:
    checks = Checks(batch, now=now)
    ready = []
    for message in batch:
        if hold := checks.hold(message):
            _hold_back(message, hold, now)
        else:
            ready.append(message)
    for program in checks.full.values():
        notices.tell_invitations_wait(program, now=now)
    return ready


def _lock(due: QuerySet[Message]) -> list[UUID]:
    rows = due.order_by("due_at", "pk").select_for_update(skip_locked=True)
    return list(rows.values_list("pk", flat=True)[:BATCH])


def _write_down(handful: Sequence[Message], wording: Wording, now: datetime) -> list[Message]:
    """Save what is about to leave, as it will be read; returns the messages that are to leave after all."""
    written = [message for message in handful if _find_words(message, wording, now)]
    leaving = [message for message in written if WAYS[message.channel].leaves()]
    for message in written:
        if message not in leaving:
            _settle(message, Status.KEPT, "", **{name: getattr(message, name) for name in WORDS})
    written = leaving
    if written and Message.objects.save_claimed(written, WORDS) < len(written):
        # A friend who was forgotten since the claim took the lease away.
        still = set(Message.objects.filter(lease=written[0].lease).values_list("pk", flat=True))
        return [message for message in written if message.pk in still]
    return written


def _find_words(message: Message, wording: Wording, now: datetime) -> bool:
    try:
        rendered = wording.render(message)
    except (NoWords, TooLong, LiquidError, KeyError) as error:
        log.warning("Message %s has no usable words: %s", message.pk, error)
        _postpone(message, _("The words cannot be used: %s") % error, now)
        return False
    message.subject, message.text, message.html = rendered
    return True


def _send(handful: Sequence[Message], ways: Ways, now: datetime) -> None:
    accepted = []
    try:
        for message in handful:
            way = ways.of(message)
            answer = Answer(Status.QUEUED, way.trouble) if way.is_down else way.send(message)
            if answer.status == Status.SENT and message.purpose != Purpose.SIGN_IN:
                message.status, message.reason, message.sent_at = Status.SENT, answer.reason[:300], now
                message.reference = answer.reference[:120]
                accepted.append(message)
            else:
                _take_answer(message, answer, now)
    finally:
        if accepted:
            # On the disk before the next handful leaves: its words are saved first, and that waits.
            Message.objects.save_claimed(accepted, OUTCOME, waits=False)


def _take_answer(message: Message, answer: Answer, now: datetime) -> None:
    match answer.status:
        case Status.QUEUED:
            _postpone(message, answer.reason, now)
        case Status.UNKNOWN:
            _doubt(message, answer.reason, now)
        case Status.SENT:
            _settle(message, Status.SENT, answer.reason, sent_at=now)
        case status:
            _settle(message, status, answer.reason)
    if answer.status == Status.BOUNCED:
        suppress_keys({message.to_key}, None, Suppression.Reason.BOUNCED, now=now)


def _postpone(message: Message, reason: str, now: datetime) -> None:
    """Certainly not sent: wait longer each time, and give up after two days."""
    if message.attempts >= TRIES:
        _settle(message, Status.FAILED, reason)
        return
    wait = min(timedelta(minutes=2 ** (message.attempts - 1)), LONGEST_WAIT)
    # A fifth more or less, by the row: what failed together does not come back together.
    spread = 0.8 + (message.pk.int + message.attempts) % 41 / 100
    _requeue(message, reason, due_at=now + wait * spread)


def _doubt(message: Message, reason: str, now: datetime) -> None:
    """It may have arrived. Mail to people of ours goes once more, under the same Message-ID."""
    once = message.purpose in NEVER_AGAIN or not WAYS[message.channel].tells_repeats
    if once or message.sent_at:
        _settle(message, Status.UNKNOWN, reason, sent_at=message.sent_at or now)
    else:
        _requeue(message, reason, due_at=now + timedelta(minutes=5), sent_at=now)


def _put_back(message: Message, now: datetime) -> None:
    """Not tried: due again in a moment, and not counted as an attempt."""
    _requeue(message, "", due_at=now + timedelta(minutes=1), attempts=F("attempts") - 1)


def _hold_back(message: Message, hold: Hold, now: datetime) -> None:
    held: dict[str, Any] = {"held_for": hold.why, "held_at": now}
    if hold.status == Status.QUEUED:
        _requeue(message, hold.reason, due_at=hold.until, attempts=F("attempts") - 1, **held)
    else:
        _settle(message, hold.status, hold.reason, **held)


def _requeue(message: Message, reason: str, **changes: Any) -> None:
    if message.purpose not in AS_WRITTEN:
        changes |= {"subject": "", "text": "", "html": ""}
    _claimed(message).update(status=Status.QUEUED, reason=reason[:300], **changes)


def _settle(message: Message, status: str, reason: str, **changes: Any) -> None:
    if message.purpose == Purpose.SIGN_IN and status != Status.KEPT:
        # A code is for one reader, and only for minutes.
        changes |= {"text": "", "html": "", "context": {}}
    _claimed(message).update(status=status, reason=reason[:300], **changes)


def _claimed(message: Message) -> QuerySet[Message]:
    """The row, as long as nobody else has claimed it."""
    return Message.objects.filter(pk=message.pk, lease=message.lease)
