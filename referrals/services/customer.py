"""A friend who bought is a customer, and may recommend in turn: so chains of recommendation are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from referrals.models import Advocate, Event, Referral
from referrals.upsert import insert_new

# Whom a sale makes a customer; partners, employees and the like stay what they are.
WON_OVER = (Advocate.Kind.LOST_LEAD, Advocate.Kind.PAST_CUSTOMER)


def make_advocate(referral: Referral, *, now: datetime, by: Any = None) -> list[Event]:
    """The friend of this (locked) referral becomes somebody who may recommend; returns what is to be recorded.

    Known by address, or by phone where there is none: whoever is here already is not made twice. Nothing is
    sent, and an erased friend stays erased. ``became`` is set, and the caller's to store.
    """
    if referral.became_id or referral.erased_at or not (referral.email_key or referral.phone_key):
        return []
    friend = _taken_in(referral)
    if friend.kind in WON_OVER:
        Advocate.objects.filter(pk=friend.pk).update(kind=Advocate.Kind.CUSTOMER)
    referral.became = friend
    return [_became(referral, now, by)]


def make_advocates(referrals: Sequence[Referral], *, now: datetime, by: Any = None) -> dict[int, list[Event]]:
    """``make_advocate()`` for many; what is to be recorded, by the referral's key."""
    able = [r for r in referrals if not (r.became_id or r.erased_at) and (r.email_key or r.phone_key)]
    friends = _all_taken_in(able)
    for referral in able:
        referral.became = friends[_sign(referral)]
    won = [friend.pk for friend in friends.values() if friend.kind in WON_OVER]
    if won:
        Advocate.objects.filter(pk__in=won).update(kind=Advocate.Kind.CUSTOMER)
    return {referral.pk: [_became(referral, now, by)] for referral in able}


def _became(referral: Referral, now: datetime, by: Any) -> Event:
    return Event(
        kind=Event.Kind.CUSTOMER_CREATED, program_id=referral.program_id, advocate=referral.became, referral=referral,
        actor=by, occurred_at=now, dedup_key=f"referral:{referral.pk}:became",
    )  # fmt: skip


def forget_advocate(referral: Referral) -> None:
    """Delete what we know of somebody only because a friend recommended them; the row and its hashes stay."""
    came = Advocate.objects.filter(came_by=referral, user=None, external_id="", enrolments=None)
    blank: dict[str, Any] = dict.fromkeys(["name", "email", "phone", "company", "country"], "")
    Advocate.objects.filter(pk__in=list(came.values_list("pk", flat=True))).update(**blank, attributes={})


def _found(referral: Referral) -> Advocate | None:
    """Whoever has this address; without one, whoever has this phone and no other address."""
    if referral.email_key:
        return Advocate.objects.filter(email_key=referral.email_key).exclude(email_key="").first()
    return Advocate.objects.filter(phone_key=referral.phone_key, email_key="").exclude(phone_key="").first()


def _taken_in(referral: Referral) -> Advocate:
    """Whoever is this friend; with an address, the table itself sees to it that nobody is there twice."""
    if not referral.email_key and (known := _found(referral)):
        return known
    friend = _new(referral)
    if insert_new([friend], by="email_key"):
        return friend
    return _found(referral) or friend


def _all_taken_in(referrals: Sequence[Referral]) -> dict[str, Advocate]:
    """Whoever these friends are, each once, by their sign."""
    phones = {_sign(r) for r in referrals if not r.email_key}
    known = Advocate.objects.filter(phone_key__in=phones, email_key="").exclude(phone_key="")
    found = {person.phone_key: person for person in known.order_by("-pk")} if phones else {}
    new = {_sign(r): _new(r) for r in reversed(referrals) if _sign(r) not in found}
    found |= {
        friend.email_key: friend
        for friend in insert_new([n for n in new.values() if n.email_key], by="email_key")
    }
    found |= {
        n.phone_key: n for n in Advocate.objects.bulk_create(n for n in new.values() if not n.email_key)
    }
    if others := [sign for sign in new if sign not in found]:
        here = Advocate.objects.filter(email_key__in=others).exclude(email_key="")
        found |= {person.email_key: person for person in here}
    return found


def _sign(referral: Referral) -> str:
    """By which a friend is known: the address, or without one the phone."""
    return referral.email_key or referral.phone_key


def _new(referral: Referral) -> Advocate:
    return Advocate(
        name=referral.name, email=referral.email, phone=referral.phone, company=referral.company,
        email_key=referral.email_key, phone_key=referral.phone_key, language=referral.program.language,
    )  # fmt: skip
