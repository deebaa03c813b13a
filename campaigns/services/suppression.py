"""Mailboxes that want nothing more. Checked once more at the moment of sending, by services/delivery.py."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from campaigns.models import ASKED_FOR, OWED, TO_FRIEND, TO_STAFF, Ask, Message, Purpose, Suppression
from campaigns.models.contact_preference import keys_of
from campaigns.services.asks import end_for_keys
from referrals.models import Advocate, Event, Program, Referral

# Whoever said no thanks as a friend may still be told about friends of their own.
FRIENDS_ONLY = {Suppression.Reason.DECLINED}
# What another system may have told of somebody, with ``unwanted`` in its data: by mail or by text message.
REFUSALS = {Event.Kind.UNSUBSCRIBED, Event.Kind.PREFERENCES_CHANGED}
UNSTOPPABLE = ASKED_FOR | TO_STAFF


def suppress(who: Message | str, program: Program | None, reason: str, *, now: datetime) -> None:
    """Write nothing more to this mailbox about the program (None: about any), and empty its queue.

    ``who`` is a message that the mailbox got, or the mailbox's key. Repeatable.
    """
    key = who.to_key if isinstance(who, Message) else who
    suppress_keys({key}, program.pk if program else None, reason, now=now)


def suppress_keys(
    keys: Iterable[str], program_id: int | None, reason: str, *, now: datetime, end_rounds: bool = True
) -> None:
    """``suppress()`` for many mailboxes at once. ``end_rounds`` asks their people no more in any way. What is owed
    to somebody still leaves, unless it cannot arrive or they are forgotten."""
    known = set(keys) - {""}
    rows = [Suppression(key=key, program_id=program_id, reason=reason, created_at=now) for key in known]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    if reason not in FRIENDS_ONLY:
        # Whoever has declined as a friend now wants nothing at all.
        declined = Suppression.objects.filter(key__in=known, program=program_id, reason__in=FRIENDS_ONLY)
        declined.update(reason=reason)
        bounced = reason == Suppression.Reason.BOUNCED
        if end_rounds:
            end_for_keys(known, program_id, Ask.End.BOUNCED if bounced else Ask.End.UNSUBSCRIBED, now=now)
    waiting = Message.objects.waiting().filter(to_key__in=known)
    waiting = waiting.filter(purpose__in=TO_FRIEND) if reason in FRIENDS_ONLY else waiting
    waiting = waiting.filter(program_id=program_id) if program_id else waiting
    owed = frozenset() if reason in Suppression.FINAL else OWED
    waiting.exclude(purpose__in=UNSTOPPABLE | owed).update(
        status=Message.Status.WITHHELD, reason=Suppression.Reason(reason).label,
        held_for=Message.Held.SUPPRESSED, held_at=now,
    )  # fmt: skip


def unsubscribe(message: Message, program: Program | None, *, now: datetime) -> None:
    """The reader of this message wants nothing more about the program (None: nothing at all): by mail or by
    phone, if we know both. Repeatable; the first time is an event in an advocate's history."""
    keys, reason = _keys_of_reader(message), Suppression.Reason.UNSUBSCRIBED
    with transaction.atomic():
        program_id = program.pk if program else None
        rows = Suppression.objects.filter(key__in=keys, program=program_id, reason=reason)
        is_news = not rows.exists()
        suppress_keys(keys, program_id, reason, now=now)
        if is_news and message.is_to_advocate:
            _record(message, program, now)


def take_back(message: Message) -> None:
    """Write to this mailbox again: it unsubscribed by mistake. What stands against it for other reasons stays."""
    found = Suppression.objects.covering(keys=_keys_of_reader(message), program_id=message.program_id)
    found.filter(reason=Suppression.Reason.UNSUBSCRIBED).delete()


def _keys_of_reader(message: Message) -> set[str]:
    advocate = message.advocate if message.is_to_advocate else None
    return {message.to_key} | (set(keys_of(advocate)) if advocate else set())


def _record(message: Message, program: Program | None, now: datetime) -> None:
    event = Event(
        kind=Event.Kind.UNSUBSCRIBED, program=message.program, advocate=message.advocate, occurred_at=now,
        data={"everything": program is None},
    )  # fmt: skip
    Event.objects.record([event], now=now)


def respect_choices(events: Sequence[Event], *, now: datetime) -> None:
    """A friend who said no thanks, yes after all, or delete my data, and whoever another system says wants no
    mail or text messages: act on it at once."""
    if refusals := [event for event in events if event.kind in REFUSALS and event.data.get("unwanted")]:
        _respect_refusals(refusals, now)
    chosen = {Event.Kind.REFERRAL_LOST, Event.Kind.REFERRAL_ACCEPTED, Event.Kind.REFERRAL_ERASED}
    for event in events:
        if event.kind in chosen and event.referral:
            _respect(event, event.referral, now)


def _respect_refusals(events: Sequence[Event], now: datetime) -> None:
    """By mail, or by text message: whatever of the two it is that somebody wants no more. Of somebody whom we
    know it holds everywhere, of others in the program that was told."""
    told = {event.advocate_id for event in events if event.advocate_id}
    people = Advocate.objects.filter(pk__in=told).values_list("pk", "email_key", "phone_key")
    keys = {(pk, way): key for pk, *both in people for way, key in zip(("email", "sms"), both, strict=True)}
    found: dict[tuple[str, int | None], set[str]] = defaultdict(set)
    for event in events:
        way, program = event.data["unwanted"], None if event.advocate_id else event.program_id
        found[way, program].add(keys.get((event.advocate_id, way)) or event.data.get("key", ""))
    for (way, program), unwanted in found.items():
        reason = Suppression.Reason.UNSUBSCRIBED
        suppress_keys(unwanted, program, reason, now=now, end_rounds=way == "email")


def _respect(event: Event, referral: Referral, now: datetime) -> None:
    key, program_id = referral.email_key, referral.program_id
    if event.kind == Event.Kind.REFERRAL_ERASED:
        # Forgotten by the company, not by one of its programs.
        suppress_keys({key}, None, Suppression.Reason.ERASED, now=now)
        forget_words(referral)
    elif event.kind == Event.Kind.REFERRAL_ACCEPTED and key:
        declined = Suppression.objects.filter(key=key, program=program_id)
        declined.filter(reason=Suppression.Reason.DECLINED).delete()
    elif event.data.get("reason") == Referral.Reason.DECLINED:
        suppress_keys({key}, program_id, Suppression.Reason.DECLINED, now=now)


def forget_words(referral: Referral) -> None:
    """Delete what the outbox says about a friend: their own mail, and mail of others that names them."""
    # One mail to the advocate, and one to staff, name all friends of a submission; they were written with it.
    named_with_others = Q(
        program_id=referral.program_id,
        created_at=referral.submitted_at,
        purpose__in=[Purpose.REFERRAL_THANKS, Purpose.SALES_ALERT],
    )
    about = Message.objects.filter(Q(referral=referral) | named_with_others)
    # Without its lease, a worker that has claimed one of these finds that it is not to leave.
    waiting = about.filter(status__in=[Message.Status.QUEUED, Message.Status.SENDING])
    waiting.update(status=Message.Status.WITHHELD, lease=None)
    # A server's answer often repeats the address.
    about.update(context={}, subject="", text="", html="", reason=Suppression.Reason.ERASED.label)
    about.filter(purpose__in=TO_FRIEND).update(to_name="", to_address="")
