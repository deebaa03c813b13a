"""How much one person gets unasked, and when: asked for each batch once more, just before sending."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from campaigns.models import (
    ASKED_FOR,
    TO_FRIEND,
    TO_STAFF,
    UNASKED,
    ContactPolicy,
    ContactPreference,
    Message,
    MessageChannel,
)
from campaigns.services.contact_hours import next_allowed, zone_of

Status, Held = Message.Status, Message.Held
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


class Hold(NamedTuple):
    """Held back for good, or (QUEUED) until ``until``; ``why`` is one of ``Message.Held``."""

    status: str
    why: str
    reason: str
    until: datetime | None = None


class Past(NamedTuple):
    """Something that a person got unasked; ``sent_at`` is None while another worker is sending it."""

    sent_at: datetime | None
    advocate_id: int | None
    key: str


class Pressure:
    """The contact budget of everybody in a batch: four queries, and none if nothing in it needs any."""

    def __init__(self, batch: Sequence[Message], *, now: datetime) -> None:
        self.now = now
        self._past: dict[int | str, dict[UUID, Past]] = defaultdict(dict)
        if not any(is_by_the_clock(message) for message in batch):
            return
        self.policy = ContactPolicy.objects.current()
        unasked = [message for message in batch if message.purpose in UNASKED]
        if unasked:
            self._preferences = ContactPreference.objects.for_messages(unasked)
            self._read_past(unasked, {message.pk for message in batch})

    def hold(self, message: Message) -> Hold | None:
        """Why this message stays here, or waits."""
        found = None
        if message.purpose in UNASKED:
            found = self._of_preference(message) or self._of_caps(message)
        if found is None and is_by_the_clock(message):
            found = self._of_hours(message)
        if found and found.until and message.not_after and found.until > message.not_after:
            return Hold(Status.WITHHELD, found.why, _("%s: by then it would be too late.") % found.reason)
        return found

    def count(self, message: Message) -> None:
        """It leaves: whatever else is in the batch for the same person counts it."""
        if message.purpose in UNASKED:
            self._remember(message.pk, Past(self.now, _person(message), message.to_key))

    def _of_preference(self, message: Message) -> Hold | None:
        chosen = self._preferences.get(message.advocate_id or 0) if message.is_to_advocate else None
        if chosen is None:
            return None
        if chosen.refuses(message.purpose):
            return Hold(Status.WITHHELD, Held.TOPIC, str(Held.TOPIC.label))
        if not chosen.allows_way(message.channel):
            return Hold(Status.WITHHELD, Held.CHANNEL, str(Held.CHANNEL.label))
        if chosen.paused_until and chosen.paused_until > self.now:
            return self._wait(message, Held.PAUSED, chosen.paused_until)
        return None

    def _of_caps(self, message: Message) -> Hold | None:
        past = self._past_of(message)
        for cap, span, why in self._caps(message):
            counted = [row.sent_at for row in past if row.sent_at is None or row.sent_at > self.now - span]
            if len(counted) < cap:
                continue
            gone = sorted(at for at in counted if at)
            if len(gone) < cap:
                # Another worker is sending to them this moment: look again when that is settled.
                wait = self.now + timedelta(minutes=1 + message.pk.int % 5)
                return Hold(Status.QUEUED, why, _("Another message is on its way to them."), wait)
            return self._wait(message, why, gone[-cap] + span)
        return None

    def _caps(self, message: Message) -> Iterable[tuple[int, timedelta, Message.Held]]:
        chosen = self._preferences.get(message.advocate_id or 0) if message.is_to_advocate else None
        share = 2 if chosen and chosen.often == chosen.Often.LESS else 1
        # The longer one first: its wait is the longer, too.
        yield max(1, self.policy.per_month // share), MONTH, Held.MONTH
        yield max(1, self.policy.per_week // share), WEEK, Held.WEEK

    def _of_hours(self, message: Message) -> Hold | None:
        allowed = next_allowed(self.now, self._zone(message), self.policy)
        if allowed == self.now:
            return None
        return Hold(Status.QUEUED, Held.QUIET, str(Held.QUIET.label), allowed)

    def _wait(self, message: Message, why: Message.Held, until: datetime) -> Hold:
        allowed = next_allowed(until, self._zone(message), self.policy)
        return Hold(Status.QUEUED, why, str(why.label), allowed)

    def _zone(self, message: Message) -> ZoneInfo:
        return zone_of(message.advocate if message.is_to_advocate else None, message.program)

    def _past_of(self, message: Message) -> list[Past]:
        mine = self._past[message.to_key] if message.to_key else {}
        person = _person(message)
        return list(((self._past[person] if person else {}) | mine).values())

    def _read_past(self, unasked: Sequence[Message], own: set[UUID]) -> None:
        keys = {message.to_key for message in unasked} - {""}
        people = {_person(message) for message in unasked} - {None}
        gone = Message.objects.filter(purpose__in=UNASKED).gone_since(self.now - MONTH)
        # Two questions, because each has its own index, and an “or” of both has none.
        for rows in (gone.filter(to_key__in=keys), gone.filter(advocate__in=people)):
            for pk, purpose, at, advocate, key in rows.values_list(
                "pk", "purpose", "gone_at", "advocate", "to_key"
            ):
                if pk not in own:
                    self._remember(pk, Past(at, None if purpose in TO_FRIEND | TO_STAFF else advocate, key))

    def _remember(self, pk: UUID, past: Past) -> None:
        for person in (past.advocate_id, past.key):
            if person:
                self._past[person][pk] = past


def is_by_the_clock(message: Message) -> bool:
    """Whether it leaves by day only: whatever nobody asked for, and what makes a phone ring."""
    if message.channel == MessageChannel.SMS:
        return message.purpose not in ASKED_FOR | TO_STAFF
    return message.purpose in UNASKED


def _person(message: Message) -> int | None:
    return message.advocate_id if message.is_to_advocate else None
