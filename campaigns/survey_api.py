"""Surveys for other systems: what people answered, and a link of their own for your pages."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from campaigns.links import link_to
from campaigns.models import Survey, SurveyResponse
from campaigns.services.survey import invite
from referrals.api.answers import answer
from referrals.api.fields import Given
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.api.paging import Page, Paged, page_of
from referrals.api.problems import invalid
from referrals.api.who import Who, find
from referrals.public_ids import pk_of, public_id

router = Router(tags=["surveys"])
READ, WRITE = Key("surveys:read"), Key("surveys:write")
NO_SURVEY = "No open survey of this program has this id. GET /api/v1/surveys lists them."


class SurveyOut(Schema):
    """Questions that the program asks."""

    id: str = Field(examples=["srv_2b0d4c7f0e9a4c1d8a52f8c6f1d9be07"])
    name: str = Field(examples=["Your story"])
    kind: str = Field(description="satisfaction, before_after or program.", examples=["satisfaction"])
    is_open: bool = Field(description="Whether it takes answers.")

    @classmethod
    def of(cls, row: Survey) -> "SurveyOut":
        return cls.model_construct(
            id=public_id("srv", row.pk), name=row.name, kind=row.kind, is_open=row.is_open
        )


class Surveys(Page):
    data: list[SurveyOut]


class Said(Schema):
    question: str = Field(description="As they read it.", examples=["What helped most?"])
    answer: str


class AnswerOut(Schema):
    """One invitation to a survey, and what was answered."""

    id: str = Field(examples=["ans_5d1c0c3f8ab94f0f9a3d0e6c1b7a2f48"])
    survey: str = Field(examples=["srv_2b0d4c7f0e9a4c1d8a52f8c6f1d9be07"])
    advocate: str = Field(examples=["adv_3c7a0f5be2f84a19a04d1c3f7f0d2b66"])
    link: str = Field(
        description="Opens the survey for this person, without an account; empty once it leads nowhere.",
        examples=["https://refer.example.com/s/…/"],
    )
    asked_at: datetime
    expires_at: datetime = Field(description="How long the link takes a first answer.")
    answered_at: datetime | None = Field(None, description="None: no answer yet.")
    changed_at: datetime | None = Field(None, description="When they answered last.")
    score: int | None = Field(None, description="0 to 10: would they recommend you?", examples=[9])
    answers: list[Said]
    may_quote: bool = Field(description="Whether they agreed to be quoted, with first name and company.")

    @classmethod
    def of(cls, row: SurveyResponse) -> "AnswerOut":
        said = [
            Said.model_construct(question=row.questions.get(place, place), answer=text)
            for place, text in row.answers.items()
        ]
        return cls.model_construct(
            id=public_id("ans", row.pk), survey=public_id("srv", row.survey_id),
            advocate=public_id("adv", row.enrolment.advocate_id),
            link="" if row.revoked_at else link_to("survey", row.token), asked_at=row.asked_at,
            expires_at=row.expires_at, answered_at=row.answered_at, changed_at=row.changed_at, score=row.score,
            answers=said, may_quote=row.may_quote,
        )  # fmt: skip


class Answers(Page):
    data: list[AnswerOut]


class AnswerFilter(Paged):
    survey: str = Field("", max_length=60, description="The id of a survey.")
    advocate: str = Field("", max_length=60, description="The id of an advocate.")
    answered: bool | None = Field(None, description="True: only with an answer; false: only without.")
    changed_after: AwareDatetime | None = Field(None, description="Answered, or answered otherwise, since.")

    def apply(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.survey:
            rows = rows.filter(survey=pk_of("srv", self.survey))
        if self.advocate:
            rows = rows.filter(enrolment__advocate=pk_of("adv", self.advocate))
        if self.answered is not None:
            rows = rows.filter(answered_at__isnull=not self.answered)
        return rows.filter(changed_at__gt=self.changed_after) if self.changed_after else rows


class InvitationIn(Given):
    """Whom to give a link to which survey."""

    advocate: Who
    survey: str = Field(max_length=60, examples=["srv_2b0d4c7f0e9a4c1d8a52f8c6f1d9be07"])


@router.get("/surveys", response=Surveys, auth=READ)
def list_surveys(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """The program's surveys, oldest first."""
    rows, following = page_of(Survey.objects.filter(program=key_of(request).program_id), asked)
    return answer(Surveys.model_construct(data=[SurveyOut.of(row) for row in rows], next=following))


@router.get("/answers", response=Answers, auth=READ)
def list_answers(request: HttpRequest, asked: Query[AnswerFilter]) -> HttpResponse:
    """Who was asked, and what they answered, in the order in which they were asked. To follow new answers, ask
    with ``changed_after``, or subscribe to survey.answered by webhook."""
    found = SurveyResponse.objects.filter(survey__program=key_of(request).program_id)
    rows, following = page_of(asked.apply(found.select_related("enrolment")), asked)
    return answer(Answers.model_construct(data=[AnswerOut.of(row) for row in rows], next=following))


@router.post("/answers", response={201: AnswerOut, 200: AnswerOut}, auth=WRITE)
@once
def invite_to_survey(request: HttpRequest, body: InvitationIn) -> HttpResponse:
    """A link for one advocate, to show on your own pages; nothing is sent. Whoever has not answered the last one
    keeps it (200), good for as long as a new one."""
    key = key_of(request)
    place = find(key, body.advocate)
    open_ones = Survey.objects.filter(program=key.program_id, is_open=True)
    survey = open_ones.filter(pk=pk_of("srv", body.survey) or 0).first()
    if survey is None:
        raise invalid([{"pointer": "/survey", "detail": NO_SURVEY}])
    row = invite(survey, [place], source=SurveyResponse.Source.API, now=key.asked_at)[place.pk]
    row.enrolment = place
    return answer(AnswerOut.of(row), 201 if row.asked_at == key.asked_at else 200)
