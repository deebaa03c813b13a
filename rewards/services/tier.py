from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum

from referrals.models import Conversion, Enrolment, Event
from referrals.prepared import prepared
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


def update_standings(events: Sequence[Event], *, now: datetime) -> dict[UUID, int | None]:
    """Move the advocates of these events up or down their ladders, and record who reached what.

    Returns, where several sales of one advocate are among them, the tier at which each of these sales found or
    brought them: as if they had come one after the other.
    """
    moving = [event for event in events if event.kind in MOVING and event.advocate_id]
    if not moving:
        return {}
    ladders = _ladders({event.program_id for event in moving})
    if not ladders:
        return {}
    enrolments = Enrolment.objects.filter(
        program__in=ladders, advocate__in={event.advocate_id for event in moving}
    )
    rows = list(_queue_up(enrolments))
    return _place(rows, ladders, now, _steps(rows, ladders, moving, now))


def _steps(
    enrolments: Sequence[Enrolment], ladders: dict[int, list[Tier]], moving: Sequence[Event], now: datetime
) -> dict[int, list[tuple[Event | None, int]]]:
    """How far each advocate, of whom several sales are recorded together, was after each of them."""
    sold: dict[tuple[int | None, int | None], list[Event]] = defaultdict(list)
    for event in moving:
        sold[event.program_id, event.advocate_id].append(event)
    several = {e.pk: e for e in enrolments if len(sold[e.program_id, e.advocate_id]) > 1}
    found: dict[int, list[tuple[Event | None, int]]] = {}
    for program, tiers in ladders.items():
        mine = [e for e in several.values() if e.program_id == program]
        if not mine or tiers[0].measure == Tier.Measure.POINTS:
            continue
        sales: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
        columns = ("referral__enrolment", "external_id", "referral", F("amount") - F("refunded"))
        for enrolment, order, friend, left in _counted(mine, tiers[0], now).values_list(*columns):
            sales[enrolment][order] = friend, left
        for one in mine:
            found[one.pk] = _one_by_one(sold[program, one.advocate_id], sales[one.pk], tiers[0])
    return found


def _one_by_one(
    events: Sequence[Event], sales: dict[str, tuple[int, int]], first: Tier
) -> list[tuple[Event | None, int]]:
    """The total after each of these events, from the sales that count by now: friend and amount of each order."""
    new = {event.data.get("order") for event in events}
    had = {order: sale for order, sale in sales.items() if order not in new}
    friends, value = {friend for friend, _left in had.values()}, sum(left for _friend, left in had.values())
    steps: list[tuple[Event | None, int]] = []
    for event in events:
        friend, left = sales.get(event.data.get("order", ""), (None, 0))
        value += left
        if friend:
            friends.add(friend)
        steps.append((event, value if first.measure == Tier.Measure.VALUE else len(friends)))
    return steps


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
    sales = _counted(enrolments, first, now)
    if first.measure == Tier.Measure.VALUE:
        return _by_enrolment(sales, Sum(F("amount") - F("refunded")))
    return _by_enrolment(sales, Count("referral", distinct=True))


def _counted(enrolments: Iterable[Enrolment], first: Tier, now: datetime) -> QuerySet[Conversion]:
    """The sales that count on this ladder."""
    sales = Conversion.objects.filter(referral__enrolment__in=enrolments, reversed_at=None)
    if first.within_days:
        sales = sales.filter(occurred_at__gt=now - timedelta(days=first.within_days))
    return sales.filter(currency=first.program.currency) if first.measure == Tier.Measure.VALUE else sales


def _by_enrolment(sales: QuerySet[Conversion], measure: Sum | Count) -> dict[int, int]:
    return dict(sales.values_list("referral__enrolment").annotate(total=measure))


@prepared
def _tiers(programs: set[int]) -> QuerySet[Tier]:
    return Tier.objects.filter(program__in=programs, program__scheme__has_ladder=True).order_by("threshold")


def _ladders(programs: set[int | None]) -> dict[int, list[Tier]]:
    ladders: dict[int, list[Tier]] = {}
    for tier in _tiers(programs):
        ladders.setdefault(tier.program_id, []).append(tier)
    return ladders


def _place(
    enrolments: Sequence[Enrolment], ladders: dict[int, list[Tier]], now: datetime,
    steps: Mapping[int, list[tuple[Event | None, int]]] = {},
) -> dict[UUID, int | None]:  # fmt: skip
    standing = {s.enrolment_id: s for s in Standing.objects.filter(enrolment__in=enrolments)}
    changed: dict[int, Standing] = {}
    events: list[Event] = []
    found: dict[UUID, int | None] = {}
    for program, tiers in ladders.items():
        mine = [e for e in enrolments if e.program_id == program]
        reached = progress(mine, tiers, now)
        for enrolment in mine:
            current = standing.get(enrolment.pk)
            now_at: list[tuple[Event | None, int]] = [(None, reached.get(enrolment.pk, 0))]
            for event, total in steps.get(enrolment.pk, now_at):
                tier = next((t for t in reversed(tiers) if t.threshold <= total), None)
                if event:
                    found[event.pk] = tier.pk if tier else None
                if (current.tier_id if current else None) == (tier.pk if tier else None):
                    continue
                rose = tier is not None and (
                    not current or not current.tier_id or _above(tier, current, tiers)
                )
                current = changed[enrolment.pk] = Standing(enrolment=enrolment, tier=tier, since=now)
                events.append(_moved(enrolment, tier, rose, now))
    Standing.objects.bulk_create(
        changed.values(), update_conflicts=True, unique_fields=["enrolment"], update_fields=["tier", "since"]
    )
    if events:
        Event.objects.record(events, now=now)
    return found


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
