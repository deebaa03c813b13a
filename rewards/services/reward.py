from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from referrals.models import Enrolment
from referrals.transitions import Moved
from rewards.models import CouponCode, Incentive, Reward, RewardScheme
from rewards.models.reward import NOT_COUNTED, RewardQuerySet
from rewards.services.grant import needs_approval
from rewards.services.renewal import queue_up, refuse_over_limit, refuse_unpaid
from rewards.services.reservation import give_back, reserve
from rewards.services.tax import held_for_tax, hold_for_tax

Status = Reward.Status
BY_ITSELF = (Incentive.Fulfilment.AUTOMATIC, Incentive.Fulfilment.CODE)
BATCH, KEYS = 500, 10_000
# What reserving anew may change.
RESERVED = ["budget", "incentive", "amount", "cost", "currency", "needs_approval"]


def approve(rewards: RewardQuerySet, *, now: datetime, by: Any) -> Moved:
    """Approve promised rewards; what hands itself out is handed out as soon as its waiting time is over.

    From the scheme's limit on, a first approval is only noted, and a second person has to give another.
    """
    with transaction.atomic():
        rows = _lock(rewards)
        tax = held_for_tax(rows, now=now)
        for row in rows:
            row.refusal = _not_promised(row) or tax.get(row.pk, "") or _lacks_second(row, by)
        noted = [row.pk for row in rows if row.refusal and row.first_approval_id == by.pk]
        Reward.objects.filter(pk__in=noted).update(first_approval=by)
        ready = _rows(row for row in rows if not row.refusal)
        moved = ready.advance(Status.APPROVED, now=now, by=by).moved
        issue_by_itself(ready, now=now)
        return Moved(moved, [row for row in rows if row.refusal])


def decline(rewards: RewardQuerySet, *, reason: str, note: str = "", now: datetime, by: Any) -> Moved:
    """Decline promised rewards, with a reason that the person will read; budget and stock are free again."""
    return _drop(
        rewards, {Status.PENDING: Status.DECLINED, Status.WAITING: Status.DECLINED}, reason, note, now, by
    )


def revoke(rewards: RewardQuerySet, *, reason: str, note: str = "", now: datetime, by: Any) -> Moved:
    """Take rewards back: what was not handed out is free again, what was becomes a claim."""
    steps = {
        Status.WAITING: Status.DECLINED,
        Status.PENDING: Status.DECLINED,
        Status.APPROVED: Status.REVOKED,
        Status.ISSUED: Status.CLAIMED,
        Status.REDEEMED: Status.CLAIMED,
    }
    return _drop(rewards, steps, reason, note, now, by)


def undo(rewards: RewardQuerySet, *, now: datetime, by: Any) -> Moved:
    """Take a decision back: approved, declined and taken-back rewards are promised again.

    Declined ones need budget, stock and code anew; where nothing is left they go on the waiting list.
    """
    with transaction.atomic():
        rows = _lock(rewards)
        approved = [row for row in rows if row.status == Status.APPROVED]
        dropped = [row for row in rows if row.status in (Status.DECLINED, Status.REVOKED)]
        others = [row for row in rows if row not in approved and row not in dropped]
        for row in others:
            row.refusal = _("there is no decision to take back")
        # What nobody had to approve waits for somebody now: the clock would only repeat what was undone.
        _rows(approved).advance(Status.PENDING, now=now, by=by, first_approval=None, needs_approval=True)
        promise_again(dropped, now=now, by=by)
        return Moved([row for row in rows if not row.refusal], [row for row in rows if row.refusal])


def hand_out(rewards: RewardQuerySet, *, now: datetime, by: Any, code: str = "") -> Moved:
    """Hand out approved rewards; ``code`` is what the person uses, where it does not come from a pool."""
    with transaction.atomic():
        rows = _lock(rewards)
        for row in rows:
            row.refusal = _not_ready(row, now)
        ready = _rows(row for row in rows if not row.refusal)
        if code:
            ready.filter(coupon=None).update(code=code)
        moved = _issue(ready, now=now, by=by)
        return Moved(moved, [row for row in rows if row.refusal])


def mark_used(rewards: RewardQuerySet, *, now: datetime, by: Any) -> Moved:
    """The person has spent or received what was handed out; others are left as they are."""
    result: Moved = rewards.advance(Status.REDEEMED, now=now, by=by)
    return result


