"""One message that somebody of ours writes to one person: judged before it leaves, and by the outbox once more. An ask
or a review request is a round of a plan that keeps such messages, so that budget, rest and outcome are those of any
other."""

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Case, F, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from liquid.exceptions import LiquidError

from campaigns.models import Ask, Message, OutreachPlan, Purpose, ReviewPlace, Survey, SurveyResponse
from campaigns.services import outbox
from campaigns.services.asks import start_by_hand
from campaigns.services.by_hand import queue_by_hand
from campaigns.services.draft import FOLLOW_UPS, WRITABLE, Draft, bare, message_of
from campaigns.services.framing import ASKS
from campaigns.services.outlook import Outlook, Standing, foresee_asking, foresee_leaving
from campaigns.services.step_words import Words, wordings
from campaigns.services.survey import invite
from campaigns.services.taking import GRACE
from campaigns.services.texting import TooLong
from campaigns.services.words import Rendered, render
from referrals.models import Advocate, Enrolment, Event, Program
from referrals.services.enrolment import enrol
from referrals.transitions import Refused

Aim, Status = OutreachPlan.Aim, Message.Status
NAMES = {
    Aim.RECOMMENDATION: gettext_lazy("Written personally: asks"),
    Aim.REVIEW: gettext_lazy("Written personally: review requests"),
    Aim.SURVEY: gettext_lazy("Written personally: surveys"),
}
UNSETTLED = (Status.QUEUED, Status.BY_HAND, Status.SENDING)


def words_for(place: Enrolment) -> list[Words]:
    """The words with which one can begin for this person: purpose, channel, variant; the best guess first."""
    asked = standing(place, Aim.RECOMMENDATION)
    lacking = set() if asked.left else set(FOLLOW_UPS)
    if not ReviewPlace.objects.of(place.program).exists():
        lacking.add(Purpose.REVIEW_REQUEST)
    if survey_of(place.program) is None:
        lacking.add(Purpose.SURVEY_INVITE)
    offered = [purpose for purpose in WRITABLE if purpose not in lacking]
    order = [Purpose.ASK_FOLLOW_UP, *offered] if asked.left else offered
    found = [row for row in wordings(place.program_id, offered) if place.advocate.phone or row[1] != "sms"]
    by_phone = "sms" if place.advocate.phone and not place.advocate.email else "email"
    return sorted(found, key=lambda row: (order.index(Purpose(row[0])), row[1] != by_phone, row[2]))


def survey_of(program: Program) -> Survey | None:
    """The survey to which a personal message leads: of those that take answers, the first about being satisfied."""
    rows = Survey.objects.filter(program=program, is_open=True)
    return rows.order_by(Case(When(kind=Survey.Kind.SATISFACTION, then=0), default=1), "pk").first()


def standing(place: Enrolment, aim: OutreachPlan.Aim) -> Standing:
    """Where this person stands with what colleagues write themselves; a plan that is not there yet is not stored."""
    wanted = {"program": place.program, "aim": aim, "trigger": OutreachPlan.Trigger.PERSONAL}
    plan = OutreachPlan.objects.filter(**wanted).first()
    if plan is None:
        return Standing(OutreachPlan(**wanted, status=OutreachPlan.Status.LIVE), None)
    plan.program = place.program
    ask = plan.asks.running().filter(advocate=place.advocate_id, referral=None).first()
    if ask is None:
        return Standing(plan, None)
    written = Message.objects.filter(ask=ask)
    return Standing(
        plan, ask, waits=written.filter(status__in=UNSETTLED).exists(), left=written.left().exists()
    )


def foresee(draft: Draft, *, now: datetime) -> Outlook:
    """What would become of it now, in words: why it may not leave, or when it leaves."""
    leaving = foresee_leaving(message_of(draft), by_hand=draft.by_hand, now=now)
    if not leaving.may or draft.aim is None:
        return leaving
    at = standing(draft.place, draft.aim)
    follows_up = draft.purpose in FOLLOW_UPS
    asking = foresee_asking(draft.place.advocate, at, follows_up=follows_up, way=draft.channel, now=now)
    return asking or leaving


