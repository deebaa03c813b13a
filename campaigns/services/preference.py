"""What people choose about the messages they get: it holds at once, for what already waits as well."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from campaigns.models import TOPIC_OF, UNASKED, Ask, ContactPreference, Message, Topic
from referrals.models import Advocate, Event, Program

Held = Message.Held
PAUSE = timedelta(days=91)


class Choice(NamedTuple):
    """What somebody ticked."""

    topics: list[str]
    way: str
    often: str
    pause: bool
    language: str


def change_preferences(
    advocate: Advocate, choice: Choice, *, program: Program | None, now: datetime
) -> ContactPreference:
    """Keep what an advocate chose, and withdraw what waits and is not wanted any more. Repeatable."""
    with transaction.atomic():
        Advocate.objects.select_for_update().get(pk=advocate.pk)
        preference = ContactPreference.objects.of(advocate)
        before = _as_data(preference, advocate)
        until = preference.paused_until
        _fill(preference, advocate, choice, now)
        if advocate.language != choice.language:
            advocate.language = choice.language
            advocate.save(update_fields=["language"])
        preference.save()
        _move_queue(advocate, preference, now)
        if until and preference.paused_until is None:
            _wait_no_more(advocate, until, now)
        after = _as_data(preference, advocate)
        if after != before:
            changed = {name: value for name, value in after.items() if value != before[name]}
            event = Event(
                kind=Event.Kind.PREFERENCES_CHANGED, program=program, advocate=advocate, occurred_at=now,
                data=changed,
            )  # fmt: skip
            Event.objects.record([event], now=now)
    return preference


def _fill(preference: ContactPreference, advocate: Advocate, choice: Choice, now: datetime) -> None:
    preference.advocate = advocate
    preference.refused = [str(topic) for topic in Topic if topic not in choice.topics]
    preference.way, preference.often, preference.changed_at = choice.way, choice.often, now
    running = preference.paused_until and preference.paused_until > now
    if choice.pause != bool(running):
        preference.paused_until = now + PAUSE if choice.pause else None


def _move_queue(advocate: Advocate, preference: ContactPreference, now: datetime) -> None:
    waiting = Message.objects.waiting().filter(advocate=advocate, purpose__in=UNASKED)
    waiting.update(language=advocate.language or "en")
    refused = [purpose for purpose, topic in TOPIC_OF.items() if topic in preference.refused]
    _withdraw(waiting.filter(purpose__in=refused), Held.TOPIC, now)
    unwanted = [way for way in ("email", "sms") if not preference.allows_way(way)]
    _withdraw(waiting.filter(channel__in=unwanted), Held.CHANNEL, now)
    if preference.paused_until and preference.paused_until > now:
        waiting.filter(due_at__lt=preference.paused_until).update(
            due_at=preference.paused_until, held_for=Held.PAUSED, held_at=now, reason=Held.PAUSED.label
        )


def _wait_no_more(advocate: Advocate, until: datetime, now: datetime) -> None:
    """A pause was ended by hand: what it put off to its last day is looked at now."""
    held = Message.objects.waiting().filter(advocate=advocate, held_for=Held.PAUSED, due_at__gte=until)
    held.update(due_at=now, reason="")
    Ask.objects.open().filter(advocate=advocate, referral=None, due_at=until).update(due_at=now)


def _withdraw(messages: Any, why: Message.Held, now: datetime) -> None:
    messages.update(status=Message.Status.WITHHELD, held_for=why, held_at=now, reason=str(why.label))


def _as_data(preference: ContactPreference, advocate: Advocate) -> dict[str, Any]:
    until = preference.paused_until
    return {
        "topics": [str(topic) for topic in preference.topics], "way": str(preference.way),
        "often": str(preference.often), "paused_until": until.isoformat() if until else "",
        "language": advocate.language,
    }  # fmt: skip