def release_rewards(*, now: datetime) -> int:
    """Approve what has waited its time and nobody has to approve, and hand out what hands itself out.

    Works in batches of its own transactions; returns how many rewards moved. Repeatable at any point.
    """
    by_itself = Q(incentive__fulfilment__in=BY_ITSELF)
    released, approved = Reward.objects.released(now), Reward.objects.to_hand_out().payable(now)
    return (
        _in_batches(released.exclude(by_itself), partial(_approve_rows, now=now))
        + _in_batches(released.filter(by_itself), partial(_issue_untaxed, now=now))
        + _in_batches(approved.filter(by_itself), partial(_issue_rows, now=now, by=None))
    )


def promise_waiting(*, now: datetime) -> int:
    """Promise what is on the waiting list as far as budget, stock and codes now allow, oldest first."""
    waiting = Reward.objects.with_rule().filter(status=Status.WAITING).order_by("pk")
    last, count = None, 0
    while True:
        with transaction.atomic():
            later = waiting.filter(pk__gt=last) if last else waiting
            places = dict(later.values_list("pk", "enrolment")[:BATCH])
            if not places:
                return count
            queue_up(places.values())
            rows = list(waiting.filter(pk__in=places).select_for_update(of=("self",), no_key=True))
            count += promise_again(rows, now=now, by=None)
        last = max(places)


def promise_again(rewards: Sequence[Reward], *, now: datetime, by: Any) -> int:
    """Reserve anew for locked rewards of advocates who were queued up before; those that get what they need are
    promised, the others wait.

    What would break a rule's limit, or costs points that are spent, stays as it is, with a ``refusal``.
    Returns how many are promised.
    """
    if not rewards:
        return 0
    refuse_over_limit(rewards, now=now)
    refuse_unpaid(rewards)
    allowed = [reward for reward in rewards if not reward.refusal]
    missing = reserve(allowed, now=now)
    got = [reward for reward in allowed if reward not in missing]
    for reward in got:
        reward.needs_approval = reward.needs_approval or needs_approval(reward)
    Reward.objects.bulk_update(got, RESERVED, batch_size=200)
    moved = _rows(got).advance(Status.PENDING, now=now, by=by, first_approval=None).moved
    lacking = _rows(missing).exclude(status=Status.WAITING)
    lacking.advance(Status.WAITING, now=now, by=by, reason=Reward.Reason.EXHAUSTED)
    return len(moved)


def _approve_rows(rows: Sequence[Reward], *, now: datetime) -> list[Reward]:
    moved = Reward.objects.move_locked(hold_for_tax(rows, now=now), Status.APPROVED, now=now).moved
    if moved:
        Reward.objects.announce(moved, now=now, by=None)
    return moved


def _issue_untaxed(rows: Sequence[Reward], *, now: datetime) -> list[Reward]:
    return _issue_rows(hold_for_tax(rows, now=now), now=now, by=None)


def issue_by_itself(rewards: RewardQuerySet, *, now: datetime) -> None:
    """Hand out those of these approved rewards that need nobody and have waited their time."""
    _issue(rewards.payable(now).filter(incentive__fulfilment__in=BY_ITSELF), now=now, by=None)


def _issue(rewards: RewardQuerySet, *, now: datetime, by: Any) -> list[Reward]:
    told = rewards.select_related(*Reward.TOLD_WITH).order_by("pk")
    return _issue_rows(list(told.select_for_update(of=("self",), no_key=True)), now=now, by=by)


def _issue_rows(rows: Sequence[Reward], *, now: datetime, by: Any) -> list[Reward]:
    """Give each of these locked rewards its code from the pool and its last day of use, then hand it out."""
    _give_codes([row for row in rows if row.incentive.fulfilment == Incentive.Fulfilment.CODE])
    moved: list[Reward] = []
    for days in {row.incentive.expires_after_days for row in rows}:
        expires: dict[str, Any] = {"expires_at": now + timedelta(days=days)} if days else {}
        those = [row for row in rows if row.incentive.expires_after_days == days]
        moved += Reward.objects.move_locked(those, Status.ISSUED, now=now, **expires).moved
    if moved:
        Reward.objects.announce(moved, now=now, by=by)
    return moved


