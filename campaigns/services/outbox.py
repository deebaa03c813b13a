from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django_q.tasks import async_task

from campaigns.models import Message
from referrals.contacts import email_key


def queue(messages: Sequence[Message], *, now: datetime) -> None:
    """Put messages into the outbox, in the transaction of what caused them. A key that is there already
    is left alone: queueing twice is queueing once."""
    if not messages:
        return
    for message in messages:
        message.to_key = message.to_key or email_key(message.to_address)
        message.language = message.language or settings.LANGUAGE_CODE
        message.due_at = message.due_at or now
        message.created_at = now
    Message.objects.bulk_create(messages, ignore_conflicts=True)
    wake_worker_after_commit()


def wake_worker_after_commit() -> None:
    """Have the worker look at the outbox at once: one nudge a transaction, none after a rollback."""
    if not any(waiting[1] is _wake_worker for waiting in connection.run_on_commit):
        # Robust: what was done is done, and the clock finds the messages, if the broker is away.
        transaction.on_commit(_wake_worker, robust=True)


def _wake_worker() -> None:
    async_task("campaigns.tasks.deliver")
