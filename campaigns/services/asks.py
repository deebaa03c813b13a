"""What becomes of a round: it is clicked, it ends, somebody begins one by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from campaigns.links import link_to
from campaigns.models import Ask, Message, OutreachPlan, Purpose, SurveyResponse
from campaigns.services.prospects import Hindrance, judged, next_round
from referrals.models import Enrolment, Event, Referral
from referrals.prepared import prepared
from referrals.services.follow_up import TALKED
from referrals.transitions import Moved, Refused

Kind, Aim = Event.Kind, OutreachPlan.Aim
# What an advocate does that makes further asking needless, or rude, and for what. Whoever recommends somebody, or
# does not want to, may still say how it is.
STOPS = {
    Kind.REFERRAL_SUBMITTED: (Ask.End.REFERRED, [Aim.RECOMMENDATION]),
    Kind.REVIEW_LEFT: (Ask.End.ANSWERED, [Aim.REVIEW]),
    Kind.ASK_DECLINED: (Ask.End.DECLINED, [Aim.RECOMMENDATION, Aim.REVIEW]),
    Kind.UNSUBSCRIBED: (Ask.End.UNSUBSCRIBED, list(Aim)),
}
# What a friend does, or what becomes of them, that ends a nurture plan.
ANSWERS = {
    Kind.REFERRAL_ACCEPTED,
    Kind.REFERRAL_CONTACTED,
    Kind.REFERRAL_QUALIFIED,
    Kind.REFERRAL_CONVERTED,
    Kind.REFERRAL_LOST,
    Kind.REFERRAL_REJECTED,
    Kind.REFERRAL_ERASED,
    Kind.REFERRAL_RETURNED,
}


def stop_asking(events: Sequence[Event], *, now: datetime) -> None:
    """Somebody did what they were asked for, said no or unsubscribed; or a friend answered: their rounds are over."""
    for kind, (reason, aims) in STOPS.items():
        theirs = {event.advocate_id for event in events if event.kind == kind and event.advocate_id}
        if theirs and _open_rounds(theirs):
            end(Ask.objects.filter(advocate__in=theirs, referral=None, plan__aim__in=aims), reason, now=now)
    answered = {event.referral_id for event in events if _is_answer(event) and event.referral_id}
    if answered and _open_nurture(answered, now):
        end(Ask.objects.filter(referral__in=answered, since__lt=now), Ask.End.ANSWERED, now=now)


def _is_answer(event: Event) -> bool:
    """On the phone or in writing: they answered."""
    return event.kind in ANSWERS or (
        event.kind == Kind.FOLLOW_UP_DONE and event.data.get("outcome") in TALKED
    )


@prepared
def _open_rounds(advocates: set[int]) -> QuerySet[Ask, int]:
    return Ask.objects.open().filter(advocate__in=advocates, referral=None).values_list("pk", flat=True)[:1]


@prepared
def _open_nurture(referrals: set[int], now: datetime) -> QuerySet[Ask, int]:
    waiting = Ask.objects.open().filter(referral__in=referrals, since__lt=now)
    return waiting.values_list("pk", flat=True)[:1]


def end_for_keys(keys: set[str], program_id: int | None, reason: str, *, now: datetime) -> None:
    """These mailboxes and phones want nothing, or take nothing, any more: of this program, or (None) of any."""
    known = keys - {""}
    advocates = Q(advocate__email_key__in=known) | Q(advocate__phone_key__in=known)
    friends = Q(referral__email_key__in=known) | Q(referral__phone_key__in=known)
    theirs = Ask.objects.filter(Q(advocates, referral=None) | friends)
    end(theirs.filter(plan__program=program_id) if program_id else theirs, reason, now=now)


def end(asks: Any, reason: str, *, now: datetime, by: Any = None) -> Moved:
    """Close these rounds and take back what they have in the outbox. Says which had begun, in the log."""
    if not asks.open().exists():
        return Moved([], [])
    with transaction.atomic(savepoint=False):
        rows = list(
            asks.open().select_for_update(of=("self",), no_key=True).select_related("plan", "advocate")
        )
        keys = [row.pk for row in rows]
        if not keys:
            return Moved([], [])
        Ask.objects.filter(pk__in=keys).end(reason, now=now)
        Message.objects.waiting().filter(ask__in=keys).update(
            status=Message.Status.WITHHELD, reason=Ask.End(reason).label,
            held_for=Message.Held.SETTLED, held_at=now,
        )  # fmt: skip
        Event.objects.record([ended(row, reason, now, by) for row in rows if row.started_at], now=now)
    return Moved(rows, [])


def ended(ask: Ask, reason: str, now: datetime, by: Any = None) -> Event:
    """The row that says how a round ended."""
    return Event(
        kind=Kind.NURTURE_ENDED if ask.referral_id else Kind.ASK_ENDED,
        program_id=ask.plan.program_id,
        advocate_id=ask.advocate_id,
        referral_id=ask.referral_id,
        actor=by,
        occurred_at=now,
        data={"plan": ask.plan.name, "reason": reason},
        dedup_key=f"ask:{ask.pk}:ended",
    )


def start_by_hand(advocates: Any, plan: OutreachPlan, *, now: datetime, by: Any, way: str = "") -> Moved:
    """Begin a round with these people now. Whoever cannot be asked is returned with the reason.

    Their satisfaction may be lower than automation demands, for a person asks; all other rules hold. ``way`` as in
    judged().
    """
    with transaction.atomic():
        rows = judged(advocates, plan, now=now, by_hand=True, way=way).annotate(round=next_round(plan, "pk"))
        people = list(rows)
        open_already = set(
            Ask.objects.open().filter(plan=plan, advocate__in=people).values_list("advocate_id", flat=True)
        )
        fit = [one for one in people if not one.hindrance and one.pk not in open_already]
        for one in people:
            one.refusal = _why_not(one.hindrance)
        asks = [
            Ask(plan=plan, advocate=one, round=one.round, since=now, due_at=now, started_at=now, asked_by=by)
            for one in fit
        ]
        Ask.objects.bulk_create(asks)
    return Moved(asks, [one for one in people if one not in fit])


def _why_not(hindrance: str) -> str:
    return str(Hindrance(hindrance).label) if hindrance else _("in this plan already")


def start_nurture(referral: Referral, plan: OutreachPlan, *, now: datetime, by: Any) -> Ask:
    """Put a friend who is not ready on a nurture plan; it stops by itself when they answer.

    Raises Refused with a sentence when the friend has not agreed to be written to, or is on a plan already.
    """
    if plan.audience != OutreachPlan.Audience.FRIENDS or not plan.is_live:
        raise Refused(_("Choose a live plan for friends who are not ready yet."))
    if referral.accepted_at is None:
        raise Refused(_("This friend has not said yes to hearing from you. Call instead."))
    if referral.erased_at or not referral.email:
        raise Refused(_("There is no address to write to."))
    try:
        with transaction.atomic():
            if Ask.objects.open().filter(referral=referral).exists():
                raise Refused(_("This friend is on a nurture plan already."))
            number = Ask.objects.filter(plan=plan, referral=referral).count() + 1
            first = plan.steps.order_by("position").first()
            ask = Ask.objects.create(
                plan=plan, advocate_id=referral.enrolment.advocate_id, referral=referral, round=number,
                since=now, due_at=now + timedelta(days=first.wait_days if first else 0), started_at=now, asked_by=by,
            )  # fmt: skip
            Event.objects.record([_nurtured(ask, now, by)], now=now)
    except IntegrityError as twice:
        raise Refused(_("This friend is on a nurture plan already.")) from twice
    return ask


def _nurtured(ask: Ask, now: datetime, by: Any) -> Event:
    return Event(
        kind=Kind.NURTURE_STARTED,
        program_id=ask.plan.program_id,
        advocate_id=ask.advocate_id,
        referral_id=ask.referral_id,
        actor=by,
        occurred_at=now,
        data={"plan": ask.plan.name},
        dedup_key=f"ask:{ask.pk}:started",
    )


def sign(ask_id: int) -> str:
    """What stands in the links of a round: it says nothing about the person, and nobody can make one up."""
    return _signer().sign(str(ask_id))


def way_to_answer(
    purpose: Purpose, place: Enrolment, *, ask: Ask | None = None, response: SurveyResponse | None = None
) -> str:
    """Where this person does what such a message asks for. The link of a round tells that it was opened."""
    if response:
        return link_to("survey", response.token)
    link = link_to("review-help" if purpose == Purpose.REVIEW_REQUEST else "refer-personal", place.token)
    return f"{link}?ask={sign(ask.pk)}" if ask else link


def record_click(signed: str, advocate_id: int, *, now: datetime) -> bool:
    """Somebody is on the page to which an ask of this advocate led. Counts once; says whether this was it."""
    try:
        pk = int(_unsign(signed))
    except (BadSignature, ValueError):
        return False
    with transaction.atomic():
        mine = Ask.objects.filter(pk=pk, advocate=advocate_id, referral=None, clicked_at=None)
        if not mine.update(clicked_at=now):
            return False
        ask = Ask.objects.select_related("plan", "advocate").get(pk=pk)
        clicked = Event(
            kind=Kind.ASK_CLICKED, program_id=ask.plan.program_id, advocate_id=advocate_id, occurred_at=now,
            data={"plan": ask.plan.name}, dedup_key=f"ask:{pk}:clicked",
        )  # fmt: skip
        Event.objects.record([clicked], now=now)
        if ask.plan.stops_on_click:
            end(Ask.objects.filter(pk=pk), Ask.End.CLICKED, now=now)
    return True


class _ShortSigner(Signer):
    """Signs in a quarter of the letters: the whole would fill half of a text message, and three parts hold 201 letters
    as soon as one of them is not Latin. Whoever guessed it would say of themselves that they had opened a link."""

    def signature(self, value: Any, key: Any = None) -> str:
        return str(super().signature(value, key))[:11]


def _signer() -> Signer:
    return _ShortSigner(salt="ask")


def _unsign(signed: str) -> str:
    try:
        return _signer().unsign(signed)
    except BadSignature:
        # As in the links of mails from before signatures were short.
        return Signer(salt="ask").unsign(signed)
