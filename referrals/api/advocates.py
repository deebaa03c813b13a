from datetime import datetime
from typing import Annotated, Any, Self

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime, SkipValidation, model_validator

from referrals.api.answers import answer
from referrals.api.bulk import MOST, BulkIn, BulkOut, bulk_answer, read_items
from referrals.api.fields import (
    Company,
    Country,
    Email,
    ExternalId,
    Given,
    Language,
    LocalPhone,
    Name,
    Plain,
    TimeZone,
    read_phone,
    wrong,
)
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.api.paging import Page, Paged, page_of
from referrals.api.problems import Problem, as_a_whole, invalid, not_found
from referrals.contacts import email_key
from referrals.models import Advocate, Enrolment, Program
from referrals.public_ids import pk_of, public_id
from referrals.services.advocate import Person, change, take_in
from referrals.services.refusal import refuse

router = Router(tags=["advocates"])
NEVER_UNDONE = "True holds for every program; false changes nothing: only they themselves change their mind."
READ, WRITE = Key("advocates:read"), Key("advocates:write")


class AdvocateChange(Given):
    """What may be said about an advocate; what is left out stays as it is."""

    external_id: ExternalId = ""
    name: Name = ""
    email: Email = ""
    phone: LocalPhone = ""
    company: Company = ""
    kind: Advocate.Kind = Advocate.Kind.CUSTOMER
    language: Language = ""
    timezone: TimeZone = ""
    country: Country = ""
    attributes: Plain = Field({}, description="Further fields of your system, instead of those known before.")
    no_mail: bool = Field(False, description=f"Whether they want no mail. {NEVER_UNDONE}")
    no_texts: bool = Field(False, description=f"Whether they want no text messages. {NEVER_UNDONE}")

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude={"no_mail", "no_texts"})

    def person(self, program: Program) -> Person:
        """What is said, as the program takes it in. Raises Problem for a phone that cannot be read in its country."""
        given = self.given()
        read_phone(given, program.country)
        return Person(given, self.unwanted())

    def unwanted(self) -> frozenset[str]:
        """The ways by which they want nothing."""
        return frozenset(way for way, said in (("email", self.no_mail), ("sms", self.no_texts)) if said)


class AdvocateIn(AdvocateChange):
    """Somebody who may recommend the company, known by number or address."""

    @model_validator(mode="after")
    def _can_be_found_again(self) -> Self:
        if not (self.external_id or self.email):
            raise wrong("Send external_id, email or both: without one of them nobody could be found again.")
        return self


class AdvocatesIn(BulkIn):
    items: Annotated[list[SkipValidation[AdvocateIn]], Field(min_length=1, max_length=MOST)]


class AdvocateOut(Schema):
    """An advocate in the program of the key."""

    id: str = Field(examples=["adv_3c7a0f5be2f84a19a04d1c3f7f0d2b66"])
    external_id: str
    name: str
    email: str
    phone: str
    company: str
    kind: str = Field(examples=["customer"])
    language: str
    timezone: str
    country: str
    attributes: dict[str, Any]
    tags: list[str]
    code: str = Field(description="What friends say or type.", examples=["7KXM2PQR"])
    share_link: str = Field(examples=["https://refer.example.com/r/7KXM2PQR/"])
    joined_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, place: Enrolment) -> "AdvocateOut":
        person = place.advocate
        return cls.model_construct(
            id=public_id("adv", person.pk), external_id=person.external_id, name=person.name, email=person.email,
            phone=person.phone, company=person.company, kind=person.kind, language=person.language,
            timezone=person.timezone, country=person.country, attributes=person.attributes,
            tags=sorted(tag.name for tag in person.tags.all()), code=place.code,
            share_link=settings.BASE_URL + place.share_path, joined_at=place.joined_at, created_at=person.created_at,
        )  # fmt: skip


class Advocates(Page):
    data: list[AdvocateOut]


