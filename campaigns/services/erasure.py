"""The right to be forgotten of somebody who may recommend: out of their record, and out of all that was written."""

from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.models import TO_FRIEND, Ask, CallTask, ContactPreference, Message, Purpose, Suppression
from campaigns.models.contact_preference import keys_of
from campaigns.services.asks import end
from campaigns.services.call_task import settle_calls
from campaigns.services.suppression import suppress_keys
from campaigns.services.testimonial import forget_answers
from referrals.models import Advocate
from referrals.services.forgetting import forget
from referrals.transitions import Moved

WAITING = (Message.Status.QUEUED, Message.Status.BY_HAND, Message.Status.SENDING)
# What says “Anna recommends us to you”.
IN_THEIR_NAME = (Purpose.INVITATION, Purpose.FRIEND_REMINDER, Purpose.NURTURE)


def erase_advocates(advocates: Any, *, now: datetime, by: Any) -> Moved:
    """Delete what we know about these people, at their request; hashes stay, so that nobody writes to them again,
    and so do counts, rewards and the ledger. Repeatable."""
    with transaction.atomic():
        rows = list(advocates.select_for_update(of=("self",)))
        for row in rows:
            _erase(row, now, by)
    return Moved(rows, [])


def _erase(advocate: Advocate, now: datetime, by: Any) -> None:
    keys = set(keys_of(advocate)) | ({advocate.email_key, advocate.phone_key} - {""})
    # Before the words go: what waits is held back by these keys.
    suppress_keys(keys, None, Suppression.Reason.ERASED, now=now)
    end(Ask.objects.filter(advocate=advocate, referral=None), Ask.End.UNSUBSCRIBED, now=now)
    settle_calls([advocate.pk], now=now)
    CallTask.objects.filter(advocate=advocate).update(note="", reason="")
    ContactPreference.objects.filter(advocate=advocate).update(advocate=None)
    _forget_messages(advocate, now)
    forget_answers(advocate, now=now)
    user = advocate.user
    forget(advocate, now=now, by=by)
    if user and not user.is_staff:
        # The sign-in, with its addresses; the person's row stays without one.
        user.delete()


def _forget_messages(advocate: Advocate, now: datetime) -> None:
    """What they got, and what friends got in their name. What friends wait for of their own still leaves."""
    friends = Message.objects.filter(referral__enrolment__advocate=advocate, purpose__in=TO_FRIEND)
    theirs = Message.objects.filter(advocate=advocate).exclude(purpose__in=TO_FRIEND)
    for waiting in (theirs, friends.filter(purpose__in=IN_THEIR_NAME)):
        # Without its lease, a worker that has claimed one of these finds that it is not to leave.
        waiting.filter(status__in=WAITING).update(
            status=Message.Status.WITHHELD, lease=None, held_for=Message.Held.SUPPRESSED, held_at=now
        )
    blank: dict[str, Any] = {"context": {}, "subject": "", "text": "", "html": ""}
    friends.exclude(status__in=WAITING).update(**blank)
    theirs.update(**blank, to_name="", to_address="", reason=str(Suppression.Reason.ERASED.label))
