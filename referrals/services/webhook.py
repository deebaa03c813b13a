"""Tells other systems what happens: one signed call for each event and each webhook that wants to hear of it.

An event is stored with what caused it; that row is what cannot be lost. Calls are written down from it a moment
later, once for each webhook, and then made, again and again for days if need be.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
from django.db import connection, models, transaction
from django.db.models import F

from referrals.models import Event, WebhookCall, WebhookEndpoint
from referrals.public_ids import public_id
from referrals.transitions import Moved
from referrals.webhooks import Answer, call

Status = WebhookCall.Status
BATCH = 50
AT_ONCE = 10
SECONDS_A_RUN = 60
LEASE = timedelta(minutes=5)
# Longer than any transaction: an event made before this moment, and stored after it, is still found.
LOOK_BACK = timedelta(minutes=15)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=8)
GIVE_UP_AFTER = timedelta(days=3)
SWITCH_OFF_AFTER = timedelta(days=5)
KEPT_FOR = timedelta(days=30)
GONE = 410
# What an event may tell another system: facts, and nothing that anyone wrote about a person.
TOLD = {
    "from", "to", "reason", "outcome", "fields", "order", "amount", "currency", "reward", "side", "rule",
    "left", "tier", "points", "list", "tag", "field", "score",
}  # fmt: skip


def tell_systems(*, now: datetime, client: httpx.Client | None = None) -> int:
    """Write down and make the calls that are due; returns how many were made.

    An answer 2xx settles a call. 410 switches the webhook off. Everything else is tried again after 1 minute
    to 8 hours, for three days; a webhook that has failed for five days is switched off, and an event says so.
    """
    collect_calls(now=now)
    stop_at, made = monotonic() + SECONDS_A_RUN, 0
    while monotonic() < stop_at and (batch := _claim(now)):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda row: _call(row, now, client), batch))
        for row, answer in zip(batch, answers, strict=True):
            _settle(row, answer, now)
        made += len(batch)
    return made


def collect_calls(*, now: datetime) -> None:
    """Write a call down for every event that a webhook wants to hear of and has no call for. Repeatable."""
    for endpoint in WebhookEndpoint.objects.active():
        told = WebhookCall.objects.filter(endpoint=endpoint, event=models.OuterRef("pk"))
        since = endpoint.collected_until - LOOK_BACK
        since = max(since, endpoint.hears_since or since)
        events = Event.objects.filter(
            ~models.Exists(told), program=endpoint.program_id, pk__gte=first_id(since)
        )
        events = events.filter(kind__in=endpoint.kinds) if endpoint.kinds else events
        rows = [
            WebhookCall(endpoint=endpoint, event_id=pk, due_at=now, created_at=now)
            for pk in events.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=2000)
        ]
        with transaction.atomic():
            WebhookCall.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(collected_until=now)


def first_id(moment: datetime) -> UUID:
    """The smallest id that an event made at this moment can have: UUID version 7 begins with the milliseconds
    since 1970 (RFC 9562)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def call_again(calls: Any, *, now: datetime, by: Any) -> Moved:
    """Make calls once more, told or given up, for another three days; those that wait anyway are left alone."""
    rows = list(calls.select_related("event", "endpoint"))
    again = [row for row in rows if row.status != Status.WAITING and row.endpoint.is_active]
    WebhookCall.objects.filter(pk__in=[row.pk for row in again]).update(
        status=Status.WAITING, due_at=now, created_at=now, attempts=0
    )
    return Moved(again, [row for row in rows if row not in again])


def send_test_call(endpoints: Any, *, now: datetime, by: Any) -> Moved:
    """Make a call of type ``test`` within a minute."""
    rows = list(endpoints)
    active = [row for row in rows if row.is_active]
    WebhookCall.objects.bulk_create([WebhookCall(endpoint=row, due_at=now, created_at=now) for row in active])
    return Moved(active, [row for row in rows if not row.is_active])


def draw_new_secret(endpoints: Any, *, now: datetime, by: Any) -> Moved:
    """Replace the secret; for a day, calls bear the signatures of both."""
    rows = list(endpoints)
    endpoints.update(secret_number=F("secret_number") + 1, secret_since=now)
    return Moved(rows, [])


