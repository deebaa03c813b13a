from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime, SkipValidation, model_validator

from referrals.api.answers import answer
from referrals.api.bulk import MOST, BulkIn, BulkOut, bulk_answer, read_items
from referrals.api.fields import Email, ExternalId, Given, Moment, cleaned, wrong
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.api.paging import Page, Paged, page_of
from referrals.api.problems import not_found
from referrals.contacts import clean_text
from referrals.models import Lead
from referrals.public_ids import pk_of, public_id
from referrals.services.lead import Reported, take_leads

router = Router(tags=["leads"])
READ, WRITE = Key("leads:read"), Key("leads:write")
Source = Annotated[str, Field(max_length=60), cleaned(partial(clean_text, length=60))]


class LeadIn(Given):
    """Somebody who came otherwise than by a recommendation. No name: it is counted beside recommended friends."""

    external_id: Annotated[ExternalId, Field(min_length=1, description="Your number of the lead.")]
    received_at: Moment | None = Field(None, description="When it came in; now, if this is left out.")
    contacted_at: Moment | None = Field(
        None,
        description="When somebody first talked with them; may be reported later, under the same number.",
    )
    source: Source = Field("", description="Where it came from.", examples=["Web form"])
    owner: Email = Field("", description="Address of the colleague who calls, if they work in this program.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        both = self.received_at and self.contacted_at
        if both and self.contacted_at < self.received_at:  # type: ignore[operator]
            raise wrong("The first talk comes after the lead. Check the two moments.")
        return self


class LeadsIn(BulkIn):
    items: Annotated[list[SkipValidation[LeadIn]], Field(min_length=1, max_length=MOST)]


class LeadOut(Schema):
    """A lead as it is counted beside recommended friends."""

    id: str = Field(examples=["lea_2b0d4c7f0e9a4c1d8a52f8c6f1d9be07"])
    external_id: str = Field(examples=["42"])
    source: str = Field(examples=["Web form"])
    owner: str = Field(
        description="Address of the colleague who calls; empty: nobody of this program.", examples=[""]
    )
    received_at: datetime
    contacted_at: datetime | None = Field(description="When somebody first talked with them.")
    waited_minutes: int | None = Field(description="Of office time, until the first talk.", examples=[95])

    @classmethod
    def of(cls, lead: Lead) -> "LeadOut":
        return cls.model_construct(
            id=public_id("lea", lead.pk), external_id=lead.external_id, source=lead.source,
            owner=lead.owner.email if lead.owner else "", received_at=lead.submitted_at,
            contacted_at=lead.contacted_at, waited_minutes=lead.contact_minutes,
        )  # fmt: skip


class Leads(Page):
    data: list[LeadOut]


class LeadFilter(Paged):
    external_id: str = Field("", max_length=80)
    source: str = Field("", max_length=60, description="In any case.")
    owner: str = Field("", max_length=254, description="Address of the colleague who calls.")
    contacted: bool | None = Field(
        None, description="True: only those talked with; false: only those who wait."
    )
    received_after: AwareDatetime | None = None
    contacted_after: AwareDatetime | None = None

    def apply(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted: dict[str, Any] = {
            "external_id": self.external_id,
            "source__iexact": self.source,
            "owner__email__iexact": self.owner,
            "submitted_at__gt": self.received_after,
            "contacted_at__gt": self.contacted_after,
        }
        rows = rows.filter(**{name: value for name, value in wanted.items() if value})
        return rows if self.contacted is None else rows.filter(contacted_at__isnull=not self.contacted)


def leads(request: HttpRequest) -> "QuerySet[Any]":
    """The leads of this key's program, with all that is said of them."""
    return Lead.objects.filter(program=key_of(request).program_id).select_related("owner")


@router.get("/leads", response=Leads, auth=READ)
def list_leads(request: HttpRequest, asked: Query[LeadFilter]) -> HttpResponse:
    """The leads of the program, in the order in which they were reported."""
    rows, following = page_of(asked.apply(leads(request)), asked)
    return answer(Leads.model_construct(data=[LeadOut.of(row) for row in rows], next=following))


@router.post("/leads", response={201: LeadOut, 200: LeadOut}, auth=WRITE)
@once
def add_lead(request: HttpRequest, body: LeadIn) -> HttpResponse:
    """Report a lead, or its first talk. The same number again (200) is the same lead; the first moments count."""
    key = key_of(request)
    [taken] = take_leads(key.program, [_reported(body)], now=key.asked_at)
    return answer(LeadOut.of(taken.lead), 201 if taken.is_new else 200)


@router.post("/leads/bulk", response=BulkOut, auth=WRITE)
@once
def add_leads(request: HttpRequest, body: LeadsIn) -> HttpResponse:
    """Report up to 1,000 leads in one call; each as if it were sent alone."""
    key = key_of(request)
    items, errors = read_items(body.items, LeadIn)
    taken = take_leads(key.program, [_reported(item) for item in items.values()], now=key.asked_at)
    done = {
        n: (201 if one.is_new else 200, public_id("lea", one.lead.pk))
        for n, one in zip(items, taken, strict=True)
    }
    return bulk_answer(body, done, errors)


@router.get("/leads/{lead_id}", response=LeadOut, auth=READ)
def show_lead(request: HttpRequest, lead_id: str) -> HttpResponse:
    row = leads(request).filter(pk=pk_of("lea", lead_id)).first()
    if row is None:
        raise not_found("lead")
    return answer(LeadOut.of(row))


def _reported(body: LeadIn) -> Reported:
    return Reported(body.external_id, body.received_at, body.contacted_at, body.source, body.owner)
