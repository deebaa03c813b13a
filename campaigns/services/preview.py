"""Who would get what and when over the next 30 days, and who would not and why: the planner's own rules,
played through without writing anything."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    ExpressionWrapper,
    OuterRef,
    Q,
    Subquery,
    Value,
    prefetch_related_objects,
)
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from campaigns.models import (
    Ask,
    ContactPolicy,
    ContactPreference,
    Message,
    MessageChannel,
    OutreachPlan,
    Topic,
)
from campaigns.services.prospects import (
    AFTER_SIGNING,
    FOR_NOW,
    STOPS,
    Hindrance,
    everyone,
    first_channel,
    happened,
    judged,
    not_in,
    path_to_advocate,
    points,
    points_needed,
    topic_of,
)
from campaigns.services.taking import NOTHING, Round, Taken, Taking
from campaigns.services.wishes import paused_until
from referrals.models import Advocate, Event

DAYS = timedelta(days=30)
BEGUN = Q(started_at__isnull=False)
# What holds up a round that has begun.
HOLDS = STOPS | {Hindrance.PAUSED}
A_PAGE = 50


class Seen(NamedTuple):
    """What the lines of a page have in common."""

    policy: ContactPolicy
    chosen: dict[int, ContactPreference]
    # By round, what is in the outbox already.
    written: dict[int, list[Message]]
    now: datetime


class Line(NamedTuple):
    """Somebody, what they would get within the period – written already, or to come – or why they would not."""

    advocate: Advocate
    written: list[Message]
    touches: list[Taken]
    why: str


def newcomers(plan: OutreachPlan, *, now: datetime, policy: ContactPolicy) -> Any:
    """Everyone who would enter the plan if it looked now, each with ``since`` and what hinders it."""
    if plan.kinds:
        events = not_in(plan, happened(plan, Event.objects.all(), now=now))
        latest = events.filter(advocate=OuterRef("pk")).order_by("-occurred_at").values("occurred_at")[:1]
        found = Advocate.objects.filter(pk__in=events.values("advocate")).annotate(since=Subquery(latest))
    elif plan.trigger in OutreachPlan.LOOKS_FOR_PEOPLE:
        found = everyone(plan, now=now).annotate(since=Value(now, output_field=DateTimeField()))
    else:
        found = Advocate.objects.none()
    return judged(not_in(plan, found), plan, now=now, policy=policy)


def waiting(plan: OutreachPlan, *, now: datetime, policy: ContactPolicy) -> Any:
    """The plan's open rounds, each with what hinders it."""
    return judged(Ask.objects.open().filter(plan=plan, referral=None), plan, now=now, policy=policy)


def _why(hindrance: str, *, has_begun: bool) -> str:
    """What still hinders tomorrow. That somebody has signed today only means that they are asked later, and a round
    that has begun is hindered by little."""
    passes = hindrance == Hindrance.TOO_EARLY or (has_begun and hindrance not in HOLDS)
    return "" if passes else hindrance


def counts(plan: OutreachPlan, *, now: datetime) -> dict[str, int]:
    """How many people there are for each reason not to ask them; under the empty one, those who are asked."""
    prefetch_related_objects([plan], "steps")
    policy = ContactPolicy.objects.current()
    found: list[tuple[Any, Any]] = [
        (newcomers(plan, now=now, policy=policy), Value(False)),
        (waiting(plan, now=now, policy=policy), ExpressionWrapper(BEGUN, output_field=BooleanField())),
    ]
    total: dict[str, int] = {}
    for rows, begun in found:
        # Named once each: the database would work out twice what stands there twice.
        grouped = (
            rows.annotate(begun=begun).order_by().values_list("hindrance", "begun").annotate(n=Count("pk"))
        )
        for hindrance, has_begun, number in grouped:
            why = _why(hindrance, has_begun=has_begun)
            total[why] = total.get(why, 0) + number
    return total


def reach(plan: OutreachPlan, *, now: datetime) -> int:
    """How many people the plan would write to, now and later, as things stand."""
    later = {"", *FOR_NOW}
    return sum(number for why, number in counts(plan, now=now).items() if why in later)


