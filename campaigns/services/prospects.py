"""Whom a plan would ask, and why not the others: one judgement for the planner, the preview and whoever asks
by hand. Nothing here writes anything."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan
from django.utils.translation import gettext_lazy as _

from campaigns.models import (
    Ask,
    ContactPolicy,
    MessageChannel,
    MessageTemplate,
    OutreachPlan,
    PlanStep,
    Suppression,
    Topic,
)
from campaigns.services import wishes
from referrals.models import Advocate, Candidate, Event, Finder, Segment

SIGNED = (Event.Kind.DEAL_WON, Event.Kind.CUSTOMER_CREATED)
AFTER_SIGNING = timedelta(hours=24)
RATED = (Event.Kind.SATISFACTION, Event.Kind.SURVEY_ANSWERED)
# From this score on somebody of ours may still ask.
SATISFIED_BY_HAND = 7
Trigger = OutreachPlan.Trigger


class Hindrance(TextChoices):
    """Why somebody is not asked, or not yet."""

    OUT = "out", _("not in the segment")
    NO_ADDRESS = "no_address", _("no address")
    SUPPRESSED = "unsubscribed", _("wants no mail")
    DECLINED = "declined", _("said no")
    UNWANTED = "unwanted", _("wants no messages of this kind")
    WAY = "way", _("does not want to be written to this way")
    UNSATISFIED = "unsatisfied", _("not satisfied enough")
    NOT_WARM = "not_warm", _("not warm enough for an automatic message")
    HELD_OUT = "held_out", _("left out on purpose, to compare")
    TOO_LATE = "too_late", _("the moment has passed")
    OTHER_ROUND = "other_round", _("in another round")
    RESTING = "resting", _("asked not long ago")
    PAUSED = "paused", _("asked for a pause")
    ENOUGH = "enough", _("has had enough messages for now")
    TOO_EARLY = "too_early", _("signed less than a day ago")


# What will be different another day; everything else ends a round before it begins.
FOR_NOW = {
    Hindrance.OTHER_ROUND, Hindrance.RESTING, Hindrance.PAUSED, Hindrance.ENOUGH, Hindrance.TOO_EARLY
}  # fmt: skip
# A survey hears the unsatisfied, too; and whoever does not want to recommend may still say how it is.
NOT_FOR_SURVEYS = {Hindrance.UNSATISFIED, Hindrance.DECLINED}
# What stops a round that goes on.
STOPS = {
    Hindrance.NO_ADDRESS, Hindrance.SUPPRESSED, Hindrance.DECLINED, Hindrance.UNWANTED, Hindrance.WAY
}  # fmt: skip


def judged(
    rows: Any,
    plan: OutreachPlan,
    *,
    now: datetime,
    policy: ContactPolicy | None = None,
    by_hand: bool = False,
    way: str = "",
) -> Any:
    """These advocates, or asks, each with ``hindrance``: why the plan does not ask them now; empty if it does.
    ``policy`` is the contact policy in force, for whoever has it at hand; ``way`` is how they would be written to,
    where that is not for the plan to say."""
    to = path_to_advocate(rows)
    who = OuterRef("advocate_id" if to else "pk")
    ways = [way] if way else first_ways(plan)

    def has_none(channel: str) -> Any:
        return Q(**{f"{to}{address_for(channel)}": ""})

    def is_suppressed(channel: str) -> Any:
        return _suppressed(plan, OuterRef(f"{to}{address_for(channel)}_key"))

    cases = [
        (Hindrance.OUT, _outside(plan, bool(to), now)),
        (Hindrance.NO_ADDRESS, _by_their_way(ways, to, has_none)),
        (Hindrance.SUPPRESSED, _by_their_way(ways, to, is_suppressed)),
        (Hindrance.DECLINED, _has(who, Event.Kind.ASK_DECLINED)),
        (Hindrance.UNWANTED, wishes.refuse(topic_of(plan), to)),
        (Hindrance.WAY, reduce(and_, (wishes.are_not_for(channel, to) for channel in ways))),
        (Hindrance.UNSATISFIED, _unsatisfied(who, SATISFIED_BY_HAND if by_hand else plan.satisfied_from)),
        *([(Hindrance.NOT_WARM, _not_warm(plan, to))] if plan.needs_points and not by_hand else []),
        *([(Hindrance.TOO_LATE, Q(since__lt=now - plan.latest, started_at=None))] if to else []),
        (Hindrance.OTHER_ROUND, _in_another_round(who, bool(to))),
        (Hindrance.RESTING, _resting(who, plan, now)),
        (Hindrance.PAUSED, wishes.pause(to, now)),
        *([] if by_hand else [(Hindrance.ENOUGH, _has_enough(plan, to, policy, now))]),
        (Hindrance.TOO_EARLY, _has(who, *SIGNED, after=now - AFTER_SIGNING)),
        # Last, so that they are compared with people of whom all the same is true.
        *([] if by_hand else [(Hindrance.HELD_OUT, _held_out(plan, "advocate_id" if to else "pk"))]),
    ]
    if plan.aim == OutreachPlan.Aim.SURVEY:
        cases = [(name, condition) for name, condition in cases if name not in NOT_FOR_SURVEYS]
    whens = [When(condition, then=Value(str(name))) for name, condition in cases]
    return rows.annotate(hindrance=Case(*whens, default=Value(""), output_field=CharField()))


def happened(plan: OutreachPlan, events: Any, *, now: datetime) -> Any:
    """Of these events, those that begin a round of this plan: the right thing, of its program or of none, and
    not too long ago."""
    found = events.filter(
        Q(program=plan.program_id) | Q(program=None),
        kind__in=plan.kinds,
        advocate__isnull=False,
        occurred_at__gt=now - plan.latest,
    )
    if plan.about and plan.trigger in OutreachPlan.NAMED_BY:
        found = found.filter(**{f"data__{OutreachPlan.NAMED_BY[plan.trigger]}": plan.about})
    if plan.value and plan.trigger == Trigger.FIELD:
        found = found.filter(data__to=plan.value)
    if plan.trigger == Trigger.PROMOTER:
        found = found.filter(data__score__gte=plan.satisfied_from)
    if plan.nth:
        found = found.annotate(earlier=_earlier()).filter(earlier=plan.nth - 1)
    return found


def not_in(plan: OutreachPlan, rows: Any) -> Any:
    """Those of whom the plan has no open round; the rows are advocates or events. An event begins one round at most,
    also when it is looked for again after a pause."""
    mine = Ask.objects.filter(plan=plan.pk, referral=None)
    if rows.model is not Event:
        return rows.exclude(Exists(mine.open().filter(advocate=OuterRef("pk"))))
    theirs = mine.filter(Q(ended_at=None) | Q(event=OuterRef("pk")), advocate=OuterRef("advocate_id"))
    return rows.exclude(Exists(theirs))


def next_round(plan: OutreachPlan, who: str) -> Any:
    """The number of the next round with each."""
    asks = Ask.objects.filter(plan=plan.pk, referral=None, advocate=OuterRef(who)).order_by()
    latest = asks.values("advocate").annotate(latest=Max("round")).values("latest")
    return Coalesce(Subquery(latest), Value(0)) + Value(1)


def rested_at(plan: OutreachPlan) -> Any:
    """When each ask's person may be asked again, after the last round of any plan with the same aim."""
    asks = rounds_like(plan).filter(advocate=OuterRef("advocate_id"))
    ended = asks.order_by("-started_at").values("ended_at")[:1]
    return ExpressionWrapper(Subquery(ended) + Value(plan.rest), output_field=DateTimeField())


