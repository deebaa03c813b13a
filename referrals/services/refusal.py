"""That somebody wants no mail, or no text messages, as another system knows it: written down as an event.

What is done about it is for the app above that writes to people; here nobody is ever made to want some again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from referrals.models import Event

# Who wants no mail wants to be asked no more; who wants no text messages may like a mail.
KINDS = {"email": Event.Kind.UNSUBSCRIBED, "sms": Event.Kind.PREFERENCES_CHANGED}


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
