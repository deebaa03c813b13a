from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime, SkipValidation, model_validator

from referrals.api.answers import answer
from referrals.api.bulk import MOST, BulkIn, BulkOut, bulk_answer, read_items
from referrals.api.fields import Company, Email, Given, Line, LocalPhone, Name, Note, Words, read_phone, wrong
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.api.paging import Page, Paged, page_of
from referrals.api.problems import Problem, as_a_whole, invalid, not_found, pointer_to
from referrals.api.who import NOBODY, Who, find, find_all
from referrals.contacts import email_key, phone_key
from referrals.fit import kept_answers
from referrals.models import ApiKey, Enrolment, Program, Question, Referral
from referrals.models.profile import fit_score
from referrals.public_ids import pk_of, public_id
from referrals.services.known import REFERRALS_A_DAY, NamedBefore, NamedEnough
from referrals.services.many import Named, submit_many
from referrals.services.referral import Friend, submit_referrals
from referrals.transitions import Refused

router = Router(tags=["referrals"])
READ, WRITE = Key("referrals:read"), Key("referrals:write")
NAMED_BEFORE = (
    "This advocate has named somebody with this address or number before. Leave this friend out; GET /referrals "
    "shows the one that is there."
)
NAMED_ENOUGH = f"One advocate can name {REFERRALS_A_DAY} friends in 24 hours. Send this one a day later."


class ReferralIn(Given):
    """A friend whom an advocate named in your system."""

    advocate: Who
    name: Annotated[Name, Field(min_length=1)]
    email: Email = ""
    phone: LocalPhone = ""
    company: Company = ""
    relation: Line = Field("", description="How they know each other.")
    note: Note = Field("", description="What else whoever calls should know.")
    answers: dict[Line, Line] = Field(
        {},
        description="Answers to the program's questions, by their text as /programs gives it: yes or no, one of its "
        "answers, or a few words. They give the fit.",
        examples=[{"Do they have employees?": "yes"}],
    )
    agreement: Annotated[Words, Field(min_length=1)] = Field(
        description="The exact words by which the advocate agreed that the friend may be contacted; kept.",
        examples=["My friend knows about it and agrees that Acme may contact them."],
    )

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not (self.email or self.phone):
            raise wrong("Send an email, a phone, or both: without them nobody could contact the friend.")
        return self

    def friend(self, questions: Sequence[Question]) -> Friend:
        """Ready to be taken in; its answers have been checked."""
        given = {question: self.answers.get(question.text, "") for question in questions}
        return Friend(
            self.name, self.email, self.phone, self.company, self.relation, self.note,
            answers=kept_answers(given),
            fit=fit_score(questions, {str(q.pk): said for q, said in given.items()}) if self.answers else None,
        )  # fmt: skip

    def faults(self, program: Program, questions: Sequence[Question]) -> list[dict[str, str]]:
        """What is wrong with it, and where. A phone as it is dialled at home is put into international form."""
        given = {"phone": self.phone}
        try:
            read_phone(given, program.country)
        except Problem as problem:
            return list(problem.errors)
        self.phone = given["phone"]
        return self.wrong_answers(questions)

    def wrong_answers(self, questions: Sequence[Question]) -> list[dict[str, str]]:
        """What is wrong with the answers, and where."""
        asked = {question.text: question for question in questions}
        return [
            {"pointer": pointer_to(["answers", text]), "detail": problem}
            for text, said in self.answers.items()
            if (problem := _problem(asked.get(text), said))
        ]


class ReferralsIn(BulkIn):
    items: Annotated[list[SkipValidation[ReferralIn]], Field(min_length=1, max_length=MOST)]


class ReferralOut(Schema):
    """A friend who was recommended, and how far it got."""

    id: str = Field(examples=["ref_5d1c0c3f8ab94f0f9a3d0e6c1b7a2f48"])
    status: str = Field(examples=["submitted"])
    reason: str = Field(description="Why it has this status, where there is more to say.", examples=[""])
    status_at: datetime
    source: str = Field(description="form, link, staff, api or another way.", examples=["api"])
    advocate: str = Field(examples=["adv_3c7a0f5be2f84a19a04d1c3f7f0d2b66"])
    channel: str = Field(description="The short name of the channel whose link was used.", examples=[""])
    name: str
    email: str
    phone: str
    company: str
    relation: str
    fit: int | None = Field(None, description="0 to 100, from the qualifying questions.")
    submitted_at: datetime
    accepted_at: datetime | None = Field(None, description="When the friend said yes.")
    erased_at: datetime | None = Field(None, description="When the friend's data was deleted at their wish.")

    @classmethod
    def of(cls, row: Referral) -> "ReferralOut":
        return cls.model_construct(
            id=public_id("ref", row.pk), status=row.status, reason=row.status_reason, status_at=row.status_at,
            source=row.source, advocate=public_id("adv", row.enrolment.advocate_id),
            channel=row.channel.slug if row.channel else "", name=row.name, email=row.email, phone=row.phone,
            company=row.company, relation=row.relation, fit=row.fit, submitted_at=row.submitted_at,
            accepted_at=row.accepted_at, erased_at=row.erased_at,
        )  # fmt: skip


class Referrals(Page):
    data: list[ReferralOut]