def people(plan: OutreachPlan, *, now: datetime) -> list[Any]:
    """Everyone whom the plan itself would look for: its program's inner circle, and then the others."""
    found = everyone(plan, now=now)
    picked = Advocate.objects.inner_circle_of(plan.program).order_by().values("pk")
    return [found.filter(pk__in=picked), found.exclude(pk__in=picked)]


def everyone(plan: OutreachPlan, *, now: datetime) -> Any:
    """``people()``, in no order."""
    return Advocate.objects.in_segment(_segment(plan), now)


def _segment(plan: OutreachPlan) -> Segment:
    """Whom the plan may ask at all; without a segment, people of its program and of none."""
    return plan.segment or Segment(program=plan.program)


def _outside(plan: OutreachPlan, of_asks: bool, now: datetime) -> Any:
    mine = _segment(plan).asks(now)
    if not of_asks:
        return ~mine
    return ~Exists(Advocate.objects.filter(mine, pk=OuterRef("advocate_id")))


def path_to_advocate(rows: Any) -> str:
    """Where the advocate stands, from one of these rows: advocates, or their asks."""
    return "advocate__" if rows.model is Ask else ""


def topic_of(plan: OutreachPlan) -> Topic:
    """What somebody refuses who does not want to hear from such plans."""
    return Topic.ASKS if plan.aim == OutreachPlan.Aim.RECOMMENDATION else Topic.SURVEYS


def first_channel(plan: OutreachPlan) -> str:
    """How the plan first speaks to somebody."""
    for step in plan.steps.all():
        if step.kind == PlanStep.Kind.MESSAGE:
            return step.channel
        if step.kind == PlanStep.Kind.CALL:
            return MessageChannel.CALL
    return MessageChannel.EMAIL


def first_ways(plan: OutreachPlan) -> list[str]:
    """How the plan may speak to somebody first: as its first step says, or by another way that it uses as well and
    has words for, for those who do not allow the first."""
    messages = [step for step in plan.steps.all() if step.kind == PlanStep.Kind.MESSAGE]
    first = first_channel(plan)
    others = {step.channel for step in messages} - {first}
    if not others or first == MessageChannel.CALL:
        return [first]
    words = MessageTemplate.objects.filter(
        Q(program=None) | Q(program=plan.program_id), purpose=messages[0].purpose, channel__in=others
    )
    return [first, *words.order_by("channel").values_list("channel", flat=True).distinct()]


