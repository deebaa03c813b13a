from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router

from referrals.api.advocates import WRITE, AdvocateOut, place_of
from referrals.api.answers import answer
from referrals.api.fields import Given, Tag
from referrals.api.key import key_of
from referrals.api.once import once
from referrals.models import Event
from referrals.services.happening import report

router = Router(tags=["advocates"])
Tags = Annotated[list[Tag], Field(max_length=20)]


class TagsIn(Given):
    """Tags by name, in any case; one that is not there yet is made."""

    put_on: Tags = []
    take_off: Tags = []


@router.post("/advocates/{advocate_id}/tags", response=AdvocateOut, auth=WRITE)
@once
def change_tags(request: HttpRequest, advocate_id: str, body: TagsIn) -> HttpResponse:
    """Put tags on an advocate and take others off; what is so already stays so, and is not told again."""
    key, place = key_of(request), place_of(request, advocate_id)
    borne = {tag.name.lower() for tag in place.advocate.tags.all()}
    steps = [(Event.Kind.TAG_APPLIED, name) for name in body.put_on if name.lower() not in borne]
    steps += [(Event.Kind.TAG_REMOVED, name) for name in body.take_off if name.lower() in borne]
    events = [
        Event(
            kind=kind,
            program=key.program,
            advocate=place.advocate,
            occurred_at=key.asked_at,
            data={"tag": name},
        )
        for kind, name in steps
    ]
    report(events, now=key.asked_at)
    return answer(AdvocateOut.of(place_of(request, advocate_id)))