class ReferralFilter(Paged):
    status: Referral.Status | None = None
    advocate: str = Field("", max_length=60, description="The id of an advocate.")
    email: str = Field("", max_length=254, description="Of the friend, in any spelling.")
    submitted_after: AwareDatetime | None = None
    changed_after: AwareDatetime | None = Field(None, description="Whose status is newer than this.")

    def apply(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted: dict[str, Any] = {
            "status": self.status,
            "email_key": email_key(self.email),
            "submitted_at__gt": self.submitted_after,
            "status_at__gt": self.changed_after,
        }
        rows = rows.filter(**{name: value for name, value in wanted.items() if value})
        return rows.filter(enrolment__advocate=pk_of("adv", self.advocate)) if self.advocate else rows


def referrals(request: HttpRequest) -> "QuerySet[Any]":
    """The referrals of this key's program, with all that is said of them."""
    return Referral.objects.filter(program=key_of(request).program_id).select_related("enrolment", "channel")


def referral_of(request: HttpRequest, referral_id: str) -> Referral:
    pk = pk_of("ref", referral_id)
    row: Referral | None = referrals(request).filter(pk=pk).first() if pk else None
    if row is None:
        raise not_found("referral")
    return row


@router.get("/referrals", response=Referrals, auth=READ)
def list_referrals(request: HttpRequest, asked: Query[ReferralFilter]) -> HttpResponse:
    """The referrals of the program, oldest first."""
    rows, following = page_of(asked.apply(referrals(request)), asked)
    return answer(Referrals.model_construct(data=[ReferralOut.of(row) for row in rows], next=following))


@router.post("/referrals", response={201: ReferralOut}, auth=WRITE)
@once
def add_referral(request: HttpRequest, body: ReferralIn) -> HttpResponse:
    """Add a friend in the name of an advocate: it is as if they had used the form. The friend gets the
    invitation, the advocate is thanked, and a call is due."""
    key = key_of(request)
    row = _submit(key, body, find(key, body.advocate), _questions(key, [body]))
    return answer(ReferralOut.of(row), 201)


@router.post("/referrals/bulk", response=BulkOut, auth=WRITE)
@once
def add_referrals(request: HttpRequest, body: ReferralsIn) -> HttpResponse:
    """Add up to 1,000 friends in one call; each as if it were sent alone."""
    key = key_of(request)
    items, wrong = read_items(body.items, ReferralIn)
    places = dict(zip(items, find_all(key, [item.advocate for item in items.values()]), strict=True))
    wrong |= {n: [{"pointer": "/advocate", "detail": NOBODY}] for n, place in places.items() if place is None}
    questions = _questions(key, items.values())
    wrong |= {
        n: errors
        for n, item in items.items()
        if n not in wrong and (errors := item.faults(key.program, questions))
    }
    named = {
        n: Named(place, items[n].friend(questions), items[n].agreement)
        for n, place in places.items()
        if place and n not in wrong
    }
    took = submit_many(key.program, list(named.values()), source=Referral.Source.API, now=key.asked_at)
    found = dict(zip(named, took, strict=True))
    done = {n: (201, public_id("ref", row.pk)) for n, row in found.items() if isinstance(row, Referral)}
    refused = {n: _why_not(no, items[n]) for n, no in found.items() if isinstance(no, Refused)}
    return bulk_answer(body, done, wrong, refused)


@router.get("/referrals/{referral_id}", response=ReferralOut, auth=READ)
def show_referral(request: HttpRequest, referral_id: str) -> HttpResponse:
    return answer(ReferralOut.of(referral_of(request, referral_id)))


def _questions(key: ApiKey, items: Iterable[ReferralIn]) -> list[Question]:
    """The program's qualifying questions, if any of these answers one."""
    asked = any(item.answers for item in items)
    return list(Question.objects.filter(profile__program=key.program_id)) if asked else []


def _problem(question: Question | None, said: str) -> str:
    """What is wrong with this answer; nothing, if it is one."""
    if question is None:
        return "The program does not ask this. Take the question from /programs as it stands there."
    known = [str(choice) for choice in question.known_answers]
    return "" if said in known or not known else f"Write one of its answers: {', '.join(known)}."


def _submit(key: ApiKey, body: ReferralIn, place: Enrolment, questions: Sequence[Question]) -> Referral:
    if wrong := body.faults(key.program, questions):
        raise invalid(wrong)
    try:
        with transaction.atomic():
            [row] = submit_referrals(
                place,
                [body.friend(questions)],
                agreement=body.agreement,
                source=Referral.Source.API,
                now=key.asked_at,
            )
    except Refused as no:
        errors = _why_not(no, body)
        raise Problem(409, f"Nothing was done. {errors[0]['detail']}", errors=errors) from no
    return row


def _why_not(no: Refused, item: ReferralIn) -> list[dict[str, str]]:
    """Why this friend was refused, for a system: where it stands, and what to change."""
    if isinstance(no, NamedEnough):
        return [{"pointer": "/advocate", "detail": NAMED_ENOUGH}]
    if not isinstance(no, NamedBefore):
        return as_a_whole(no)
    keys = {"/email": email_key(item.email), "/phone": phone_key(item.phone)}
    return [{"pointer": place, "detail": NAMED_BEFORE} for place, key in keys.items() if key in no.keys]
