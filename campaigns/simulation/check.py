"""Looks through everything that plans have sent, and names each rule that was broken. Writes nothing."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from campaigns.models import UNASKED, Ask, ContactPolicy, Message, Suppression
from campaigns.services.contact_hours import next_allowed, zone_of

WEEK, MONTH = timedelta(days=7), timedelta(days=30)


def broken_rules() -> Iterator[str]:
    """A sentence for each message that should not have left, or not then; none, if all is well."""
    policy = ContactPolicy.objects.current()
    past: dict[str, deque[datetime]] = defaultdict(deque)
    for message in _sent():
        assert message.sent_at is not None  # noqa: S101 - that is how they were found
        yield from _of_hours(message, message.sent_at, policy)
        yield from _of_caps(message, message.sent_at, past[message.to_key], policy)
        yield from _of_moment(message, message.sent_at)
    yield from _after_a_stop()
    yield from _two_rounds_at_once()


def _sent() -> Iterable[Message]:
    rows = Message.objects.filter(purpose__in=UNASKED, sent_at__isnull=False).order_by("sent_at", "pk")
    return rows.select_related("advocate", "program", "ask__plan").defer("text", "html").iterator(2000)


def _of_hours(message: Message, at: datetime, policy: ContactPolicy) -> Iterator[str]:
    if next_allowed(at, zone_of(message.advocate, message.program), policy) != at:
        yield f"{message.key}: sent in quiet hours, {at}"


def _of_caps(message: Message, at: datetime, past: deque[datetime], policy: ContactPolicy) -> Iterator[str]:
    past.append(at)
    while past[0] <= at - MONTH:
        past.popleft()
    if len(past) > policy.per_month or sum(one > at - WEEK for one in past) > policy.per_week:
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


def _after_a_stop() -> Iterator[str]:
    stopped = Suppression.objects.filter(key=OuterRef("to_key"), created_at__lt=OuterRef("sent_at"))
    for key in Message.objects.filter(Exists(stopped), purpose__in=UNASKED).values_list("key", flat=True):
        yield f"{key}: sent to somebody who wanted no more"


def _two_rounds_at_once() -> Iterator[str]:
    rounds = Ask.objects.filter(referral=None, started_at__isnull=False).order_by("advocate", "started_at")
    last: tuple[int, datetime | None] = (0, None)
    for advocate, started, ended in rounds.values_list("advocate_id", "started_at", "ended_at").iterator():
        if advocate == last[0] and (last[1] is None or last[1] > started):
            yield f"advocate {advocate}: in two rounds at once, {started}"
        last = (advocate, ended)
