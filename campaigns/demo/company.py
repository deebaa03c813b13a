"""Fernhollow Solar: its program, whom it looks for, and who works there."""

from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

from campaigns.demo.rewards import set_up_rewards
from campaigns.demo.tongues import translate_company
from campaigns.demo.words import find_words
from campaigns.models import DigestSubscription
from referrals.models import (
    Absence,
    ApiKey,
    Channel,
    IdealCustomerProfile,
    Membership,
    Program,
    Question,
)
from referrals.services.lead import Reported, take_leads
from referrals.services.membership import regroup

PROGRAM: dict[str, Any] = {
    "name": "Sunny Neighbours",
    "slug": "sunny-neighbours",
    "company": "Fernhollow Solar",
    "headline": "Know someone whose roof could pay their bills?",
    "about": (
        "Fernhollow Solar fits solar panels and batteries on family homes. One visit, one fixed price, "
        "and panels on the roof within six weeks – by our own fitters, with a ten-year guarantee on the work."
    ),
    "language": "en",
    "currency": "GBP",
    "country": "GB",
    "timezone": "Europe/London",
    "brand_color": "#0f6b5c",
    "sender_name": "Fernhollow Solar",
    "reply_to": "hello@fernhollow.example",
    "postal_address": "Fernhollow Solar, 4 Mill Lane, Fernhollow FH1 2AB, United Kingdom",
    "privacy_url": "https://fernhollow.example/privacy",
    "opens_at": time(8),
    "closes_at": time(20),
    "working_days": "1234567",
    "contact_within_hours": 4,
    "holiday_country": "GB",
    "holiday_region": "ENG",
    "others_hours": 11,
    "others_share": 38,
}
PROFILE = {
    "headline": "Homeowners who wince at the electricity bill",
    "description": (
        "We can help most when the house is theirs, the roof gets some sun, "
        "and the bill has become a topic at dinner."
    ),
    "criteria": "They own the house they live in\nThey pay more than £60 a month for electricity\n"
    "The roof is not in the shade all day\nThey plan to stay for some years",
}
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"text": "Do they own their home?", "kind": "yes_no", "points": 3, "required": True},
    {
        "text": "What do they pay for electricity?",
        "kind": "choice",
        "choices": "Under £60 a month = 0\n£60 to £120 a month = 2\nMore than £120 a month = 3\nI do not know = 1",
    },
    {
        "text": "When would they like to start?",
        "kind": "choice",
        "choices": "As soon as possible = 3\nThis year = 2\nJust curious = 0",
    },
    {"text": "What should we know before we call?", "kind": "text"},
)
CHANNELS = (
    ("email", "E-mail"),
    ("whatsapp", "WhatsApp"),
    ("sms", "Text message"),
    ("linkedin", "LinkedIn"),
    ("qr", "QR code"),
    ("person", "In person"),
)


class Staff(NamedTuple):
    """Somebody who works at the company, and how often they want the digest."""

    name: str
    role: str
    digest: str


STAFF = (
    Staff("Maya Okafor", Membership.Role.MANAGER, DigestSubscription.Every.DAY),
    Staff("Tom Brennan", Membership.Role.SALES, DigestSubscription.Every.DAY),
    Staff("Ines Duarte", Membership.Role.ANALYST, DigestSubscription.Every.WEEK),
)


def found_company(*, password: str, now: datetime) -> Program:
    """The program, live, with its staff; Maya may do everything, Tom gets the calls."""
    program = Program.objects.create(**PROGRAM, status=Program.Status.LIVE)
    profile = IdealCustomerProfile.objects.create(program=program, **PROFILE)
    for position, question in enumerate(QUESTIONS, start=1):
        Question.objects.create(profile=profile, position=position, **question)
    for position, (slug, name) in enumerate(CHANNELS, start=1):
        Channel.objects.create(program=program, slug=slug, name=name, position=position)
    find_words(program)
    set_up_rewards(program, now=now)
    translate_company(program)
    people = {person.role: _employ(person, program, password) for person in STAFF}
    regroup(people.values())
    program.owner = people[Membership.Role.SALES]
    program.lead = people[Membership.Role.MANAGER]
    program.save(update_fields=["owner", "lead"])
    away = program.local(now).date() + timedelta(days=12)
    Absence.objects.create(
        user=program.owner, first_day=away, last_day=away + timedelta(days=4), stand_in=program.lead
    )
    _give_key(program, people[Membership.Role.MANAGER], now)
    _report_leads(program, people[Membership.Role.SALES], now)
    return program


def _report_leads(program: Program, caller: User, now: datetime) -> None:
    """Those who came by the web form and the spring fair, as the customer system tells of them."""
    leads = []
    for n in range(24):
        came = now - timedelta(days=2 + 3 * n, hours=n % 7)
        waited = timedelta(hours=(3, 9, 26, 14, 5, 31)[n % 6])
        source, owner = ("Web form", caller.email) if n % 3 else ("Spring fair", "")
        leads.append(Reported(f"lead-{n + 1}", came, came + waited if n % 8 else None, source, owner))
    take_leads(program, leads, now=now)


def _give_key(program: Program, maker: User, now: datetime) -> None:
    """The shop's key. Nobody has its text: make another one to try the API."""
    key = ApiKey(
        program=program, name="Fernhollow web shop", created_by=maker, created_at=now - timedelta(days=60),
        scopes=[ApiKey.Scope.CONVERSIONS_WRITE, ApiKey.Scope.EVENTS_WRITE], last_used_at=now - timedelta(hours=2),
    )  # fmt: skip
    key.draw_secret()
    key.save()


def _employ(person: Staff, program: Program, password: str) -> User:
    first, last = person.name.split(" ")
    email = f"{first.lower()}@fernhollow.example"
    is_manager = person.role == Membership.Role.MANAGER
    user = User.objects.create_user(
        first.lower(),
        email,
        password,
        first_name=first,
        last_name=last,
        is_staff=True,
        is_superuser=is_manager,
    )
    # Verified, or the second factor could not be set up.
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    Membership.objects.create(user=user, program=program, role=person.role)
    DigestSubscription.objects.create(user=user, every=person.digest, hour=8, timezone=program.timezone)
    return user
