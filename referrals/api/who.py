"""Which advocate a call is about, by whatever the other system knows of them."""

from collections.abc import Sequence
from typing import Any, Self

from django.db.models import Q
from ninja import Field
from pydantic import model_validator

from referrals.api.fields import Given, wrong
from referrals.api.problems import invalid
from referrals.contacts import email_key
from referrals.models import Advocate, ApiKey, Enrolment
from referrals.public_ids import pk_of

NOBODY = "No advocate of this program is known so. Add them first with POST /api/v1/advocates."


class Who(Given):
    """An advocate of the program, named in one way."""

    id: str = Field("", max_length=60, description="The id that the API gave.")
    code: str = Field("", max_length=20, description="The code that friends use.", examples=["7KXM2PQR"])
    email: str = Field("", max_length=254, description="In any spelling of the same mailbox.")
    external_id: str = Field("", max_length=80, description="The customer number in your system.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if len([name for name in self.model_fields_set if getattr(self, name)]) != 1:
            raise wrong("Name the advocate in one way: id, code, email or external_id.")
        if "\x00" in f"{self.id}{self.code}{self.email}{self.external_id}":
            raise wrong("Remove the invisible characters.")
        return self

    @property
    def way(self) -> tuple[str, str | int | None]:
        """What it is known by, and that."""
        if self.id:
            return "id", pk_of("adv", self.id)
        if self.code:
            return "code", self.code.upper()
        if self.email:
            return "mailbox", email_key(self.email)
        return "number", self.external_id


def find_all(key: ApiKey, people: Sequence[Who]) -> list[Enrolment | None]:
    """Each one's place in the program of this key, or None, in at most two queries."""
    ways = [who.way for who in people]
    wanted = {name: {value for way, value in ways if way == name and value} for name, _value in ways}
    ids = wanted.get("id", set()) | _ids_of(wanted.get("mailbox", set()), wanted.get("number", set()))
    rows = key.program.enrolments.filter(Q(advocate__in=ids) | Q(code__in=wanted.get("code", set())))
    found: dict[tuple[str, str | int | None], Enrolment] = {}
    for row in rows.select_related("advocate"):
        row.program, person = key.program, row.advocate
        found |= {
            ("id", person.pk): row,
            ("code", row.code): row,
            ("mailbox", person.email_key): row,
            ("number", person.external_id): row,
        }
    return [found.get(way) for way in ways]


def find(key: ApiKey, who: Who) -> Enrolment:
    """The advocate's place in the program. Raises Problem if there is none."""
    [place] = find_all(key, [who])
    if place is None:
        raise invalid([{"pointer": "/advocate", "detail": NOBODY}])
    return place


def _ids_of(mailboxes: set[Any], numbers: set[Any]) -> set[Any]:
    if not mailboxes | numbers:
        return set()
    # Saying once more that they are not empty lets the database use its partial indexes.
    of_mailbox = Q(email_key__in=mailboxes) & ~Q(email_key="")
    of_number = Q(external_id__in=numbers) & ~Q(external_id="")
    return set(Advocate.objects.filter(of_mailbox | of_number).values_list("pk", flat=True))