def _give_codes(rows: Sequence[Reward]) -> None:
    if not rows:
        return
    codes = dict(CouponCode.objects.filter(reward__in=rows).values_list("reward", "code"))
    own = CouponCode.objects.filter(reward=models.OuterRef("pk")).values("code")
    Reward.objects.filter(pk__in=codes).update(code=models.Subquery(own))
    for row in rows:
        row.code = codes.get(row.pk, row.code)


def _drop(
    rewards: RewardQuerySet, steps: dict[Status, Status], reason: str, note: str, now: datetime, by: Any
) -> Moved:
    with transaction.atomic():
        rows = _lock(rewards)
        moved = []
        for target in dict.fromkeys(steps.values()):
            those = _rows(row for row in rows if steps.get(Status(row.status)) == target)
            moved += those.advance(target, now=now, by=by, reason=reason, note=note).moved
        # After the steps: what they cause locks advocates, who come before budgets.
        give_back(row for row in rows if row.status in (Status.PENDING, Status.APPROVED))
        return Moved(moved, [row for row in rows if row.status not in steps])


def _in_batches(rewards: RewardQuerySet, move: Callable[[Sequence[Reward]], list[Reward]]) -> int:
    """Move them batch by batch; another process that does the same at this moment takes other rewards.

    Which there are is asked for many batches together: asked for each, it would read all that wait every time.
    """
    skip = connection.features.has_select_for_update_skip_locked
    told = rewards.select_related(*Reward.TOLD_WITH).order_by("due_at")
    free = told.select_for_update(of=("self",), no_key=True, skip_locked=skip)
    climbing = list(RewardScheme.objects.filter(has_ladder=True).values_list("program", flat=True))
    count = 0
    while keys := list(rewards.order_by("due_at").values_list("pk", flat=True)[:KEYS]):
        taken = 0
        for start in range(0, len(keys), BATCH):
            with transaction.atomic():
                some = keys[start : start + BATCH]
                rows = list(free.filter(_at_hand(some, climbing), pk__in=some))
                count += len(move(rows))
                taken += len(rows)
        if not taken:
            break
    return count


def _at_hand(keys: Sequence[Any], climbing: Sequence[int]) -> Q:
    """Those whose advocates nobody else has locked, in programs where what is handed out moves them on the ladder:
    like everywhere, advocates are locked before their rewards."""
    if not climbing:
        return Q()
    skip = connection.features.has_select_for_update_skip_locked
    theirs = Reward.objects.filter(pk__in=keys, program__in=climbing).values("enrolment")
    places = Enrolment.objects.filter(pk__in=theirs).select_for_update(no_key=True, skip_locked=skip)
    return ~Q(program__in=climbing) | Q(
        enrolment__in=list(places.order_by("pk").values_list("pk", flat=True))
    )


def _rows(rewards: Iterable[Reward]) -> RewardQuerySet:
    return Reward.objects.filter(pk__in=[reward.pk for reward in rewards])


def _lock(rewards: models.QuerySet[Reward]) -> list[Reward]:
    """These rewards, locked after their advocates, whom a step may move on the ladder."""
    keys = dict(rewards.values_list("pk", "enrolment"))
    queue_up(keys.values())
    rows = Reward.objects.with_rule().filter(pk__in=keys).order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True))


def _not_promised(reward: Reward) -> str:
    if reward.status == Status.PENDING:
        return _in_doubt(reward)
    return _it_is(reward)


def _it_is(reward: Reward) -> str:
    return _("it is “%(status)s” now") % {"status": reward.get_status_display()}


def _lacks_second(reward: Reward, by: Any) -> str:
    scheme = getattr(reward.program, "scheme", None)
    if scheme is None or not scheme.needs_two(reward.amount, reward.currency):
        return ""
    if reward.first_approval_id is None:
        reward.first_approval_id = by.pk
        return _("your approval is noted; a reward of this value needs a second person")
    return "" if reward.first_approval_id != by.pk else _("you have approved it; ask a second person")


def _not_ready(reward: Reward, now: datetime) -> str:
    if reward.status != Status.APPROVED:
        return _it_is(reward)
    if reward.due_at > now:
        return _("it waits until %(day)s") % {"day": reward.program.local(reward.due_at).date()}
    return _in_doubt(reward)


def _in_doubt(reward: Reward) -> str:
    if reward.referral is None or reward.referral.status not in NOT_COUNTED:
        return ""
    return _("the referral is “%(status)s”; settle that first") % {
        "status": reward.referral.get_status_display()
    }
