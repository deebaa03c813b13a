from datetime import datetime
from typing import Annotated, Any, Self

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime, SkipValidation, model_validator

from referrals.api.answers import answer
from referrals.api.bulk import MOST, BulkIn, BulkOut, bulk_answer, read_items
from referrals.api.fields import ExternalId, Given, Kind, Moment, Plain, check_told
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.api.paging import Page, Paged, page_of
from referrals.api.who import NOBODY, Who, find, find_all
from referrals.models import ApiKey, Enrolment, Event
from referrals.public_ids import pk_of, public_id
from referrals.services.happening import report

router = Router(tags=["events"])
READ, WRITE = Key("events:read"), Key("events:write")


class EventIn(Given):
    """Something that happened to an advocate in your system."""

    kind: Kind
    advocate: Who
    occurred_at: Moment | None = Field(None, description="Now, if it is left out.")
    external_id: ExternalId = Field(
        "", description="Your number of it: reported again, it is the same event."
    )
    data: Plain = Field({}, description="What the kind asks for, and whatever else you want to keep.")

    @model_validator(mode="after")
    def _tells_what_it_must(self) -> Self:
        check_told(self.kind, self.data)
        return self


class EventsIn(BulkIn):
    items: Annotated[list[SkipValidation[EventIn]], Field(min_length=1, max_length=MOST)]


class EventOut(Schema):
    id: str = Field(examples=["01956f3e-7c2a-7d51-8a41-2f7c51c4b0aa"])
    kind: str = Field(examples=["purchase"])
    advocate: str = Field(examples=["adv_3c7a0f5be2f84a19a04d1c3f7f0d2b66"])
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> "EventOut":
        return cls.model_construct(
            id=str(event.pk), kind=event.kind, advocate=public_id("adv", event.advocate_id or 0),
            occurred_at=event.occurred_at, recorded_at=event.recorded_at, data=event.data,
        )  # fmt: skip


class Events(Page):
    data: list[EventOut]


class EventFilter(Paged):
    kind: Kind | None = None
    advocate: str = Field("", max_length=60, description="The id of an advocate.")
    occurred_after: AwareDatetime | None = None

    def apply(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        # The kinds are named in any case: they are the condition of the index that serves this.
        rows = rows.filter(kind__in=Event.OUTSIDE, advocate__isnull=False)
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.occurred_after:
            rows = rows.filter(occurred_at__gt=self.occurred_after)
        return rows.filter(advocate=pk_of("adv", self.advocate)) if self.advocate else rows


@router.get("/events", response=Events, auth=READ)
def list_events(request: HttpRequest, asked: Query[EventFilter]) -> HttpResponse:
    """What happened to advocates outside, in the order in which it was reported."""
    rows, following = page_of(asked.apply(Event.objects.filter(program=key_of(request).program_id)), asked)
    return answer(Events.model_construct(data=[EventOut.of(row) for row in rows], next=following))


@router.post("/events", response={201: EventOut, 200: EventOut}, auth=WRITE)
@once
def add_event(request: HttpRequest, body: EventIn) -> HttpResponse:
    """Report what happened. What was reported before under the same number (200) comes back as it was."""
    key = key_of(request)
    event = _event(key, body, find(key, body.advocate))
    [stored] = report([event], now=key.asked_at)
    return answer(EventOut.of(stored), 201 if stored.pk == event.pk else 200)


@router.post("/events/bulk", response=BulkOut, auth=WRITE)
@once
def add_events(request: HttpRequest, body: EventsIn) -> HttpResponse:
    """Report up to 1,000 happenings in one call; each as if it were sent alone."""
    key = key_of(request)
    items, wrong = read_items(body.items, EventIn)
    places = dict(zip(items, find_all(key, [item.advocate for item in items.values()]), strict=True))
    wrong |= {n: [{"pointer": "/advocate", "detail": NOBODY}] for n, place in places.items() if place is None}
    events = {n: _event(key, items[n], place) for n, place in places.items() if place}
    stored = dict(zip(events, report(list(events.values()), now=key.asked_at), strict=True))
    done = {n: (201 if row.pk == events[n].pk else 200, str(row.pk)) for n, row in stored.items()}
    return bulk_answer(body, done, wrong)


def _event(key: ApiKey, body: EventIn, place: Enrolment) -> Event:
    data = dict(body.data)
    if "amount" in data:
        data.setdefault("currency", key.program.currency)
    return Event(
        kind=body.kind, program=key.program, advocate=place.advocate, data=data,
        occurred_at=body.occurred_at or key.asked_at,
        dedup_key=f"api:{key.program_id}:{body.kind}:{body.external_id}" if body.external_id else "",
    )  # fmt: skip