def lines(plan: OutreachPlan, why: str, *, now: datetime, page: int = 0) -> tuple[list[Line], bool]:
    """One page of the people of one reason, and whether there are more: first those who are in the plan
    already, then those who would come in."""
    prefetch_related_objects([plan], "steps")
    policy = ContactPolicy.objects.current()
    inside = _with_details(plan, waiting(plan, now=now, policy=policy), why, now)
    outside = _with_details(plan, newcomers(plan, now=now, policy=policy), why, now)
    inside = inside.select_related("advocate__owner").order_by("due_at", "pk")
    outside = outside.select_related("owner").order_by("pk")
    start, wanted = page * A_PAGE, A_PAGE + 1
    found: list[Any] = list(inside[start : start + wanted])
    if len(found) < wanted:
        skipped = max(0, start - inside.count())
        found += list(outside[skipped : skipped + wanted - len(found)])
    page_of = found[:A_PAGE]
    whom = [one.advocate if isinstance(one, Ask) else one for one in page_of]
    chosen = ContactPreference.objects.for_people(whom)
    seen = Seen(policy, chosen, _written([] if why else found[:A_PAGE]), now)
    return [_line(plan, one, why, seen) for one in page_of], len(found) > A_PAGE


def _written(people: Sequence[Any]) -> dict[int, list[Message]]:
    rounds = [one.pk for one in people if isinstance(one, Ask)]
    found: dict[int, list[Message]] = {}
    for message in Message.objects.waiting().filter(ask__in=rounds).order_by("due_at", "pk"):
        found.setdefault(message.ask_id or 0, []).append(message)
    return found


def _with_details(plan: OutreachPlan, rows: Any, why: str, now: datetime) -> Any:
    """Those of one reason, with what the reason says of each."""
    rows, to = _of(rows, why), path_to_advocate(rows)
    if why == Hindrance.NOT_WARM:
        who = "advocate_id" if to else "pk"
        return rows.annotate(points=points(plan, who), needed=points_needed(plan))
    return rows.annotate(paused_until=paused_until(to, now)) if why == Hindrance.PAUSED else rows


def _of(rows: Any, why: str) -> Any:
    """Those for whom ``_why()`` says this."""
    is_ask = rows.model is Ask
    if why:
        return rows.filter(hindrance=why, **({"started_at": None} if is_ask and why not in HOLDS else {}))
    free = Q(hindrance__in=["", Hindrance.TOO_EARLY])
    return rows.filter(free | (BEGUN & ~Q(hindrance__in=HOLDS)) if is_ask else free)


def _line(plan: OutreachPlan, one: Any, why: str, seen: Seen) -> Line:
    ask = one if isinstance(one, Ask) else _as_ask(plan, one, seen.now)
    ask.plan = plan
    if one.hindrance == Hindrance.TOO_EARLY:
        ask.due_at = max(ask.due_at, seen.now + AFTER_SIGNING)
    touches = [] if why else list(_play(plan, ask, seen))
    written = seen.written.get(ask.pk or 0, [])
    return Line(ask.advocate, written, touches, _in_words(plan, one, why) if why else "")


def _in_words(plan: OutreachPlan, one: Any, why: str) -> str:
    label = str(Hindrance(why).label)
    match why:
        case Hindrance.NOT_WARM:
            words = {"why": label, "points": one.points, "needed": one.needed}
            return _("%(why)s: %(points)d of %(needed)d points") % words
        case Hindrance.PAUSED:
            return _("paused until %(day)s") % {
                "day": date_format(plan.program.local(one.paused_until), "j F Y")
            }
        case Hindrance.UNWANTED:
            return _("wants no asks") if topic_of(plan) == Topic.ASKS else _("wants no questions")
        case Hindrance.WAY:
            return _("not by %(way)s") % {"way": MessageChannel(first_channel(plan)).label}
    return label


def _as_ask(plan: OutreachPlan, advocate: Any, now: datetime) -> Ask:
    """The round that this person would begin."""
    due = max(now, advocate.since + (plan.earliest if plan.kinds else timedelta(0)))
    return Ask(plan=plan, advocate=advocate, since=advocate.since, due_at=due)


def _play(plan: OutreachPlan, ask: Ask, seen: Seen) -> Iterator[Taken]:
    """The steps of the next 30 days, if nothing is opened and nothing else comes in between."""
    end = seen.now + DAYS
    while ask.ended_at is None and ask.due_at <= end and ask.position <= _last(plan):
        if ask.touches >= plan.touches:
            return
        taking = Taking(plan, now=max(seen.now, ask.due_at), policy=seen.policy, chosen=seen.chosen)
        before = (ask.position, ask.due_at)
        taking.take([Round(ask, NOTHING, has_referred=False)])
        yield from taking.taken
        if (ask.position, ask.due_at) == before:
            return


def _last(plan: OutreachPlan) -> int:
    return max((step.position for step in plan.steps.all()), default=0)
