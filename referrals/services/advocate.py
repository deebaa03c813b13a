"""People whom another system reports: found again by number or address, taken in if they are new."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from referrals.contacts import email_key, phone_key
from referrals.models import Advocate, Enrolment, Event, Program
from referrals.services.refusal import refuse

BATCH = 200


@dataclass
class Person:
    """What another system says about somebody; ``given`` holds the columns it speaks about, ``unwanted`` the ways
    by which they want nothing.

    ``enrolment`` is their place in the program afterwards; ``refusal`` says why there is none.
    """

    given: dict[str, Any]
    unwanted: frozenset[str] = frozenset()
    enrolment: Enrolment | None = None
    refusal: str = ""
    is_new: bool = False
    changed: list[str] = field(default_factory=list)

    @property
    def number(self) -> str:
        return str(self.given.get("external_id", ""))

    @property
    def mailbox(self) -> str:
        return email_key(self.given.get("email", ""))


def take_in(program: Program, people: Sequence[Person], *, now: datetime) -> None:
    """Let these people be advocates of the program, as another system knows them. Repeatable.

    Whoever is known already – by number, else by address – gets what is said about them, and their place
    in the program; whoever belongs to other programs only gets the place. In a number of queries that does
    not grow with the number of people.
    """
    with transaction.atomic():
        _refuse_twins(people)
        known = _Known(program, people)
        for person in people:
            known.match(person)
        _create(program, [p for p in people if not p.refusal and p.is_new], known)
        _change(program, [p for p in people if p.changed], now)
        _enrol(program, [p for p in people if not p.refusal], known, now)
        refuse([(_place(p).advocate, p.unwanted) for p in people if p.unwanted and not p.refusal], now=now)


def change(enrolment: Enrolment, given: dict[str, Any], *, now: datetime) -> list[str]:
    """Change what is said about an advocate; returns the columns that are other than before."""
    person = Person(given, enrolment=enrolment)
    advocate = enrolment.advocate
    person.changed = [name for name, value in given.items() if getattr(advocate, name) != value]
    for name in person.changed:
        setattr(advocate, name, given[name])
    with transaction.atomic():
        _change(enrolment.program, [person] if person.changed else [], now)
    return person.changed


class _Known:
    """The people who are here already, by number and by address."""

    def __init__(self, program: Program, people: Sequence[Person]) -> None:
        self.by_number: dict[str, Advocate] = {}
        self.by_mailbox: dict[str, Advocate] = {}
        self.places: dict[int, Enrolment] = {}
        self.program = program
        numbers, mailboxes = {p.number for p in people} - {""}, {p.mailbox for p in people} - {""}
        # Saying once more that they are not empty lets the database use its partial indexes.
        of_number = Q(external_id__in=numbers) & ~Q(external_id="")
        of_mailbox = Q(email_key__in=mailboxes) & ~Q(email_key="")
        rows = Advocate.objects.filter(of_number | of_mailbox).order_by("pk")
        for advocate in rows.select_for_update(of=("self",), no_key=True):
            self.add(advocate)
        self.look_up_places()

    def add(self, advocate: Advocate) -> None:
        self.by_number[advocate.external_id] = self.by_mailbox[advocate.email_key] = advocate

    def look_up_places(self) -> None:
        everyone = {advocate.pk for advocate in (*self.by_number.values(), *self.by_mailbox.values())}
        rows = Enrolment.objects.filter(advocate__in=everyone)
        self.elsewhere: set[int] = set()
        for row in rows:
            if row.program_id == self.program.pk:
                self.places[row.advocate_id] = row
            else:
                self.elsewhere.add(row.advocate_id)

    def match(self, person: Person) -> None:
        """Find out who this is, and what is said about them that we did not know."""
        numbered = self.by_number.get(person.number) if person.number else None
        addressed = self.by_mailbox.get(person.mailbox) if person.mailbox else None
        advocate = numbered or addressed
        person.is_new = advocate is None
        if advocate is None:
            return
        if numbered and addressed and numbered.pk != addressed.pk:
            person.refusal = _(
                "Number and address belong to two people here. Send one of them, or correct it."
            )
        elif person.number and advocate.external_id not in ("", person.number):
            person.refusal = _("Somebody with this address has another customer number. Correct one of them.")
        else:
            self._compare(person, advocate)

    def _compare(self, person: Person, advocate: Advocate) -> None:
        person.enrolment = self.places.get(advocate.pk) or Enrolment(advocate=advocate, program=self.program)
        person.enrolment.advocate, person.enrolment.program = advocate, self.program
        # What other programs know about their people is not for this one to change.
        if advocate.pk in self.places or advocate.pk not in self.elsewhere:
            person.changed = [n for n, value in person.given.items() if getattr(advocate, n) != value]
            for name in person.changed:
                setattr(advocate, name, person.given[name])


def _refuse_twins(people: Sequence[Person]) -> None:
    seen: set[tuple[str, str]] = set()
    for person in people:
        names = {("number", person.number), ("mailbox", person.mailbox)} - {("number", ""), ("mailbox", "")}
        if seen & names:
            person.refusal = _("This person stands in this call before. Send each person once.")
        seen |= names


def _create(program: Program, people: Sequence[Person], known: _Known) -> None:
    if not people:
        return
    rows = [Advocate(**person.given) for person in people]
    _set_keys(rows)
    Advocate.objects.bulk_create(rows, batch_size=BATCH)
    for person, row in zip(people, rows, strict=True):
        known.add(row)
        person.enrolment = Enrolment(advocate=row, program=program)


def _change(program: Program, people: Sequence[Person], now: datetime) -> None:
    if not people:
        return
    rows = [_place(person).advocate for person in people]
    _set_keys(rows)
    columns = sorted({name for person in people for name in person.changed})
    Advocate.objects.bulk_update(rows, [*columns, "email_key", "phone_key"], batch_size=BATCH)
    Event.objects.record(
        [
            Event(
                kind=Event.Kind.FIELD_CHANGED, program=program, advocate=_place(person).advocate,
                occurred_at=now, data={"field": name},
            )
            for person in people
            for name in person.changed
        ],
        now=now,
    )  # fmt: skip


def _enrol(program: Program, people: Sequence[Person], known: _Known, now: datetime) -> None:
    missing = [place for person in people if (place := _place(person)).pk is None]
    for place in missing:
        place.joined_at, place.advocate_id = now, place.advocate.pk
    if not missing:
        return
    Enrolment.objects.bulk_create(missing, batch_size=BATCH)
    Event.objects.record(
        [
            Event(
                kind=Event.Kind.ENROLLED, program=program, advocate=place.advocate, occurred_at=now,
                dedup_key=f"enrolment:{place.pk}",
            )
            for place in missing
        ],
        now=now,
    )  # fmt: skip


def _place(person: Person) -> Enrolment:
    assert person.enrolment is not None  # noqa: S101 - for the type checker
    return person.enrolment


def _set_keys(rows: Iterable[Advocate]) -> None:
    for row in rows:
        row.email_key, row.phone_key = email_key(row.email), phone_key(row.phone)
