"""Takes the steps that are due: for each plan in batches, each batch in one transaction.

Whoever is due is locked, judged once more, and moved on; what is to leave goes to the outbox with a key made
of round and step. So a crash loses nothing, and two workers take different people.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery

from campaigns.models import Ask, Message, OutreachPlan, SurveyResponse
from campaigns.services.entering import look_for_people
from campaigns.services.prospects import FOR_NOW, STOPS, Hindrance, judged, path_to_advocate, rested_at
from campaigns.services.taking import NOTHING, Past, Round, Taking
from campaigns.services.wishes import paused_until
from referrals.models import Event, Pick, Program

BATCH = 1000
# Well below the time the worker gives a task (Q_CLUSTER).
SECONDS_A_RUN = 60
LOOK_AGAIN = timedelta(days=1)
# Points come slowly, and there may be many who lack them.
WARMER_IN = timedelta(days=7)
UNSETTLED = (Message.Status.QUEUED, Message.Status.BY_HAND, Message.Status.SENDING)
End = Ask.End


def plan_due(*, now: datetime) -> int:
    """Take every step that is due, until none is or the time of one run is used up; returns how many rounds
    it looked at."""
    stop_at = monotonic() + SECONDS_A_RUN
    count = 0
    for plan in _with_work(now):
        if plan.look_at and plan.look_at <= now:
            look_for_people(plan, now=now)
        # All of the inner circle, and only then the others: they are asked first also where not all can be.
        for is_picked in (True, False) if plan.has_circle else (False,):
            while monotonic() < stop_at and (done := _take_batch(plan, now, is_picked=is_picked)):
                count += done
    return count


def _with_work(now: datetime) -> Any:
    """Live plans that have something to do, with what has to be known of them; two queries, or one for none."""
    # The first moment, and not whether any is due: just after a run the database believes that many are, and would
    # look for one among all rows instead of in the index.
    waiting = Ask.objects.open().filter(plan=OuterRef("pk")).order_by("due_at")
    live = OutreachPlan.objects.live().alias(first_due=Subquery(waiting.values("due_at")[:1]))
    plans = live.filter(Q(first_due__lte=now) | Q(look_at__lte=now), program__status=Program.Status.LIVE)
    plans = plans.annotate(has_circle=Exists(Pick.objects.filter(segment__program=OuterRef("program"))))
    return plans.select_related("program__owner", "segment").prefetch_related("steps__survey").order_by("pk")


def _take_batch(plan: OutreachPlan, now: datetime, *, is_picked: bool) -> int:
    try:
        with transaction.atomic():
            due = Ask.objects.due(now).filter(plan=plan).order_by("due_at", "pk")
            if is_picked:
                due = due.filter(
                    advocate__in=Pick.objects.filter(segment__program=plan.program_id).values("advocate")
                )
            keys = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
            if keys:
                _take(plan, keys, now)
            return len(keys)
    except IntegrityError:
        # Another plan has begun a round with one of them this moment: look again at the next tick.
        return 0


def _take(plan: OutreachPlan, keys: Sequence[int], now: datetime) -> None:
    taking = Taking(plan, now=now)
    rows = judged(Ask.objects.filter(pk__in=keys), plan, now=now, policy=taking.policy)
    rows = rows.annotate(paused_until=paused_until(path_to_advocate(rows), now))
    rows = rows.select_related("advocate__owner", "referral__enrolment__advocate")
    # Put in order here: PostgreSQL would read everybody's asks for it.
    asks = sorted(rows, key=lambda ask: (ask.due_at, ask.pk))
    for ask in asks:
        ask.plan = plan
    going = [ask for ask in asks if ask.started_at]
    for ask in going:
        _go_on(ask, taking)
    _begin([ask for ask in asks if not ask.started_at], taking)
    ready = {ask.pk for ask in taking.ready}
    taking.take(_settled([ask for ask in asks if ask.pk in ready], now))
    taking.save(asks)


def _go_on(ask: Ask, taking: Taking) -> None:
    hindrance = "" if ask.referral_id else ask.hindrance  # type: ignore[attr-defined]
    if ask.plan.is_personal:
        # There is no step to take: it is over, by what became of what was written.
        taking.ready.append(ask)
    elif hindrance in STOPS:
        taking.end(ask, hindrance)
    elif ask.position > taking.last or ask.touches >= ask.plan.touches:
        taking.end(ask, End.DONE)
    elif hindrance == Hindrance.PAUSED:
        # What they do not want to get now is not written now.
        ask.due_at = _over_at(ask, {}, taking)
    else:
        taking.ready.append(ask)


def _begin(asks: Sequence[Ask], taking: Taking) -> None:
    """Begin rounds with whoever may be asked now; end the others, or look at them again when that is over."""
    room = _room(taking.plan, taking.now)
    rested = _rested([ask for ask in asks if _hindrance(ask) == Hindrance.RESTING], taking.plan)
    for ask in asks:
        hindrance = _hindrance(ask)
        if hindrance in FOR_NOW:
            taking.put_off(ask, _over_at(ask, rested, taking), _final(hindrance))
        elif hindrance == Hindrance.NOT_WARM:
            taking.put_off(ask, taking.now + WARMER_IN, End.NOT_WARM)
        elif hindrance:
            taking.end(ask, hindrance)
        elif room is not None and room <= 0:
            ask.due_at = taking.now + timedelta(hours=1)
        else:
            ask.started_at = taking.now
            taking.ready.append(ask)
            room = None if room is None else room - 1


def _over_at(ask: Ask, rested: dict[int, datetime], taking: Taking) -> datetime:
    """When what hinders now is over, as far as that is known."""
    known = rested.get(ask.pk) or ask.paused_until  # type: ignore[attr-defined]
    return max(known or taking.now, taking.now + LOOK_AGAIN)


def _hindrance(ask: Ask) -> str:
    return str(ask.hindrance)  # type: ignore[attr-defined]


def _final(hindrance: str) -> str:
    return End.RESTING if hindrance == Hindrance.RESTING else End.TOO_LATE


def _room(plan: OutreachPlan, now: datetime) -> int | None:
    """How many rounds may still begin today; None: any number."""
    if plan.a_day is None:
        return None
    return plan.a_day - Ask.objects.filter(plan=plan, started_at__gt=now - timedelta(days=1)).count()


def _rested(asks: Sequence[Ask], plan: OutreachPlan) -> dict[int, datetime]:
    if not asks:
        return {}
    rows = Ask.objects.filter(pk__in=[ask.pk for ask in asks]).annotate(rested=rested_at(plan))
    return dict(rows.values_list("pk", "rested"))


def _settled(asks: Sequence[Ask], now: datetime) -> list[Round]:
    """These rounds with what became of their messages: none is followed up before it has left."""
    written = Message.objects.filter(ask__in=[ask.pk for ask in asks if ask.touches]).order_by()
    gone = Q(pk__in=written.left().values("pk"))
    counted = written.values_list("ask_id").annotate(
        waiting=Count("pk", filter=Q(status__in=UNSETTLED)),
        sent=Max("sent_at"),
        by_hand=Min("due_at", filter=Q(status=Message.Status.BY_HAND)),
        written=Count("pk"),
        gone=Count("pk", filter=gone),
        channel=Max("channel"),
        held_for=Max("held_for", filter=Q(status=Message.Status.WITHHELD)),
    )
    known = {pk: Past(*facts) for pk, *facts in counted}
    referred, answered = _who_referred(asks), _who_answered(asks)
    return [
        Round(
            ask, known.get(ask.pk, NOTHING), has_referred=ask.advocate_id in referred,
            has_answered=ask.pk in answered,
        )
        for ask in asks
    ]  # fmt: skip


def _who_answered(asks: Sequence[Ask]) -> set[int]:
    """Rounds that have led to an answer; asks the database only about a plan with a survey in it."""
    if not any(step.survey_id for ask in asks[:1] for step in ask.plan.steps.all()):
        return set()
    led = SurveyResponse.objects.answered().filter(ask__in=[ask.pk for ask in asks])
    return set(led.values_list("ask_id", flat=True))


def _who_referred(asks: Sequence[Ask]) -> set[int]:
    people = {ask.advocate_id for ask in asks}
    named = Event.objects.filter(advocate__in=people, kind=Event.Kind.REFERRAL_SUBMITTED)
    return set(named.values_list("advocate_id", flat=True)) if people else set()
