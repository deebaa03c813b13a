"""One batch of rounds at their steps: what is written, who is to call, and when each is looked at next."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from campaigns.links import link_to
from campaigns.models import (
    Ask,
    CallTask,
    ContactPolicy,
    ContactPreference,
    Message,
    MessageChannel,
    OutreachPlan,
    PlanStep,
    Purpose,
    ReviewPlace,
    SurveyResponse,
)
from campaigns.services import outbox
from campaigns.services.asks import ended, way_to_answer
from campaigns.services.call_task import make_calls
from campaigns.services.contact_hours import next_allowed, zone_of
from campaigns.services.framing import ASKS
from campaigns.services.notices import to_advocate, to_friend
from campaigns.services.prospects import address_for, first_ways
from campaigns.services.step_words import variant_of
from campaigns.services.survey import invite
from campaigns.services.trial import Trials
from referrals.models import Enrolment, Event
from referrals.services.enrolment import enrol_all

# After the last step there is still time to answer; and so long a colleague has to send what is theirs to send.
GRACE = timedelta(days=30)
LOOK_AGAIN = timedelta(days=1)
COLUMNS = (
    "position", "due_at", "touches", "touched_at", "started_at", "ended_at", "end_reason"
)  # fmt: skip
Kind, Held = PlanStep.Kind, Message.Held
# How a round ends of which nothing left, by what held its message back.
ENDS: dict[str, str] = {
    Held.TOPIC: Ask.End.UNWANTED, Held.CHANNEL: Ask.End.WAY, Held.SUPPRESSED: Ask.End.UNSUBSCRIBED,
    Held.ADDRESS: Ask.End.NO_ADDRESS, Held.STAFF: Ask.End.STOPPED, Held.TOO_LATE: Ask.End.TOO_LATE,
    Held.PAUSED: Ask.End.TOO_LATE, Held.WEEK: Ask.End.TOO_LATE, Held.MONTH: Ask.End.TOO_LATE,
    Held.DAY: Ask.End.TOO_LATE, Held.QUIET: Ask.End.TOO_LATE,
}  # fmt: skip


class Past(NamedTuple):
    """What became of a round's messages."""

    waiting: int
    sent_at: datetime | None
    # Since when a colleague has had one to send.
    by_hand_since: datetime | None
    written: int
    # So many have left, or may have.
    gone: int
    # Of the only one, where there is one.
    channel: str
    held_for: str | None


NOTHING = Past(0, None, None, 0, 0, "", None)


class Round(NamedTuple):
    """An ask, with what became of it so far."""

    ask: Ask
    past: Past
    has_referred: bool
    # Of the survey to which this round has led.
    has_answered: bool = False


class Taken(NamedTuple):
    """A step that a round has taken, by which way, and when it is to reach the person."""

    ask: Ask
    step: PlanStep
    moment: datetime
    channel: str
    # The first message was held back, and this is the same by another way.
    is_again: bool = False

    @property
    def key(self) -> str:
        """Whatever crashes: one message or call for each step of a round."""
        return f"ask:{self.ask.pk}:{self.step.position}{':again' if self.is_again else ''}"

    @property
    def way(self) -> str:
        return str(MessageChannel(self.channel).label)


