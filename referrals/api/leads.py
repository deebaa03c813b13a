from datetime import datetime
from typing import Annotated, Self

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from pydantic import SkipValidation, model_validator

from referrals.api.answers import answer
from referrals.api.bulk import MOST, BulkIn, BulkOut, bulk_answer, read_items
from referrals.api.fields import Email, ExternalId, Given, Moment, Name, wrong
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.models import Lead
from referrals.services.lead import Reported, take_leads

router = Router(tags=["leads"])
WRITE = Key("leads:write")


class LeadIn(Given):
    """Somebody who came otherwise than by a recommendation. No name: it is counted beside recommended friends."""

    external_id: Annotated[ExternalId, Field(min_length=1, description="Your number of the lead.")]
    received_at: Moment | None = Field(None, description="When it came in; now, if this is left out.")
    contacted_at: Moment | None = Field(
        None,
        description="When somebody first talked with them; may be reported later, under the same number.",
    )
    source: Name = Field("", description="Where it came from.", examples=["Web form"])
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
    external_id: str = Field(examples=["42"])
    source: str = Field(examples=["Web form"])
    received_at: datetime
    contacted_at: datetime | None
    waited_minutes: int | None = Field(description="Of office time, until the first talk.", examples=[95])

    @classmethod
    def of(cls, lead: Lead) -> "LeadOut":
        return cls.model_construct(
            external_id=lead.external_id, source=lead.source, received_at=lead.submitted_at,
            contacted_at=lead.contacted_at, waited_minutes=lead.contact_minutes,
        )  # fmt: skip


@router.post("/leads", response={201: LeadOut, 200: LeadOut}, auth=WRITE)
@once
def add_lead(request: HttpRequest, body: LeadIn) -> HttpResponse:
    """Report a lead, or its first talk. The same number again (200) is the same lead; the first moments count."""
    key = key_of(request)
    [(lead, is_new)] = take_leads(key.program, [_reported(body)], now=key.asked_at)
    return answer(LeadOut.of(lead), 201 if is_new else 200)


@router.post("/leads/bulk", response=BulkOut, auth=WRITE)
@once
def add_leads(request: HttpRequest, body: LeadsIn) -> HttpResponse:
    """Report up to 1,000 leads in one call; each as if it were sent alone."""
    key = key_of(request)
    items, errors = read_items(body.items, LeadIn)
    taken = take_leads(key.program, [_reported(item) for item in items.values()], now=key.asked_at)
    done = {n: (201 if is_new else 200, None) for n, (_lead, is_new) in zip(items, taken, strict=True)}
    return bulk_answer(body, done, errors)


def _reported(body: LeadIn) -> Reported:
    return Reported(body.external_id, body.received_at, body.contacted_at, body.source, body.owner)
