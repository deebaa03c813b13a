from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.tasks import async_task

from campaigns.models import Message, MessageChannel
from referrals.contacts import email_key, phone_key
from referrals.prepared import prepared
from referrals.upsert import insert_new

DELIVER = "campaigns.tasks.deliver"


def queue(messages: Iterable[Message], *, now: datetime) -> int:
    """Put messages into the outbox, in the transaction of what caused them. A key that is there already
    is left alone: queueing twice is queueing once. What has no address goes nowhere; returns how many have."""
    reachable = [message for message in messages if message.to_address]
    if not reachable:
        return 0
    for message in reachable:
        message.to_key = message.to_key or _key(message)
        message.language = message.language or settings.LANGUAGE_CODE
        message.due_at = message.due_at or now
        message.created_at = now
    insert_new(reachable)
    wake_worker_after_commit()
    return len(reachable)


def _key(message: Message) -> str:
    by_phone = message.channel == MessageChannel.SMS
    return phone_key(message.to_address) if by_phone else email_key(message.to_address)


def wake_worker_after_commit() -> None:
    """Have the worker look at the outbox at once: one nudge a transaction, none after a rollback."""
    if not any(waiting[1] is _wake_worker for waiting in connection.run_on_commit):
        # Robust: what was done is done, and the clock finds the messages, if the broker is away.
        transaction.on_commit(_wake_worker, robust=True)


def _wake_worker() -> None:
    if "orm" not in settings.Q_CLUSTER:
        async_task(DELIVER)
    elif not Nudges.is_one_coming():
        async_task(DELIVER, broker=Nudges())


class Nudges(ORM):
    """The broker in our database, for nudges that many commits share.

    A nudge lies still for a moment before a worker may take it. Whoever commits meanwhile needs none of
    their own: the worker will look later than that, and find what they wrote.
    """

    MOMENT = timedelta(milliseconds=200)
    # Clocks of two machines differ, and the worker may be about to take it.
    MARGIN = timedelta(milliseconds=50)
    # When the last one that this process has seen may be taken: until then nobody has to look.
    seen: datetime | None = None

    @staticmethod
    def get_connection(list_key: str | None = None) -> Any:  # noqa: ARG004 - the broker's signature
        # The one at hand; django-q2's own way closes it first, and SQLite opens another.
        return OrmQ.objects

    @classmethod
    def is_one_coming(cls) -> bool:
        # What a worker has taken, or may take already, is locked until much later, or no more.
        soon = timezone.now() + cls.MARGIN, timezone.now() + cls.MOMENT
        if cls.seen is None or not soon[0] <= cls.seen <= soon[1]:
            cls.seen = next(iter(_coming(*soon)), None)
        return cls.seen is not None

    def enqueue(self, task: str) -> int:
        lock = timezone.now() + self.MOMENT
        return int(OrmQ.objects.create(key=self.list_key, payload=task, lock=lock).pk)


@prepared
def _coming(after: datetime, before: datetime) -> QuerySet[OrmQ, datetime]:
    return OrmQ.objects.filter(lock__range=(after, before)).values_list("lock", flat=True)[:1]
