"""Customers and partners who recommend Fernhollow Solar."""

from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from referrals.models import Advocate, Enrolment, Program
from referrals.services.enrolment import enrol

Kind = Advocate.Kind


class Person(NamedTuple):
    """An advocate: since how many days in the program, and how many people looked at the link."""

    name: str
    kind: str
    since: int
    visits: int
    company: str = ""


ADVOCATES = (
    Person("Priya Shah", Kind.CUSTOMER, 62, 31),
    Person("George Whitfield", Kind.CUSTOMER, 60, 12),
    Person("Hannah Lindqvist", Kind.CUSTOMER, 58, 18),
    Person("Marcus Bello", Kind.CUSTOMER, 55, 9),
    Person("Ruth Abernathy", Kind.CUSTOMER, 51, 4),
    Person("Callum Fraser", Kind.PARTNER, 49, 22, "Fraser Electrical"),
    Person("Yasmin Haddad", Kind.CUSTOMER, 44, 7),
    Person("Peter Novak", Kind.PAST_CUSTOMER, 40, 3),
    Person("Siobhan Keane", Kind.LEADER, 33, 14, "Warm Homes Weekly"),
    Person("Dev Patel", Kind.EMPLOYEE, 27, 5),
    Person("Alice Moreau", Kind.CUSTOMER, 19, 6),
    Person("Oliver Grant", Kind.CUSTOMER, 8, 2),
    Person("Nadia Rahman", Kind.LOST_LEAD, 5, 1),
    Person("Ben Achterberg", Kind.SUPPLIER, 3, 0, "Lowland Panels"),
)


def find_address(name: str) -> str:
    """Where somebody of the story gets mail; friends who are customers, at their customer's address."""
    domain = "customer.example" if any(person.name == name for person in ADVOCATES) else "mail.example"
    return f"{name.lower().replace(' ', '.')}@{domain}"


def find_phone(name: str) -> str:
    """Of the thousand British mobile numbers that are kept for stories, 07700 900000 to 900999, theirs."""
    return f"+447700900{crc32(name.encode()) % 999:03d}"


def enrol_people(program: Program, joined: dict[str, datetime]) -> dict[str, Enrolment]:
    """Everyone's place in the program, by name."""
    return {
        person.name: enrol(_advocate(number, person), program, now=joined[person.name])
        for number, person in enumerate(ADVOCATES, start=1)
    }


def _advocate(number: int, person: Person) -> Advocate:
    return Advocate.objects.create(
        name=person.name, kind=person.kind, company=person.company, language="en",
        email=find_address(person.name), phone=find_phone(person.name), external_id=f"FS-{1000 + number * 37}",
    )  # fmt: skip
