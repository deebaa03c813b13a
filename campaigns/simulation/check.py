"""Looks through everything that plans have sent, and names each rule that was broken. Writes nothing."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from campaigns.models import (
    TOPIC_OF,
    UNASKED,
    Ask,
    ContactPolicy,
    ContactPreference,
    Message,
    Suppression,
)
from campaigns.services.contact_hours import next_allowed, zone_of
from referrals.models import Event

WEEK, MONTH = timedelta(days=7), timedelta(days=30)


def broken_rules() -> Iterator[str]:
    """A sentence for each message that should not have left, or not then; none, if all is well."""
    policy, chosen = ContactPolicy.objects.current(), Choices()
    past: dict[str, deque[datetime]] = defaultdict(deque)
    for message in _sent():
        assert message.sent_at is not None  # noqa: S101 - that is how they were found
        yield from _of_hours(message, message.sent_at, policy)
        wishes = chosen.at(message, message.sent_at)
        yield from _of_caps(message, message.sent_at, past[message.to_key], policy, wishes)
        yield from _of_moment(message, message.sent_at)
        yield from _of_wishes(message, message.sent_at, wishes)
    yield from _after_a_stop()
    yield from _rounds_too_close()


class Choices:
    """What everybody had chosen, at any moment, out of the log."""

    def __init__(self) -> None:
        self._changes: dict[int | None, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
        changes = Event.objects.filter(kind=Event.Kind.PREFERENCES_CHANGED).order_by("occurred_at", "pk")
        for advocate, at, data in changes.values_list("advocate_id", "occurred_at", "data").iterator():
            self._changes[advocate].append((at, data))

    def at(self, message: Message, moment: datetime) -> dict[str, Any]:
        """What the reader of this message had chosen by then; only what they ever changed."""
        wishes: dict[str, Any] = {}
        for at, data in self._changes.get(message.advocate_id, ()) if message.is_to_advocate else ():
            wishes |= data if at < moment else {}
        return wishes


def _sent() -> Iterable[Message]:
    rows = Message.objects.filter(purpose__in=UNASKED, sent_at__isnull=False).order_by("sent_at", "pk")
    return rows.select_related("advocate", "program", "ask__plan").defer("text", "html").iterator(2000)


def _of_hours(message: Message, at: datetime, policy: ContactPolicy) -> Iterator[str]:
    if next_allowed(at, zone_of(message.advocate, message.program), policy) != at:
        yield f"{message.key}: sent in quiet hours, {at}"


def _of_caps(
    message: Message, at: datetime, past: deque[datetime], policy: ContactPolicy, wishes: dict[str, Any]
) -> Iterator[str]:
    share = 2 if wishes.get("often") == ContactPreference.Often.LESS else 1
    past.append(at)
    while past[0] <= at - MONTH:
        past.popleft()
    a_month, a_week = max(1, policy.per_month // share), max(1, policy.per_week // share)
    if len(past) > a_month or sum(one > at - WEEK for one in past) > a_week:
        yield f"{message.key}: over the cap, {at}"


def _of_moment(message: Message, at: datetime) -> Iterator[str]:
    ask = message.ask
    if ask is None or ask.referral_id:
        return
    if ask.plan.kinds and at < ask.since + ask.plan.earliest:
        yield f"{message.key}: before the earliest moment, {at}"
    if message.not_after and at > message.not_after:
        yield f"{message.key}: after the latest moment, {at}"
    if ask.ended_at and at > ask.ended_at:
        yield f"{message.key}: after its round was over, {at}"


def _of_wishes(message: Message, at: datetime, wishes: dict[str, Any]) -> Iterator[str]:
    """Against what the reader had asked for: a pause, no such topic, not this way."""
    topic = TOPIC_OF.get(message.purpose)
    if wishes.get("paused_until", "") and at < datetime.fromisoformat(wishes["paused_until"]):
        yield f"{message.key}: in their pause, {at}"
    if topic and topic not in wishes.get("topics", [topic]):
        yield f"{message.key}: about what they do not want to hear of, {at}"
    if not ContactPreference(way=wishes.get("way", ContactPreference.Way.ANY)).allows_way(message.channel):
        yield f"{message.key}: by a way they do not want, {at}"


def _after_a_stop() -> Iterator[str]:
    stopped = Suppression.objects.filter(key=OuterRef("to_key"), created_at__lt=OuterRef("sent_at"))
    for key in Message.objects.filter(Exists(stopped), purpose__in=UNASKED).values_list("key", flat=True):
        yield f"{key}: sent to somebody who wanted no more"


def _rounds_too_close() -> Iterator[str]:
    rounds = Ask.objects.filter(referral=None, started_at__isnull=False).order_by("advocate", "started_at")
    rows = rounds.values_list("advocate_id", "started_at", "ended_at", "plan__rest_days", "plan__aim")
    last: tuple[int, datetime | None] = (0, None)
    ends: dict[str, datetime] = {}
    for advocate, started, ended, rest_days, aim in rows.iterator():
        if advocate != last[0]:
            ends = {}
        elif last[1] is None or last[1] > started:
            yield f"advocate {advocate}: in two rounds at once, {started}"
        # What asks for something else rests by itself.
        if aim in ends and ends[aim] + timedelta(days=rest_days) > started:
            yield f"advocate {advocate}: asked again too soon, {started}"
        last = (advocate, ended)
        if ended:
            ends[aim] = ended
