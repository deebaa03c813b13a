"""Surveys: somebody is asked, answers, answers otherwise, and takes back that they may be quoted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from campaigns.models import Ask, Message, PlanStep, Purpose, Survey, SurveyResponse
from campaigns.services.asks import end
from campaigns.services.testimonial import follow_answer
from referrals.many import save_many
from referrals.models import Enrolment, Event
from referrals.transitions import Moved, Refused

State = SurveyResponse.State
# How the page looks on which an answer is taken.
TAKES_ANSWERS = (State.OPEN, State.ANSWERED)


class Said(NamedTuple):
    """What somebody answered; ``consent`` are the exact words by which they may be quoted, or none."""

    score: int | None
    answers: dict[str, str]
    questions: dict[str, str]
    consent: str = ""


def invite(
    survey: Survey,
    enrolments: Sequence[Enrolment],
    *,
    source: str,
    now: datetime,
    asks: Mapping[int, int] | None = None,
) -> dict[int, SurveyResponse]:
    """One link to the survey for each of these places, by the place's key. Whoever has not answered the last
    one gets the same again, good for as long as a new one. ``asks`` says which round asks, by place."""
    rounds = asks or {}
    waiting = SurveyResponse.objects.waiting().filter(survey=survey, enrolment__in=enrolments)
    with transaction.atomic():
        SurveyResponse.objects.bulk_create(
            [_invitation(survey, place, source, now) for place in enrolments], ignore_conflicts=True
        )
        rows: dict[int, SurveyResponse] = {row.enrolment_id: row for row in waiting}
        for place, row in rows.items():
            row.expires_at, row.ask_id = now + survey.valid, rounds.get(place, row.ask_id)
        save_many(list(rows.values()), ("expires_at", "ask"))
    return rows


def _invitation(survey: Survey, place: Enrolment, source: str, now: datetime) -> SurveyResponse:
    return SurveyResponse(
        survey=survey, enrolment=place, source=source, asked_at=now, expires_at=now + survey.valid
    )


def answer(response: SurveyResponse, said: Said, *, language: str, now: datetime) -> SurveyResponse:
    """Keep what somebody answered. The first answer counts as a survey answered; a changed number counts as what
    they say now. Sent twice, it is one answer. Raises Refused with a sentence when no answer is taken any more."""
    with transaction.atomic():
        row = _locked(response)
        if row.state(now) not in TAKES_ANSWERS:
            raise Refused(_("This survey takes no answers any more. Yours from before is kept as it was."))
        is_first, before = row.answered_at is None, row.score
        row.score, row.answers, row.questions, row.language = (
            said.score,
            said.answers,
            said.questions,
            language,
        )
        row.answered_at, row.changed_at = row.answered_at or now, now
        row.changes += 0 if is_first or row.score == before else 1
        _keep_consent(row, said.consent, now)
        row.save()
        follow_answer(row, now=now)
        if is_first or row.score != before:
            Event.objects.record([_event(row, now)], now=now)
        _settle_round(row, now)
    return row


def _settle_round(row: SurveyResponse, now: datetime) -> None:
    """Nobody is reminded of what they have answered; and the round is over, if that was all it was for."""
    if row.ask_id is None:
        return
    asks = Ask.objects.open().filter(pk=row.ask_id)
    Message.objects.waiting().filter(ask=row.ask_id, purpose=Purpose.SURVEY_INVITE).update(
        status=Message.Status.WITHHELD, reason=Ask.End.ANSWERED.label,
        held_for=Message.Held.SETTLED, held_at=now,
    )  # fmt: skip
    more = PlanStep.objects.filter(plan__asks__in=asks, position__gte=F("plan__asks__position"))
    more = more.exclude(kind=PlanStep.Kind.BRANCH)
    if not more.exclude(kind=PlanStep.Kind.MESSAGE, purpose=Purpose.SURVEY_INVITE).exists():
        end(asks, Ask.End.ANSWERED, now=now)


def keep_private(response: SurveyResponse, *, now: datetime) -> None:
    """They may not be quoted any more, whatever else holds for the survey, and are not from now on. Repeatable."""
    with transaction.atomic():
        row = _locked(response)
        _keep_consent(row, "", now)
        row.save(update_fields=["may_quote", "quote_words", "quote_at"])
        follow_answer(row, now=now)


def close(survey: Survey, *, now: datetime) -> None:
    """Hold back what would still lead people to a survey that takes no answers any more. Repeatable."""
    asks = SurveyResponse.objects.waiting().filter(survey=survey, ask__isnull=False).values("ask")
    Message.objects.waiting().filter(ask__in=asks, purpose=Purpose.SURVEY_INVITE).update(
        status=Message.Status.WITHHELD, reason=_("The survey was closed."),
        held_for=Message.Held.SETTLED, held_at=now,
    )  # fmt: skip


def revoke(responses: Any, *, now: datetime, by: Any) -> Moved:
    """Let these links lead nowhere; what was answered stays. Repeatable: those taken back before are refused."""
    rows: list[SurveyResponse] = list(responses.select_related("enrolment__advocate"))
    fresh = [row for row in rows if row.revoked_at is None]
    SurveyResponse.objects.filter(pk__in=[row.pk for row in fresh], revoked_at=None).update(revoked_at=now)
    return Moved(fresh, [row for row in rows if row not in fresh])


def _locked(response: SurveyResponse) -> SurveyResponse:
    found: SurveyResponse = (
        SurveyResponse.objects.for_page().select_for_update(of=("self",), no_key=True).get(pk=response.pk)
    )
    return found


def _keep_consent(row: SurveyResponse, words: str, now: datetime) -> None:
    if words and row.may_quote and words == row.quote_words:
        return
    row.may_quote, row.quote_words, row.quote_at = bool(words), words, now if words else None


def _event(row: SurveyResponse, now: datetime) -> Event:
    """A first answer is a deed, and says how satisfied they are; another number says only that."""
    kind = Event.Kind.SATISFACTION if row.changes else Event.Kind.SURVEY_ANSWERED
    told: dict[str, Any] = {"survey": row.survey.name} | ({} if row.score is None else {"score": row.score})
    return Event(
        kind=kind, program_id=row.survey.program_id, advocate_id=row.enrolment.advocate_id, occurred_at=now,
        data=told, dedup_key=f"survey:{row.pk}:{row.changes}",
    )  # fmt: skip