class AdvocateFilter(Paged):
    email: str = Field("", max_length=254, description="In any spelling of the same mailbox.")
    external_id: str = Field("", max_length=80)
    tag: str = Field("", max_length=60, description="Who bears this tag.")
    kind: Advocate.Kind | None = None
    joined_after: AwareDatetime | None = Field(None, description="Who came into the program since.")

    def apply(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted: dict[str, Any] = {
            "advocate__email_key": email_key(self.email),
            "advocate__external_id": self.external_id,
            "advocate__tags__name__iexact": self.tag,
            "advocate__kind": self.kind,
            "joined_at__gt": self.joined_after,
        }
        return rows.filter(**{name: value for name, value in wanted.items() if value})


def places(request: HttpRequest) -> "QuerySet[Any]":
    """The advocates of this key's program, with all that is said of them."""
    rows = Enrolment.objects.filter(program=key_of(request).program_id)
    return rows.select_related("advocate").prefetch_related("advocate__tags")


def place_of(request: HttpRequest, advocate_id: str) -> Enrolment:
    pk = pk_of("adv", advocate_id)
    place = places(request).filter(advocate=pk).first() if pk else None
    if place is None:
        raise not_found("advocate")
    place.program = key_of(request).program
    found: Enrolment = place
    return found


@router.get("/advocates", response=Advocates, auth=READ)
def list_advocates(request: HttpRequest, asked: Query[AdvocateFilter]) -> HttpResponse:
    """The advocates of the program, in the order in which they came."""
    rows, following = page_of(asked.apply(places(request)), asked)
    return answer(Advocates.model_construct(data=[AdvocateOut.of(row) for row in rows], next=following))


@router.post("/advocates", response={201: AdvocateOut, 200: AdvocateOut}, auth=WRITE)
@once
def add_advocate(request: HttpRequest, body: AdvocateIn) -> HttpResponse:
    """Add somebody to the program. Whoever is known already (200) gets what is said about them."""
    person = body.person(key_of(request).program)
    take_in(key_of(request).program, [person], now=key_of(request).asked_at)
    if person.refusal:
        raise Problem(409, person.refusal)
    assert person.enrolment is not None  # noqa: S101 - for the type checker
    place = places(request).get(pk=person.enrolment.pk)
    return answer(AdvocateOut.of(place), 201 if person.is_new else 200)


@router.post("/advocates/bulk", response=BulkOut, auth=WRITE)
@once
def add_advocates(request: HttpRequest, body: AdvocatesIn) -> HttpResponse:
    """Add up to 1,000 people in one call; each as if it were sent alone."""
    items, wrong = read_items(body.items, AdvocateIn)
    people: dict[int, Person] = {}
    for number, item in items.items():
        try:
            people[number] = item.person(key_of(request).program)
        except Problem as problem:
            wrong[number] = list(problem.errors)
    take_in(key_of(request).program, list(people.values()), now=key_of(request).asked_at)
    refused = {n: as_a_whole(p.refusal) for n, p in people.items() if p.refusal}
    done = {
        n: (201 if p.is_new else 200, public_id("adv", p.enrolment.advocate_id))
        for n, p in people.items()
        if p.enrolment and not p.refusal
    }
    return bulk_answer(body, done, wrong, refused)


@router.get("/advocates/{advocate_id}", response=AdvocateOut, auth=READ)
def show_advocate(request: HttpRequest, advocate_id: str) -> HttpResponse:
    return answer(AdvocateOut.of(place_of(request, advocate_id)))


@router.patch("/advocates/{advocate_id}", response=AdvocateOut, auth=WRITE)
@once
def change_advocate(request: HttpRequest, advocate_id: str, body: AdvocateChange) -> HttpResponse:
    """Change what is named; everything else stays as it is."""
    place = place_of(request, advocate_id)
    given = body.given()
    read_phone(given, given.get("country", place.advocate.country) or place.program.country)
    if not (given.get("email", place.advocate.email) or given.get("external_id", place.advocate.external_id)):
        raise invalid([{"pointer": "/email", "detail": "Leave an address or a number to be found by."}])
    change(place, given, now=key_of(request).asked_at)
    refuse([(place.advocate, body.unwanted())], now=key_of(request).asked_at)
    return answer(AdvocateOut.of(place))