class Taking:
    """Collects what a batch does, and stores it in a few statements."""

    def __init__(
        self,
        plan: OutreachPlan,
        *,
        now: datetime,
        policy: ContactPolicy | None = None,
        chosen: dict[int, ContactPreference] | None = None,
    ) -> None:
        self.plan, self.now = plan, now
        self.steps = {step.position: step for step in plan.steps.all()}
        self.last = max(self.steps, default=0)
        self.ready: list[Ask] = []
        self.policy = policy or ContactPolicy.objects.current()
        self._trials = Trials(plan, now=now, policy=self.policy)
        self.taken: list[Taken] = []
        self._chosen = chosen
        self._ended: list[Ask] = []
        # Rounds of which nothing left: nobody was asked, and nobody needs a rest from it.
        self._unasked: set[int] = set()
        self._invited: dict[int, SurveyResponse] = {}

    def end(self, ask: Ask, reason: str) -> None:
        ask.ended_at, ask.end_reason = self.now, reason
        self._ended.append(ask)

    def put_off(self, ask: Ask, until: datetime, otherwise: str) -> None:
        """Look at it again then; if that is too late, it ends for that reason."""
        if until > ask.since + self.plan.latest:
            self.end(ask, otherwise)
        else:
            ask.due_at = until

    def take(self, rounds: Iterable[Round]) -> None:
        """Let each round take the step it is at, unless its last message is still on its way."""
        rounds = list(rounds)
        if self._chosen is None:
            self._chosen = ContactPreference.objects.for_people(one.ask.advocate for one in rounds)
        for one in rounds:
            self._take(one)

    def save(self, asks: Sequence[Ask]) -> None:
        """Store all that was decided: the rounds, their messages, and what the log says of them."""
        written = [one for one in self.taken if one.step.kind == Kind.MESSAGE]
        asked = [one for one in written if not one.ask.referral_id]
        # Whoever is asked gets a link, if they have none yet.
        places = self._places({one.ask.advocate_id for one in asked})
        self._invited = self._invite([one for one in asked if one.step.sends_survey], places)
        outbox.queue([self._message(one, places) for one in written], now=self.now)
        self._trials.save()
        calls = [self._call(one) for one in self.taken if one.step.kind == Kind.CALL]
        if calls:
            make_calls(calls, now=self.now)
        Ask.objects.save_moved(asks, COLUMNS)
        self._take_from_lists()
        told = [_asked(one, self.now) for one in asked if one.step.purpose in ASKS]
        over = [
            ended(ask, ask.end_reason, self.now)
            for ask in self._ended
            if ask.started_at or ask.pk in self._unasked
        ]
        Event.objects.record([*told, *over], now=self.now)

    def _take_from_lists(self) -> None:
        """What a colleague has not sent by the end of the round is not to be sent any more."""
        if over := [ask.pk for ask in self._ended if ask.touches]:
            Message.objects.filter(ask__in=over, status=Message.Status.BY_HAND).update(
                status=Message.Status.WITHHELD, held_for=Message.Held.TOO_LATE, held_at=self.now,
                reason=_("Nobody sent it within %(days)d days.") % {"days": GRACE.days},
            )  # fmt: skip

    def _take(self, one: Round) -> None:
        ask, past = one.ask, one.past
        if past.by_hand_since and past.by_hand_since <= self.now - GRACE:
            self.end(ask, Ask.End.NOT_SENT)
            return
        if past.waiting:
            # Caps or quiet hours keep the last one here: the next must not be right behind it.
            ask.due_at = self.now + LOOK_AGAIN
            return
        if past.written:
            ask.touches = past.gone
            if not past.gone and not self._tries_again(ask, past):
                self._end_unasked(ask, ENDS.get(past.held_for or "", Ask.End.FAILED))
                return
        ask.touched_at = past.sent_at or ask.touched_at
        step = self._find_step(one)
        if step is None:
            self.end(ask, Ask.End.DONE)
            return
        ask.position, ask.due_at = step.position, max(ask.due_at, self._not_before(ask, step))
        if ask.due_at > self.now:
            return
        moment = next_allowed(self.now, zone_of(ask.advocate, self.plan.program), self.policy)
        way = self._way(ask, step)
        if not ask.touches and moment > ask.since + self.plan.latest:
            self.end(ask, Ask.End.TOO_LATE)
        elif way and _is_wanted(one, step):
            self._carry_out(Taken(ask, step, moment, way, is_again=bool(past.written and not past.gone)))
        elif not (way or ask.touches) and step == self._first_message:
            # Nobody is followed up who was never asked.
            self._end_unasked(ask, Ask.End.WAY)
        else:
            self._move_on(ask, step, self.now)

    def _tries_again(self, ask: Ask, past: Past) -> bool:
        """The only message was held back, because they do not want to be written to this way: there may be another."""
        first = self._first_message
        if past.held_for != Message.Held.CHANNEL or past.written > 1 or first is None:
            return False
        ask.position, ask.due_at, ask.touched_at = first.position, self.now, None
        return self._way(ask, first) not in {None, past.channel}

    def _end_unasked(self, ask: Ask, reason: str) -> None:
        """Nothing of the round has left. It leaves no rest behind, unless a colleague stopped it or has called."""
        self.end(ask, reason)
        called = any(step.kind == Kind.CALL and step.position < ask.position for step in self.steps.values())
        if reason != Ask.End.STOPPED and not called:
            ask.started_at = None
            self._unasked.add(ask.pk)

    @cached_property
    def _first_message(self) -> PlanStep | None:
        return next((step for step in self.steps.values() if step.kind == Kind.MESSAGE), None)

    @cached_property
    def _first_ways(self) -> list[str]:
        return first_ways(self.plan)

    def _way(self, ask: Ask, step: PlanStep) -> str | None:
        """By which way this step reaches them; none, if they do not want it or cannot be reached. Whoever does not
        allow the way of the first message gets it by another that the plan uses."""
        if step.kind == Kind.CALL:
            return MessageChannel.CALL
        reader, chosen = ask.referral or ask.advocate, (self._chosen or {}).get(ask.advocate_id)
        is_first = step == self._first_message and not ask.touches
        ways = [step.channel]
        if chosen and not ask.referral_id:
            ways = [way for way in (self._first_ways if is_first else ways) if chosen.allows_way(way)]
        return next((way for way in ways if getattr(reader, address_for(way))), None)

    def _find_step(self, one: Round) -> PlanStep | None:
        """The message or call that comes now, or the next that has to be waited for; none: the round is over."""
        step = self._from(one.ask.position)
        while step and step.kind == Kind.BRANCH:
            if not _holds(one, step):
                step = self._from(step.position + 1)
            elif step.goto is None:
                return None
            else:
                step = self._from(step.goto)
            if step and step.wait_days:
                one.ask.due_at = self.now + timedelta(days=step.wait_days)
                break
        return step

    def _from(self, position: int) -> PlanStep | None:
        return next((step for place, step in self.steps.items() if place >= position), None)

    def _not_before(self, ask: Ask, step: PlanStep) -> datetime:
        """A step keeps its distance from the last message, and a longer one while nothing was opened."""
        if ask.touched_at is None:
            return self.now
        wait = timedelta(days=step.wait_days)
        return ask.touched_at + (wait if ask.clicked_at else wait * (100 + self.plan.stretch) / 100)

    def _carry_out(self, taken: Taken) -> None:
        ask, step, moment = taken.ask, taken.step, taken.moment
        self.taken.append(taken)
        if step.kind == Kind.MESSAGE:
            ask.touches += 1
            ask.touched_at = moment
        self._move_on(ask, step, moment)

    def _move_on(self, ask: Ask, step: PlanStep, at: datetime) -> None:
        following = self._from(step.position + 1)
        ask.position = following.position if following else self.last + 1
        ask.due_at = at + (timedelta(days=following.wait_days) if following else GRACE)

    def _places(self, advocates: set[int]) -> dict[int, Enrolment]:
        if not advocates:
            return {}
        enrol_all(advocates, self.plan.program, now=self.now)
        rows = self.plan.program.enrolments.filter(advocate__in=advocates)
        return {row.advocate_id: row for row in rows}

    def _invite(self, taken: Sequence[Taken], places: dict[int, Enrolment]) -> dict[int, SurveyResponse]:
        """The link to its survey for each of these rounds; four statements for each survey."""
        found: dict[int, SurveyResponse] = {}
        for survey in {one.step.survey for one in taken if one.step.survey}:
            rounds = {
                places[one.ask.advocate_id].pk: one.ask.pk for one in taken if one.step.survey_id == survey.pk
            }
            asked = [place for place in places.values() if place.pk in rounds]
            rows = invite(survey, asked, source=SurveyResponse.Source.PLAN, now=self.now, asks=rounds)
            found |= {rounds[place]: row for place, row in rows.items()}
        return found

    def _message(self, one: Taken, places: dict[int, Enrolment]) -> Message:
        ask, step = one.ask, one.step
        message = self._to_friend(one) if ask.referral else self._to_advocate(one, places)
        message.key, message.ask, message.channel, message.due_at = one.key, ask, one.channel, one.moment
        message.variant = variant_of(step, list(self.steps.values()))
        self._trials.vary(message, ask, step)
        if ask.touches == 1:
            message.not_after = ask.since + self.plan.latest
        if sender := self._sender(ask):
            # Whoever asks in person sends it from their own mail program.
            message.context["signature"] = sender.get_full_name()
            message.user, message.status = sender, Message.Status.BY_HAND
        return message

    def _call(self, one: Taken) -> CallTask:
        ask, program = one.ask, self.plan.program
        return CallTask(
            program=program, advocate_id=ask.advocate_id, owner=ask.advocate.owner or program.owner,
            origin=CallTask.Origin.PLAN, reason=self.plan.name, due_at=one.moment,
            key=one.key,
        )  # fmt: skip

    def _to_advocate(self, one: Taken, places: dict[int, Enrolment]) -> Message:
        ask, step = one.ask, one.step
        enrolment = places[ask.advocate_id]
        enrolment.advocate, enrolment.program = ask.advocate, self.plan.program
        purpose = Purpose(step.purpose)
        more: dict[str, Any] = {}
        if purpose == Purpose.REVIEW_REQUEST:
            more = {"place": self._review_place}
        link = way_to_answer(purpose, enrolment, ask=ask, response=self._invited.get(ask.pk))
        message = to_advocate(purpose, enrolment, link=link, **more)
        if one.channel == MessageChannel.SMS:
            message.to_address, message.to_key = ask.advocate.phone, ask.advocate.phone_key
        return message

    @cached_property
    def _review_place(self) -> str:
        """Where a review is dearest to the program."""
        return ReviewPlace.objects.dearest_of(self.plan.program)

    def _to_friend(self, one: Taken) -> Message:
        step, referral = one.step, one.ask.referral
        assert referral is not None  # noqa: S101 - asked by _message
        referral.enrolment.program = self.plan.program
        advocate = referral.enrolment.advocate
        message = to_friend(
            Purpose(step.purpose), referral, link=link_to("invitation", referral.token),
            advocate_name=advocate.name, about=self.plan.program.about,
        )  # fmt: skip
        if one.channel == MessageChannel.SMS:
            message.to_address, message.to_key = referral.phone, referral.phone_key
        return message

    def _sender(self, ask: Ask) -> Any:
        """The person who asks, where one does."""
        people = {"owner": self.plan.program.owner, "account_manager": ask.advocate.owner}
        return people.get(self.plan.sender)


def _is_wanted(one: Round, step: PlanStep) -> bool:
    """Nobody is reminded of a survey that they have answered, or led to one that is closed."""
    return not (step.sends_survey and (one.has_answered or not step.survey or not step.survey.is_open))


def _holds(one: Round, step: PlanStep) -> bool:
    match step.condition:
        case PlanStep.Condition.CLICKED:
            return one.ask.clicked_at is not None
        case PlanStep.Condition.ANSWERED:
            return one.has_answered
    return one.has_referred


def _asked(one: Taken, now: datetime) -> Event:
    """The row that says that somebody was asked, or asked once more."""
    ask, step = one.ask, one.step
    return Event(
        kind=Event.Kind.ASKED,
        program_id=ask.plan.program_id,
        advocate_id=ask.advocate_id,
        occurred_at=now,
        data={"plan": ask.plan.name, "step": step.position, "channel": one.channel},
        dedup_key=one.key,
    )
