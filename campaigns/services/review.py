"""Suspicious referrals: one decision for both sides, their rewards with it, and the way back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from referrals.models import Referral, RiskAssessment
from referrals.services.handling import reopen, settle
from referrals.transitions import Moved
from rewards.models import Reward
from rewards.services import reward as rewards

Status, Reason = Referral.Status, Referral.Reason
Verdict = RiskAssessment.Verdict


def it_counts(referrals: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Release referrals: the friend is written to and called, sales that waited count, and rewards go their way."""
    with transaction.atomic():
        reviewed = referrals.filter(status=Status.UNDER_REVIEW)
        result = _with_others(referrals, reopen(_fixed(reviewed), now=now, by=by, note=note))
        _judge(result.moved, Verdict.COUNTS, now, by)
    return result


def it_does_not(referrals: Any, *, now: datetime, by: Any, reason: str = "", note: str = "") -> Moved:
    """Close referrals for both sides. What was promised for them is declined, what was handed out is claimed
    back. ``reason`` is one of those that a referral may be rejected for."""
    with transaction.atomic():
        result = close(referrals, now=now, by=by, reason=reason or Reason.SUSPICIOUS, note=note)
        _judge(result.moved, Verdict.DOES_NOT, now, by)
    return result


def close(referrals: Any, *, now: datetime, by: Any, reason: str, note: str = "") -> Moved:
    """Let referrals not count, for whatever reason: what was promised for them is declined, what was handed out is
    claimed back."""
    with transaction.atomic():
        result: Moved = settle(referrals, Status.REJECTED, now=now, by=by, reason=reason, note=note)
        earned = Reward.objects.alive().filter(referral__in=result.moved)
        why = Reward.Reason.SUSPICIOUS if reason == Reason.SUSPICIOUS else Reward.Reason.NOT_ELIGIBLE
        rewards.revoke(earned.exclude(status=Reward.Status.CLAIMED), reason=why, now=now, by=by)
    return result


def take_up(referrals: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Take referrals up again that were under review, lost or did not count; what went with them is promised again."""
    with transaction.atomic():
        dropped = _dropped_with(referrals)
        result = reopen(referrals, now=now, by=by, note=note)
        _give_again(dropped, result.moved, now, by)
    return result


def undo(referrals: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Take a decision back: the referrals are under review again, and rewards declined with them are promised."""
    with transaction.atomic():
        decided = _fixed(referrals.filter(risk__verdict__in=Verdict.values))
        take_up(decided.filter(status=Status.REJECTED), now=now, by=by, note=note)
        result: Moved = settle(
            decided, Status.UNDER_REVIEW, now=now, by=by, reason=Reason.SUSPICIOUS, note=note
        )
        _judge(result.moved, "", now, by)
    return _with_others(referrals, result)


def _dropped_with(referrals: Any) -> list[Any]:
    """The rewards that went when these referrals were decided not to count: in the same moment."""
    went = Reward.objects.filter(referral__in=referrals.filter(status=Status.REJECTED).values("pk"))
    because = went.filter(status_reason__in=(Reward.Reason.SUSPICIOUS, Reward.Reason.NOT_ELIGIBLE))
    return list(because.filter(status_at=F("referral__status_at")).values_list("pk", flat=True))


def _give_again(dropped: list[Any], back: Sequence[Referral], now: datetime, by: Any) -> None:
    theirs = Reward.objects.filter(pk__in=dropped, referral__in=back)
    rewards.undo(theirs.filter(status__in=("declined", "revoked")), now=now, by=by)
    theirs.filter(status=Reward.Status.CLAIMED).advance(Reward.Status.ISSUED, now=now, by=by)


def _fixed(referrals: Any) -> Any:
    """The same rows after their status has changed."""
    return Referral.objects.filter(pk__in=list(referrals.values_list("pk", flat=True)))


def _with_others(referrals: Any, result: Moved) -> Moved:
    left = referrals.exclude(pk__in=[row.pk for row in (*result.moved, *result.refused)])
    return Moved(result.moved, [*result.refused, *left])


def _judge(referrals: Sequence[Referral], verdict: str, now: datetime, by: Any) -> None:
    """Keep the decision beside the signs; who was put under review by hand gets a row for it."""
    keys = [referral.pk for referral in referrals]
    known = RiskAssessment.objects.in_bulk(keys)
    rows = [known.get(key) or RiskAssessment(referral_id=key, score=0, assessed_at=now) for key in keys]
    for row in rows:
        row.judge(verdict)
        row.decided_at, row.decided_by = (now, by) if verdict else (None, None)
    RiskAssessment.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["referral"],
        update_fields=["verdict", "signs", "score", "decided_at", "decided_by"],
    )  # fmt: skip
