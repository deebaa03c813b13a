"""What we know of friends at the moment they are named: who named them before, who they are, whom they resemble."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from referrals.contacts import email_key, phone_key
from referrals.likeness import likeness
from referrals.models import Advocate, Enrolment, Referral
from referrals.prepared import prepared
from referrals.services.risk import clients_of_advocate
from referrals.transitions import Refused
from referrals.visitors import Client

REFERRALS_A_DAY = 30
# More than so many of one likeness are not compared: the key is of little use then.
MOST_ALIKE = 200
# Of their own accord: they were named by nobody, and do not use up what an advocate may name in a day.
_CAME_BY_LINK = models.Q(source__in=Referral.BY_THEMSELVES)


@dataclass
class Friend:
    """What somebody told us about a friend, or a friend about themselves; cleaned by the form."""

    name: str
    email: str = ""
    phone: str = ""
    company: str = ""
    relation: str = ""
    note: str = ""
    told_by: str = ""
    answers: list[dict[str, str]] = field(default_factory=list)
    fit: int | None = None

    @property
    def keys(self) -> set[str]:
        return {email_key(self.email), phone_key(self.phone)} - {""}


class NamedBefore(Refused):
    """The advocate named one of these friends before; ``keys`` are those of everyone they have named."""

    def __init__(self, text: str, keys: set[str]) -> None:
        super().__init__(text)
        self.keys = keys


class NamedEnough(Refused):
    """The advocate may name no more friends today."""


@dataclass
class Known:
    """``reasons`` says for each key of a friend who cannot count why; ``alike`` are names and addresses of
    people who may be one of the friends; ``clients`` is where the advocate sat lately."""

    reasons: dict[str, str] = field(default_factory=dict)
    alike: list[tuple[str, str]] = field(default_factory=list)
    before: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    named_in_hour: int = 0
    named_in_day: int = 0
    clients: tuple[Client, ...] = ()


def what_is_known(enrolment: Enrolment, friends: Sequence[Friend], source: str, now: datetime) -> Known:
    """What decides about these friends, in two queries; one more for a friend who came by a link.

    Raises Refused when this would be more friends than one advocate may name in a day.
    """
    keys = set().union(*(friend.keys for friend in friends))
    likenesses = {likeness(friend.name, friend.email) for friend in friends} - {""}
    known = _named_before(enrolment, keys, likenesses, now)
    refuse_twice(friends, known.own)
    came_by_link = source in Referral.BY_THEMSELVES
    if not came_by_link:
        refuse_too_many(known.named_in_day, len(friends))
    if came_by_link:
        known.clients = clients_of_advocate(enrolment.pk)
    else:
        known.named_in_hour += len(friends)
        known.named_in_day += len(friends)
    known.reasons = dict.fromkeys(known.before, Referral.Reason.ALREADY_REFERRED)
    _who_they_are(enrolment, keys, likenesses, known)
    return known


def _who_they_are(enrolment: Enrolment, keys: set[str], likenesses: set[str], known: Known) -> None:
    people = _people(enrolment.advocate.email_key, keys, likenesses)
    for *pair, kind, was_referrer, name, email in people:
        if not keys.intersection(pair):
            known.alike.append((name, email))
        elif kind in Advocate.CUSTOMERS:
            known.reasons |= dict.fromkeys(pair, Referral.Reason.EXISTING_CUSTOMER)
        elif was_referrer and enrolment.advocate.email_key:
            known.reasons |= dict.fromkeys(pair, Referral.Reason.CIRCLE)


@prepared
def _people(advocate: str, keys: set[str], likenesses: set[str]) -> models.QuerySet[Advocate, Any]:
    circle = Referral.objects.filter(enrolment__advocate=models.OuterRef("pk"), email_key=advocate)
    by_key = models.Q(email_key__in=keys) | models.Q(phone_key__in=keys)
    found = by_key | models.Q(likeness__in=likenesses)
    people = Advocate.objects.filter(found).annotate(was_referrer=models.Exists(circle))
    # Whoever is known for certain comes before those who only resemble them.
    certain_first = people.order_by(models.Case(models.When(by_key, then=0), default=1))
    columns = ("email_key", "phone_key", "kind", "was_referrer", "name", "email")
    return certain_first.values_list(*columns)[:MOST_ALIKE]


def refuse_too_many(before: int, more: int) -> None:
    """Raises NamedEnough when this would be more friends than one advocate may name in a day."""
    if before + more > REFERRALS_A_DAY:
        raise NamedEnough(
            ngettext(
                "You can recommend %(limit)d person a day. Nothing was sent; please come back tomorrow.",
                "You can recommend %(limit)d people a day. Nothing was sent; please come back tomorrow.",
                REFERRALS_A_DAY,
            )
            % {"limit": REFERRALS_A_DAY}
        )


def refuse_twice(friends: Sequence[Friend], named: set[str]) -> None:
    for friend in friends:
        if friend.keys & named:
            raise NamedBefore(
                _("%(name)s has been named already. Nothing was sent; take this name off and send the rest.")
                % {"name": friend.name},
                named,
            )
        named = named | friend.keys


def _named_before(enrolment: Enrolment, keys: set[str], likenesses: set[str], now: datetime) -> Known:
    """Which of the keys anyone named in this program, which this advocate, and how many they named lately."""
    known, day_ago = Known(), now - timedelta(days=1)
    rows = _friends(enrolment.pk, enrolment.program_id, keys, likenesses, day_ago)
    for place, counted, at, name, email, like, *pair in rows:
        same_person = keys.intersection(pair)
        known.before |= same_person
        known.own |= same_person if place == enrolment.pk else set()
        known.named_in_day += counted
        known.named_in_hour += counted and at > now - timedelta(hours=1)
        if not same_person and like in likenesses:
            known.alike.append((name, email))
    return known


@prepared
def _friends(
    enrolment: int, program: int, keys: set[str], likenesses: set[str], day_ago: datetime
) -> models.QuerySet[Referral, Any]:
    today = models.Q(enrolment=enrolment, submitted_at__gt=day_ago) & ~_CAME_BY_LINK
    same = models.Q(email_key__in=keys) | models.Q(phone_key__in=keys) | models.Q(likeness__in=likenesses)
    rows = Referral.objects.filter(today | models.Q(models.Q(program_id=program) & same))
    is_today = models.Case(models.When(today, then=True), default=False)
    return rows.values_list(
        "enrolment_id", is_today, "submitted_at", "name", "email", "likeness", "email_key", "phone_key"
    )
