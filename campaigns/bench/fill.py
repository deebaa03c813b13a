"""Fills the scratch database: a program of ordinary shape, with people and queued messages to work on."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command

from campaigns.services.bank import load_bank
from referrals.contacts import email_key
from referrals.models import (
    Advocate,
    ApiKey,
    Channel,
    Enrolment,
    IdealCustomerProfile,
    Program,
    Question,
    Referral,
)
from referrals.public_ids import public_id
from referrals.services.referral import Friend, submit_referrals
from rewards.models import Incentive, RewardRule

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
PLENTY = 1_000_000
# Keys of two tables that are not drawn lie so far apart that none is taken for another.
APART = 10**8


def fill(advocates: int, referrals: int, messages: int) -> dict[str, Any]:
    """Make ``advocates`` enrolled people, five times ``referrals`` open ones and ``messages`` due invitations."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["ninja"])
    load_bank()
    program = _program()
    enrolments = enrol_many(program, advocates, "anna")
    # Half of them all of one advocate, half of them of everybody.
    name_friends(enrolments[:1], referrals, "one")
    name_friends(enrolments, referrals, "many")
    # The same again for the API, and for its yardstick.
    name_friends(enrolments[:1], referrals, "api-one")
    name_friends(enrolments, referrals, "api-many")
    name_friends(enrolments, referrals, "bare-many")
    _messages(enrolments[-messages // 5 :])
    key = _key(program)
    return {
        "program": program.slug,
        "one": enrolments[0].pk,
        "codes": [enrolment.code for enrolment in enrolments],
        "tokens": [enrolment.token for enrolment in enrolments],
        "question": Question.objects.get().pk,
        "key": key,
        "sales": {label: _ids(label) for label in ("api-one", "api-many", "bare-many")},
    }


def _program() -> Program:
    owner = User.objects.create(username="sales", email="sales@bench.example", is_staff=True)
    program = Program.objects.create(
        name="Friends of Bench", slug="bench", status=Program.Status.LIVE, company="Bench", headline="Recommend us",
        about="A company like any other.", sender_name="Bench", postal_address="1 Main Street, 00100 Rome",
        owner=owner, invitations_a_day=PLENTY,
    )  # fmt: skip
    profile = IdealCustomerProfile.objects.create(
        program=program, headline="Small companies", criteria="Up to fifty people\nMuch paperwork"
    )
    Question.objects.create(profile=profile, text="Do they have employees?")
    Channel.objects.create(program=program, slug="email", name="E-mail")
    for side in RewardRule.Side.values:
        gift = Incentive.objects.create(
            program=program, name=f"a gift card ({side})", kind="gift_card", value=4000
        )
        RewardRule.objects.create(program=program, side=side, incentive=gift)
    return program


def enrol_many(program: Program, count: int, label: str, first: int | None = None) -> list[Enrolment]:
    """So many new advocates in the program; their keys begin with ``first``, if they are not to be drawn."""
    people = [
        Advocate(
            pk=_nth(first, n), name="Anna Rossi", external_id=f"{label}{n}", language="en",
            email=f"{label}{n}@bench.example",
        )
        for n in range(count)
    ]  # fmt: skip
    for person in people:
        person.email_key = email_key(person.email)
    Advocate.objects.bulk_create(people, batch_size=200)
    places = [
        Enrolment(pk=_nth(first, n), advocate=person, program=program, joined_at=NOW)
        for n, person in enumerate(people, start=APART)
    ]
    return Enrolment.objects.bulk_create(places, batch_size=200)


def name_friends(
    enrolments: list[Enrolment], count: int, label: str, first: int | None = None
) -> list[Referral]:
    """So many open referrals, of these advocates in turn."""
    rows = []
    for n in range(count):
        enrolment = enrolments[n % len(enrolments)]
        row = Referral(
            pk=_nth(first, n), enrolment=enrolment, program_id=enrolment.program_id,
            source=Referral.Source.FORM, name="Ben Weber", email=f"{label}{n}@bench.example",
            submitted_at=datetime(2026, 1, 1, tzinfo=UTC), status_at=NOW,
        )  # fmt: skip
        row.set_keys()
        rows.append(row)
    return Referral.objects.bulk_create(rows, batch_size=200)


def _nth(first: int | None, n: int) -> int | None:
    return None if first is None else first + n


def _key(program: Program) -> str:
    key = ApiKey(
        program=program, name="Bench", scopes=ApiKey.Scope.values, calls_a_minute=PLENTY, created_at=NOW
    )
    key.draw_secret()
    key.save()
    return key.text


def _ids(label: str) -> list[str]:
    pks = Referral.objects.filter(email__startswith=label).order_by("pk").values_list("pk", flat=True)
    return [public_id("ref", pk) for pk in pks]


def _name(number: int) -> str:
    """Another name for each number, in letters of which hardly two are alike."""
    return "".join(chr(97 + n % 26) for n in (number * 7919 % 26, number // 26, number // 676, number * 31))


def _messages(enrolments: list[Enrolment]) -> None:
    """Real invitations of five friends each, who look like anybody's: those under review would not be sent."""
    for number, enrolment in enumerate(enrolments):
        names = [_name(number * 5 + n) for n in range(5)]
        friends = [Friend(f"{name} Weber", f"{name}@invited{number}.example") for name in names]
        submit_referrals(enrolment, friends, agreement="They agreed.", now=NOW)