def _by_their_way(ways: list[str], to: str, test: Callable[[str], Any]) -> Any:
    """The test for the way by which each person would be spoken to first."""
    first, *others = ways
    if not others:
        return test(first)
    switches = wishes.are_not_for(first, to) & ~wishes.are_not_for(others[0], to)
    return (test(first) & ~switches) | (test(others[0]) & switches)


def address_for(channel: str) -> str:
    """The column of an advocate by which this way reaches them; with “_key”, the one to compare by."""
    return "email" if channel == MessageChannel.EMAIL else "phone"


def _suppressed(plan: OutreachPlan, key: Any) -> Any:
    # Two questions, because each has its own index, and an “or” of both has none.
    # Whoever has declined as a friend may still be asked about friends of their own.
    rows = Suppression.objects.filter(key=key).exclude(reason=Suppression.Reason.DECLINED)
    return Exists(rows.filter(program=None)) | Exists(rows.filter(program=plan.program_id))


def _has(who: Any, *kinds: str, after: datetime | None = None) -> Any:
    events = Event.objects.filter(advocate=who, kind__in=kinds)
    return Exists(events.filter(occurred_at__gt=after) if after else events)


def _unsatisfied(who: Any, enough: int) -> Any:
    """What they said last is below that; whoever never said anything may be asked."""
    rated = Event.objects.filter(advocate=who, kind__in=RATED, data__score__isnull=False)
    last = rated.order_by("-occurred_at", "-pk")[:1]
    is_low = ExpressionWrapper(Q(data__score__lt=enough), output_field=BooleanField())
    return Coalesce(Subquery(last.values(low=is_low)), Value(False))


def points(plan: OutreachPlan, who: str) -> Any:
    """What the finder gives each of these people; 0 for whoever is no candidate."""
    mine = Candidate.objects.filter(program=plan.program_id, advocate=OuterRef(who))
    return Coalesce(Subquery(mine.values("score")), Value(0))


def points_needed(plan: OutreachPlan) -> Any:
    """From how many points on the program asks by itself; 0, as long as nobody has been scored."""
    return Coalesce(
        Subquery(Finder.objects.filter(program=plan.program_id).values("automatic_from")), Value(0)
    )


def _not_warm(plan: OutreachPlan, to: str) -> Any:
    """Too few points for a message that leaves by itself. What a person asks is left to that person."""
    return Q(LessThan(points(plan, "advocate_id" if to else "pk"), points_needed(plan))) & _by_itself(
        plan, to
    )


def _has_enough(plan: OutreachPlan, to: str, policy: ContactPolicy | None, now: datetime) -> Any:
    """Too many messages lately for one more that leaves by itself."""
    key = f"{address_for(first_channel(plan))}_key"
    policy = policy or ContactPolicy.objects.current()
    return wishes.have_enough(to, key, policy, now) & _by_itself(plan, to)


def _by_itself(plan: OutreachPlan, to: str) -> Q:
    """To whom the plan writes without a person who sends it."""
    if not any(step.kind == PlanStep.Kind.MESSAGE for step in plan.steps.all()):
        return Q(pk=None)
    match plan.sender:
        case OutreachPlan.Sender.PROGRAM:
            return Q()
        case OutreachPlan.Sender.ACCOUNT_MANAGER:
            # Where nobody looks after them, the company asks.
            return Q(**{f"{to}owner": None})
    return Q() if plan.program.owner_id is None else Q(pk=None)


def _held_out(plan: OutreachPlan, pk: str) -> Any:
    """The same part of the people each time, another part for each plan: by their numbers, well shuffled."""
    lot = (F(pk) * 1_103_515_245 + plan.pk * 69_069 + 12_345) % 2_147_483_647 % 100
    return LessThan(lot, plan.hold_out)


def _in_another_round(who: Any, of_asks: bool) -> Any:
    running = Ask.objects.running().filter(advocate=who, referral=None)
    return Exists(running.exclude(pk=OuterRef("pk")) if of_asks else running)


def rounds_like(plan: OutreachPlan) -> Any:
    """Rounds that have begun, of any plan that asks for the same: each of its own needs a rest."""
    return Ask.objects.filter(plan__aim=plan.aim, referral=None, started_at__isnull=False)


def _resting(who: Any, plan: OutreachPlan, now: datetime) -> Any:
    return Exists(rounds_like(plan).filter(advocate=who, ended_at__gt=now - plan.rest))


def _earlier() -> Any:
    same = Event.objects.filter(
        advocate=OuterRef("advocate_id"), kind=OuterRef("kind"), occurred_at__lt=OuterRef("occurred_at")
    ).order_by()
    count: QuerySet[Any, Any] = same.values("kind").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(count), Value(0))
