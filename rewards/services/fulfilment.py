import json
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.db import connection, transaction
from django.db.models import F, QuerySet

from referrals.transitions import Moved
from referrals.webhooks import Answer, call, secret_of
from rewards.models import FulfilmentCall, Incentive, Reward
from rewards.services.reward import hand_out

BATCH = 50
# A call that is under way longer than this is taken for dead, and made again.
LEASE = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=3)
CODE_LENGTH = 80


def call_fulfilment(*, now: datetime, client: httpx.Client | None = None) -> int:
    """Ask other systems to hand out what is approved and theirs to give; returns how many calls were made.

    The answer 2xx hands the reward out, with the ``code`` of a JSON answer if there is one. 4xx gives up
    and leaves it to a person; everything else is tried again, after 1 minute to 4 hours, for three days.
    """
    _queue(now)
    calls = _claim(now)
    for row in calls:
        incentive = row.reward.incentive
        answer = call(
            incentive.webhook_url,
            _body(row.reward),
            key=str(row.reward_id),
            secret=secret_of(f"incentive:{incentive.pk}"),
            now=now,
            client=client,
        )
        _settle(row, answer, now)
    return len(calls)


def ask_again(calls: QuerySet[FulfilmentCall], *, now: datetime, by: Any) -> Moved:
    """Make given-up calls due once more, for another three days; others are left as they are."""
    failed = list(calls.filter(status=FulfilmentCall.Status.FAILED))
    others = list(calls.exclude(status=FulfilmentCall.Status.FAILED))
    FulfilmentCall.objects.filter(pk__in=[row.pk for row in failed]).update(
        status=FulfilmentCall.Status.WAITING, due_at=now, created_at=now
    )
    return Moved(failed, others)


def _queue(now: datetime) -> None:
    """A row for every reward that another system is to hand out, and has not been asked about."""
    ready = (
        Reward.objects.to_hand_out()
        .payable(now)
        .filter(incentive__fulfilment=Incentive.Fulfilment.WEBHOOK, fulfilment_call=None)
    )
    rows = [
        FulfilmentCall(reward_id=pk, due_at=now, created_at=now)
        for pk in ready.values_list("pk", flat=True)[:500]
    ]
    FulfilmentCall.objects.bulk_create(rows, ignore_conflicts=True)


def _claim(now: datetime) -> list[FulfilmentCall]:
    with transaction.atomic():
        due = FulfilmentCall.objects.due(now).filter(reward__status=Reward.Status.APPROVED)
        skip = connection.features.has_select_for_update_skip_locked
        due = due.order_by("due_at").select_for_update(of=("self",), skip_locked=skip)
        keys = list(due.values_list("pk", flat=True)[:BATCH])
        claimed = FulfilmentCall.objects.filter(pk__in=keys)
        claimed.update(due_at=now + LEASE, attempts=F("attempts") + 1)
    return list(claimed.select_related("reward__incentive", "reward__program", "reward__enrolment"))


def _body(reward: Reward) -> dict[str, Any]:
    """What the other system needs, and no name or address: it knows its customers by its own number."""
    advocate = reward.enrolment.advocate
    return {
        "type": "reward.approved",
        "timestamp": reward.status_at.isoformat(),
        "data": {
            "reward": str(reward.pk),
            "program": reward.program.slug,
            "incentive": reward.incentive.name,
            "kind": reward.incentive.kind,
            "side": reward.side,
            "amount": reward.amount,
            "currency": reward.currency,
            "advocate": advocate.external_id,
            "referral": reward.referral_id,
        },
    }


def _settle(row: FulfilmentCall, answer: Answer, now: datetime) -> None:
    if answer.is_yes:
        with transaction.atomic():
            FulfilmentCall.objects.filter(pk=row.pk).update(
                status=FulfilmentCall.Status.DONE, answer=answer.status
            )
            hand_out(Reward.objects.filter(pk=row.reward_id), now=now, by=None, code=_code(answer.text))
        return
    over = now - row.created_at > GIVE_UP_AFTER
    said = f"{answer.status}: {answer.text}"[:300]
    if over or not answer.may_change:
        FulfilmentCall.objects.filter(pk=row.pk).update(status=FulfilmentCall.Status.FAILED, answer=said)
        return
    pause = min(FIRST_PAUSE * 2 ** min(row.attempts - 1, 10), LONGEST_PAUSE)
    FulfilmentCall.objects.filter(pk=row.pk).update(due_at=now + pause, answer=said)


def _code(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    code = found.get("code", "") if isinstance(found, dict) else ""
    return code if isinstance(code, str) and code.isprintable() and len(code) <= CODE_LENGTH else ""
