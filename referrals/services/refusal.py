"""That somebody wants no mail, or no text messages, as another system knows it: written down as an event.

What is done about it is for the app above that writes to people; here nobody is ever made to want some again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from referrals.contacts import email_key, phone_key
from referrals.models import Advocate, Event, Program

# Who wants no mail wants to be asked no more; who wants no text messages may like a mail.
KINDS = {"email": Event.Kind.UNSUBSCRIBED, "sms": Event.Kind.PREFERENCES_CHANGED}
SAYINGS = {"email": "no_mail", "sms": "no_texts"}


def unwanted(people: Iterable[tuple[Any, ...]], way: str, *, now: datetime, by: Any = None) -> list[Event]:
    """An event for each of these – key of the advocate, ``dedup_key`` – who wants nothing by this way."""
    return [
        Event(
            kind=KINDS[way],
            advocate_id=advocate,
            actor=by,
            occurred_at=now,
            data={"unwanted": way},
            dedup_key=saying,
        )
        for advocate, saying in people
    ]


def refuse(people: Iterable[tuple[Advocate, Iterable[str]]], *, now: datetime, said: str = "yes") -> None:
    """These want nothing by these ways, as another system says. ``said`` tells one time from another: said again,
    it is no news, even if they have told us otherwise since."""
    told = list(people)
    for way, saying in SAYINGS.items():
        keys = [(a.pk, a.email_key if way == "email" else a.phone_key) for a, ways in told if way in ways]
        if sayings := [(pk, _saying(saying, key, said)) for pk, key in keys if key]:
            Event.objects.record(unwanted(sayings, way, now=now), now=now)


def refuse_unknown(program: Program, *, email: str, phone: str, now: datetime, said: str) -> None:
    """The same of somebody who is nobody's advocate yet: nothing is to be written to them about this program."""
    keys = {"email": email_key(email), "sms": phone_key(phone)}
    events = [
        Event(
            kind=KINDS[way], program=program, occurred_at=now, data={"unwanted": way, "key": key},
            dedup_key=_saying(f"{SAYINGS[way]}:{program.pk}", key, said),
        )
        for way, key in keys.items()
        if key
    ]  # fmt: skip
    Event.objects.record(events, now=now)


def _saying(what: str, key: str, said: str) -> str:
    return f"{what}:{key}:{said}"[:120]
