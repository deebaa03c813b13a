"""Who would get what and when over the next 30 days, and who would not and why: the planner's own rules,
played through without writing anything."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    F,
    OuterRef,
    Subquery,
    Value,
    When,
    prefetch_related_objects,
)
from django.utils.translation import gettext as _

from campaigns.models import Ask, ContactPolicy, OutreachPlan
from campaigns.services.prospects import (
    AFTER_SIGNING,
    FOR_NOW,
    Hindrance,
    everyone,
    happened,
    judged,
    not_in,
    points,
    points_needed,
)
from campaigns.services.taking import Round, Taken, Taking
from referrals.models import Advocate, Event

DAYS = timedelta(days=30)
A_PAGE = 50


class Line(NamedTuple):
    """Somebody, what they would get within the period, or why they would not."""

    advocate: Advocate
    touches: list[Taken]
    why: str


def newcomers(plan: OutreachPlan, *, now: datetime) -> Any:
    """Everyone who would enter the plan if it looked now, each with ``since`` and ``why`` they are not asked."""
    if plan.kinds:
        events = happened(plan, Event.objects.all(), now=now)
        latest = events.filter(advocate=OuterRef("pk")).order_by("-occurred_at").values("occurred_at")[:1]
        found = Advocate.objects.filter(pk__in=events.values("advocate")).annotate(since=Subquery(latest))
    elif plan.trigger in OutreachPlan.LOOKS_FOR_PEOPLE:
        found = everyone(plan, now=now).annotate(since=Value(now, output_field=DateTimeField()))
    else:
        found = Advocate.objects.none()
    return judged(not_in(plan, found), plan, now=now).annotate(why=_lasting())


def waiting(plan: OutreachPlan, *, now: datetime) -> Any:
    """The plan's open rounds, each with ``why`` it goes no further, if it has not begun yet."""
    rows = judged(Ask.objects.open().filter(plan=plan, referral=None), plan, now=now)
    return rows.annotate(why=Case(When(started_at__isnull=False, then=Value("")), default=_lasting()))


def _lasting() -> Case:
    """What still hinders tomorrow: that somebody has signed today only means that they are asked later."""
    return Case(When(hindrance=Hindrance.TOO_EARLY, then=Value("")), default=F("hindrance"))


def counts(plan: OutreachPlan, *, now: datetime) -> dict[str, int]:
    """How many people there are for each reason not to ask them; under the empty one, those who are asked."""
    prefetch_related_objects([plan], "steps")
    total: dict[str, int] = {}
    for rows in (newcomers(plan, now=now), waiting(plan, now=now)):
        for why, number in rows.order_by().values_list("why").annotate(n=Count("pk")):
            total[why] = total.get(why, 0) + number
    return total


def reach(plan: OutreachPlan, *, now: datetime) -> int:
    """How many people the plan would write to, now and later, as things stand."""
    later = {"", *FOR_NOW}
    return sum(number for why, number in counts(plan, now=now).items() if why in later)


def lines(plan: OutreachPlan, why: str, *, now: datetime, page: int = 0) -> tuple[list[Line], bool]:
    """One page of the people of one reason, and whether there are more: first those who are in the plan
    already, then those who would come in."""
    inside = waiting(plan, now=now).filter(why=why).select_related("advocate__owner").order_by("due_at", "pk")
    outside = newcomers(plan, now=now).filter(why=why).select_related("owner").order_by("pk")
    if why == Hindrance.NOT_WARM:
        inside = inside.annotate(points=points(plan, "advocate_id"), needed=points_needed(plan))
        outside = outside.annotate(points=points(plan, "pk"), needed=points_needed(plan))
    prefetch_related_objects([plan], "steps")
    start, wanted = page * A_PAGE, A_PAGE + 1
    found: list[Any] = list(inside[start : start + wanted])
    if len(found) < wanted:
        skipped = max(0, start - inside.count())
        found += list(outside[skipped : skipped + wanted - len(found)])
    policy = ContactPolicy.objects.current()
    return [_line(plan, one, why, policy, now) for one in found[:A_PAGE]], len(found) > A_PAGE


def _line(plan: OutreachPlan, one: Any, why: str, policy: ContactPolicy, now: datetime) -> Line:
    ask = one if isinstance(one, Ask) else _as_ask(plan, one, now)
    ask.plan = plan
    if one.hindrance == Hindrance.TOO_EARLY:
        ask.due_at = max(ask.due_at, now + AFTER_SIGNING)
    touches = [] if why else list(_play(plan, ask, policy, now))
    return Line(ask.advocate, touches, _in_words(one, why) if why else "")


def _in_words(one: Any, why: str) -> str:
    label = str(Hindrance(why).label)
    if why != Hindrance.NOT_WARM:
        return label
    words = {"why": label, "points": one.points, "needed": one.needed}
    return _("%(why)s: %(points)d of %(needed)d points") % words


def _as_ask(plan: OutreachPlan, advocate: Any, now: datetime) -> Ask:
    """The round that this person would begin."""
    due = max(now, advocate.since + (plan.earliest if plan.kinds else timedelta(0)))
    return Ask(plan=plan, advocate=advocate, since=advocate.since, due_at=due)


def _play(plan: OutreachPlan, ask: Ask, policy: ContactPolicy, now: datetime) -> Iterator[Taken]:
    """The steps of the next 30 days, if nothing is opened and nothing else comes in between."""
    end = now + DAYS
    while ask.ended_at is None and ask.due_at <= end and ask.position <= _last(plan):
        if ask.touches >= plan.touches:
            return
        taking = Taking(plan, now=max(now, ask.due_at), policy=policy)
        before = (ask.position, ask.due_at)
        taking.take([Round(ask, 0, None, None, has_referred=False)])
        yield from taking.taken
        if (ask.position, ask.due_at) == before:
            return


def _last(plan: OutreachPlan) -> int:
    return max((step.position for step in plan.steps.all()), default=0)