def switch_on(endpoints: Any, *, now: datetime, by: Any) -> Moved:
    """Tell this system again, of what happens from now on and of what still waits."""
    rows = list(endpoints)
    off = [row for row in rows if not row.is_active]
    WebhookEndpoint.objects.filter(pk__in=[row.pk for row in off]).update(
        disabled_at=None, disabled_because="", failing_since=None, collected_until=now, hears_since=now
    )
    return Moved(off, [row for row in rows if row.is_active])


def switch_off(endpoints: Any, *, now: datetime, by: Any) -> Moved:
    """Tell this system nothing more."""
    rows = list(endpoints)
    on = [row for row in rows if row.is_active]
    WebhookEndpoint.objects.filter(pk__in=[row.pk for row in on]).update(disabled_at=now)
    return Moved(on, [row for row in rows if not row.is_active])


def forget_calls(*, now: datetime) -> int:
    """Delete settled calls after a month; returns how many."""
    settled = WebhookCall.objects.exclude(status=Status.WAITING).filter(created_at__lt=now - KEPT_FOR)
    return settled._raw_delete(settled.db)


def body_of(row: WebhookCall) -> dict[str, Any]:
    """What the other system is told: ids that the API knows and plain facts, no name and no address."""
    event, program = row.event, row.endpoint.program.slug
    if event is None:
        return {"type": "test", "timestamp": row.created_at.isoformat(), "data": {"program": program}}
    about = {
        "event": str(event.pk),
        "program": program,
        "advocate": public_id("adv", event.advocate_id) if event.advocate_id else None,
        "advocate_external_id": event.advocate.external_id if event.advocate else "",
        "referral": public_id("ref", event.referral_id) if event.referral_id else None,
    }
    facts = {name: value for name, value in event.data.items() if name in TOLD}
    return {"type": event.kind, "timestamp": event.occurred_at.isoformat(), "data": about | facts}


def _claim(now: datetime) -> list[WebhookCall]:
    with transaction.atomic():
        skip = connection.features.has_select_for_update_skip_locked
        due = (
            WebhookCall.objects.due(now).order_by("due_at").select_for_update(of=("self",), skip_locked=skip)
        )
        keys = list(due.values_list("pk", flat=True)[:BATCH])
        claimed = WebhookCall.objects.filter(pk__in=keys)
        claimed.update(due_at=now + LEASE, attempts=F("attempts") + 1)
    return list(claimed.select_related("endpoint__program", "event__advocate"))


def _call(row: WebhookCall, now: datetime, client: httpx.Client | None) -> Answer:
    endpoint = row.endpoint
    return call(
        endpoint.url, body_of(row), key=row.webhook_id, secret=endpoint.secret,
        older_secret=endpoint.older_secret(now), now=now, client=client,
    )  # fmt: skip


def _settle(row: WebhookCall, answer: Answer, now: datetime) -> None:
    this = WebhookCall.objects.filter(pk=row.pk)
    said = f"{answer.status}: {answer.text}"[:300]
    endpoint = WebhookEndpoint.objects.filter(pk=row.endpoint_id)
    if answer.is_yes:
        this.update(status=Status.DONE, answer=said, done_at=now)
        endpoint.exclude(failing_since=None).update(failing_since=None)
        return
    over = now - row.created_at > GIVE_UP_AFTER or answer.status == GONE
    pause = min(FIRST_PAUSE * 2 ** min(row.attempts - 1, 10), LONGEST_PAUSE)
    # A fifth more or less, by the row: what failed together does not come back together.
    pause *= 0.8 + row.pk % 41 / 100
    this.update(answer=said, due_at=now + pause, status=Status.FAILED if over else Status.WAITING)
    endpoint.filter(failing_since=None).update(failing_since=now)
    _switch_off_if_hopeless(row.endpoint, answer, now)


def _switch_off_if_hopeless(endpoint: WebhookEndpoint, answer: Answer, now: datetime) -> None:
    rows = WebhookEndpoint.objects.active().filter(pk=endpoint.pk)
    if answer.status != GONE:
        rows = rows.filter(failing_since__lt=now - SWITCH_OFF_AFTER)
    why = f"{answer.status}: {answer.text}"[:200]
    event = Event(
        kind=Event.Kind.WEBHOOK_SWITCHED_OFF, program_id=endpoint.program_id, occurred_at=now,
        data={"webhook": endpoint.pk, "name": endpoint.name, "answer": why},
        dedup_key=f"webhook:{endpoint.pk}:off:{now.isoformat()}",
    )  # fmt: skip
    with transaction.atomic():
        if rows.update(disabled_at=now, disabled_because=why):
            Event.objects.record([event], now=now)
