from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum

from referrals.models import Conversion, Enrolment, Event
from rewards.models import Reward, Standing, Tier
from rewards.models.incentive import POINTS

MOVING = {
    Event.Kind.CONVERSION_RECORDED,
    Event.Kind.CONVERSION_REVERSED,
    Event.Kind.CONVERSION_REDUCED,
    Event.Kind.REWARD_ISSUED,
    Event.Kind.REWARD_CLAIMED,
}
BATCH = 500


def update_standings(events: Sequence[Event], *, now: datetime) -> None:
    """Move the advocates of these events up or down their ladders, and record who reached what."""
    moving = [event for event in events if event.kind in MOVING and event.advocate_id]
    if not moving:
        return
    ladders = _ladders({event.program_id for event in moving})
    if not ladders:
        return
    enrolments = Enrolment.objects.filter(
        program__in=ladders, advocate__in={event.advocate_id for event in moving}
    )
    _place(list(_queue_up(enrolments)), ladders, now)


def refresh_standings(*, now: datetime) -> int:
    """Place everyone on ladders that count a limited time: people who stopped come down. Repeatable."""
    timed = Q(program__tiers__within_days__isnull=False, standing__tier__isnull=False)
    last, count = 0, 0
    while keys := list(_keys(Enrolment.objects.filter(timed, pk__gt=last))):
        with transaction.atomic():
            rows = list(_queue_up(Enrolment.objects.filter(pk__in=keys)))
            _place(rows, _ladders({row.program_id for row in rows}), now)
        last, count = keys[-1], count + len(keys)
    return count


def _keys(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment, int]:
    return enrolments.order_by("pk").distinct().values_list("pk", flat=True)[:BATCH]


def _queue_up(enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """These, locked: friends of one advocate who buy at once are counted one after the other."""
    return enrolments.select_for_update(of=("self",), no_key=True).order_by("pk")


def progress(enrolments: Iterable[Enrolment], tiers: Sequence[Tier], now: datetime) -> dict[int, int]:
    """How far each advocate (by enrolment) has come, in the measure of the ladder ``tiers``."""
    first = tiers[0]
    since = now - timedelta(days=first.within_days) if first.within_days else None
    if first.measure == Tier.Measure.POINTS:
        earned = Reward.objects.filter(enrolment__in=enrolments, currency=POINTS, status=Reward.Status.ISSUED)
        if since:
            earned = earned.filter(status_at__gt=since)
        return dict(earned.values_list("enrolment").annotate(Sum("amount")))
    sales = Conversion.objects.filter(referral__enrolment__in=enrolments, reversed_at=None)
    if since:
        sales = sales.filter(occurred_at__gt=since)
    if first.measure == Tier.Measure.VALUE:
        return _by_enrolment(sales.filter(currency=first.program.currency), Sum(F("amount") - F("refunded")))
    return _by_enrolment(sales, Count("referral", distinct=True))


def _by_enrolment(sales: QuerySet[Conversion], measure: Sum | Count) -> dict[int, int]:
    return dict(sales.values_list("referral__enrolment").annotate(total=measure))


def _ladders(programs: set[int | None]) -> dict[int, list[Tier]]:
    ladders: dict[int, list[Tier]] = {}
    tiers = Tier.objects.filter(program__in=programs, program__scheme__has_ladder=True)
    for tier in tiers.order_by("threshold"):
        ladders.setdefault(tier.program_id, []).append(tier)
    return ladders


def _place(enrolments: Sequence[Enrolment], ladders: dict[int, list[Tier]], now: datetime) -> None:
    standing = {s.enrolment_id: s for s in Standing.objects.filter(enrolment__in=enrolments)}
    changed, events = [], []
    for program, tiers in ladders.items():
        mine = [e for e in enrolments if e.program_id == program]
        reached = progress(mine, tiers, now)
        for enrolment in mine:
            tier = next((t for t in reversed(tiers) if t.threshold <= reached.get(enrolment.pk, 0)), None)
            current = standing.get(enrolment.pk)
            if (current.tier_id if current else None) == (tier.pk if tier else None):
                continue
            rose = tier is not None and (not current or not current.tier_id or _above(tier, current, tiers))
            changed.append(Standing(enrolment=enrolment, tier=tier, since=now))
            events.append(_moved(enrolment, tier, rose, now))
    Standing.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["enrolment"], update_fields=["tier", "since"]
    )
    if events:
        Event.objects.record(events, now=now)


def _above(tier: Tier, current: Standing, tiers: Sequence[Tier]) -> bool:
    order = [t.pk for t in tiers]
    return current.tier_id not in order or order.index(tier.pk) > order.index(current.tier_id)


def _moved(enrolment: Enrolment, tier: Tier | None, rose: bool, now: datetime) -> Event:
    return Event(
        kind=Event.Kind.TIER_REACHED if rose else Event.Kind.TIER_LEFT,
        program_id=enrolment.program_id,
        advocate_id=enrolment.advocate_id,
        occurred_at=now,
        data={"tier": tier.name if tier else "", "tier_id": tier.pk if tier else None},
    )