def write(draft: Draft, *, now: datetime) -> Message:
    """Put it into the outbox, or on the writer's list of what to send by hand; once, however often it is called.
    Raises Refused with what is in the way and what can be done about it."""
    try:
        with transaction.atomic():
            # Two clicks, or two colleagues, one after the other.
            Advocate.objects.select_for_update(no_key=True).get(pk=draft.place.advocate_id)
            found = Message.objects.filter(key=draft.key).first()
            return found or _write(draft, now)
    except IntegrityError as twice:
        raise Refused(_("They are being asked this very moment. Look at their page.")) from twice


def _write(draft: Draft, now: datetime) -> Message:
    outlook = foresee(draft, now=now)
    if not outlook.may:
        raise Refused(f"{outlook.said} {outlook.advice}".strip())
    place = draft.place
    if place.pk is None:
        # Whoever is written to gets a link.
        place = enrol(place.advocate, place.program, now=now)
        place.advocate, place.program = draft.place.advocate, draft.place.program
    ask = _round(draft, draft.aim, now) if draft.aim else None
    message = message_of(replace(draft, place=place), ask, _response(draft, place, ask, now))
    try:
        words = bare(draft, message) if draft.by_hand else render(message)
    except (LiquidError, KeyError, TooLong) as wrong:
        raise Refused(str(wrong)) from wrong
    if draft.by_hand:
        _leave_to_writer(message, words, now)
    else:
        outbox.queue([message], now=now)
    if ask and draft.purpose in ASKS:
        Event.objects.record([_asked(draft, message, ask, now)], now=now)
    return message


def _round(draft: Draft, aim: OutreachPlan.Aim, now: datetime) -> Ask:
    """The round that goes on with this message, or begins with it."""
    at = standing(draft.place, aim)
    ask = at.ask
    if ask is None:
        plan, _is_new = OutreachPlan.objects.get_or_create(
            program=at.plan.program, aim=aim, trigger=at.plan.trigger,
            defaults={"name": str(NAMES[aim]), "status": at.plan.status, "status_at": now},
        )  # fmt: skip
        person = Advocate.objects.filter(pk=draft.place.advocate_id)
        begun = start_by_hand(person, plan, now=now, by=draft.by, way=draft.channel)
        if begun.refused:
            # Another plan began to ask them since it was foreseen.
            raise Refused(begun.refused[0].refusal)
        [ask] = begun.moved
    Ask.objects.filter(pk=ask.pk).update(touches=F("touches") + 1, touched_at=now, due_at=now + GRACE)
    return ask


def _response(draft: Draft, place: Enrolment, ask: Ask | None, now: datetime) -> SurveyResponse | None:
    """The link to the survey, where the message is for one."""
    if ask is None or draft.purpose != Purpose.SURVEY_INVITE:
        return None
    survey = survey_of(place.program)
    if survey is None:
        raise Refused(_("No survey takes answers any more. Open one, or choose words for something else."))
    by_hand = SurveyResponse.Source.BY_HAND
    return invite(survey, [place], source=by_hand, now=now, asks={place.pk: ask.pk})[place.pk]


def _leave_to_writer(message: Message, words: Rendered, now: datetime) -> None:
    message.subject, message.text = words.subject, words.text
    del message.context["own_words"]
    if message.context.get("link", "") not in words.text:
        # Whoever left it out did so on purpose: nobody asks for it when the words are changed.
        del message.context["link"]
    queue_by_hand([message], now=now)


def _asked(draft: Draft, message: Message, ask: Ask, now: datetime) -> Event:
    return Event(
        kind=Event.Kind.ASKED, program_id=message.program_id, advocate_id=message.advocate_id, actor=draft.by,
        occurred_at=now, data={"plan": ask.plan.name, "channel": draft.channel}, dedup_key=message.key,
    )  # fmt: skip
