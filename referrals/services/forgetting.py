"""Somebody who may recommend asks to be forgotten: what names them goes, what counts and what was paid stays."""

from datetime import datetime
from typing import Any

from referrals.models import (
    Advocate,
    ApiCall,
    Candidate,
    Claim,
    Event,
    Pick,
    Referral,
    Tagging,
)
from referrals.public_ids import public_id
from referrals.services.enrolment import renew_personal_links
from referrals.services.referral import erase_friend, forget_words

PERSONAL = ("name", "email", "phone", "company", "country", "external_id", "timezone", "likeness")


def forget(advocate: Advocate, *, now: datetime, by: Any) -> None:
    """Blank this (locked) person, as an advocate and as a friend. Their hashes stay, so that an import does not
    bring them back unseen; their links lead nowhere any more. Repeatable."""
    blank: dict[str, Any] = dict.fromkeys(PERSONAL, "")
    Advocate.objects.filter(pk=advocate.pk).update(**blank, attributes={}, show_name=False, owner=None)
    renew_personal_links(advocate.enrolments.all(), now=now, by=by)
    for rows in (Tagging, Pick, Candidate):
        rows.objects.filter(advocate=advocate).delete()
    Claim.objects.filter(enrolment__advocate=advocate).update(words="")
    Referral.objects.filter(enrolment__advocate=advocate).update(advocate_client={}, relation="")
    ApiCall.objects.forget(public_id("adv", advocate.pk))
    forget_words(Event.objects.filter(advocate=advocate))
    for friend in _as_friend(advocate):
        erase_friend(friend, now=now)
    erased = Event(
        kind=Event.Kind.ADVOCATE_ERASED, advocate=advocate, actor=by, occurred_at=now,
        dedup_key=f"advocate:{advocate.pk}:erased",
    )  # fmt: skip
    Event.objects.record([erased], now=now)


def _as_friend(advocate: Advocate) -> list[Referral]:
    """One referral by which we know the same person as a friend; erasing it erases them all."""
    for column in ("email_key", "phone_key"):
        key = getattr(advocate, column)
        if key and (found := Referral.objects.filter(erased_at=None, **{column: key}).first()):
            return [found]
    return []
