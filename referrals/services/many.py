"""Friends whom many advocates named, taken in as one after the other, in a number of queries that does not grow."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from referrals.hours import due_within_office_hours
from referrals.likeness import likeness
from referrals.locks import hold
from referrals.models import Advocate, Consent, Enrolment, Event, FollowUp, Program, Referral, RiskAssessment
from referrals.services.assignment import events_of_assignment, share_out
from referrals.services.known import MOST_ALIKE, Friend, Known, refuse_too_many, refuse_twice
from referrals.services.referral import events_of_submission, evidence_of, new_referral, put_under_review
from referrals.services.risk import signs_of, weigh
from referrals.transitions import Refused
from referrals.visitors import Client

A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)


class Named(NamedTuple):
    """A friend, the advocate of the program who named them, and the words by which that was agreed."""

    enrolment: Enrolment
    friend: Friend
    agreement: str


def submit_many(
    program: Program, named: Sequence[Named], *, source: str, now: datetime
) -> list[Referral | Refused]:
    """Take in these friends, each as if named alone, in their order; returns what came of each.

    One that is refused leaves the others alone: with all or nothing in mind, undo the transaction.
    """
    if not named:
        return []
    with transaction.atomic():
        _queue_up(program, named)
        world = World(program, named, now)
        answers = [world.take(one, source) for one in named]
        referrals = [answer for answer in answers if isinstance(answer, Referral)]
        _store(program, referrals, world, now)
    return answers


def _queue_up(program: Program, named: Sequence[Named]) -> None:
    keys = set().union(*(one.friend.keys for one in named))
    places = {one.enrolment.pk for one in named}
    friends = (f"friend:{program.pk}:{key}" for key in keys)
    hold([*(f"advocate:{pk}" for pk in places), *friends], within=program.pk)


def _store(program: Program, referrals: list[Referral], world: "World", now: datetime) -> None:
    if not referrals:
        return
    share_out(program, referrals, now=now)
    risks = weigh(program, [(r, world.signs[id(r)]) for r in referrals], now=now)
    put_under_review(risks, program)
    Referral.objects.bulk_create(referrals, batch_size=200)
    RiskAssessment.objects.bulk_create(risks, batch_size=200)
    who = Consent.Who.ADVOCATE
    Consent.objects.bulk_create(
        [Consent(referral=r, who=who, words=world.words[id(r)], given_at=now) for r in referrals],
        batch_size=200,
    )
    due = due_within_office_hours(program, now, program.contact_within_hours)
    calls = [FollowUp(referral=r, owner_id=r.owner_id, due_at=due) for r in referrals if r.is_open]
    FollowUp.objects.bulk_create(calls, batch_size=200)
    events = events_of_submission(referrals, None, now)
    Event.objects.record([*events, *events_of_assignment(referrals, referrals[0].enrolment, now)], now=now)


class Seen(NamedTuple):
    """A friend whom somebody of the program named before."""

    enrolment: int
    at: datetime
    name: str
    email: str
    likeness: str
    keys: frozenset[str]
    by_themselves: bool


class World:
    """What decides about all these friends, asked for once; what this very call brings is added to it."""

    def __init__(self, program: Program, named: Sequence[Named], now: datetime) -> None:
        self.program, self.now = program, now
        self.signs: dict[int, list[dict[str, object]]] = {}
        self.words: dict[int, str] = {}
        self.keys = set().union(*(one.friend.keys for one in named))
        self.likenesses = {likeness(one.friend.name, one.friend.email) for one in named} - {""}
        self.by_key: dict[str, list[Seen]] = defaultdict(list)
        self.by_likeness: dict[str, list[Seen]] = defaultdict(list)
        self.by_place: dict[int, list[Seen]] = defaultdict(list)
        for seen in self._seen({one.enrolment.pk for one in named}):
            self._add(seen)
        self._look_up_people({one.enrolment.advocate.email_key for one in named} - {""})

    def take(self, one: Named, source: str) -> Referral | Refused:
        try:
            known = self._known(one)
        except Refused as refused:
            return refused
        referral = new_referral(
            one.enrolment, one.friend, known.reasons, source=source, channel=None, click=None, now=self.now
        )
        self.signs[id(referral)] = signs_of(evidence_of(referral, known, (), Client()))
        self.words[id(referral)] = one.agreement
        keys = frozenset(one.friend.keys)
        like = likeness(referral.name, referral.email)
        self._add(Seen(one.enrolment.pk, self.now, referral.name, referral.email, like, keys, False))
        return referral

    def _known(self, one: Named) -> Known:
        """As ``what_is_known`` finds it for one friend alone."""
        friend, place, known = one.friend, one.enrolment.pk, Known()
        same = [seen for key in friend.keys for seen in self.by_key[key]]
        known.before = {key for seen in same for key in seen.keys & friend.keys}
        known.own = {key for seen in same if seen.enrolment == place for key in seen.keys & friend.keys}
        today = [s for s in self.by_place[place] if not s.by_themselves and s.at > self.now - A_DAY]
        refuse_twice([friend], known.own)
        refuse_too_many(len(today), 1)
        known.named_in_day = len(today) + 1
        known.named_in_hour = sum(seen.at > self.now - AN_HOUR for seen in today) + 1
        like = likeness(friend.name, friend.email)
        alike = self.by_likeness[like] if like else []
        known.alike = [(seen.name, seen.email) for seen in alike if not seen.keys & friend.keys]
        known.reasons = dict.fromkeys(known.before, str(Referral.Reason.ALREADY_REFERRED))
        self._who_they_are(one, like, known)
        return known

    def _who_they_are(self, one: Named, like: str, known: Known) -> None:
        mine = one.enrolment.advocate.email_key
        people = {pk for key in one.friend.keys for pk in self.people_by_key[key]}
        for pk in people:
            person = self.people[pk]
            pair = (person.email_key, person.phone_key)
            if person.kind in Advocate.CUSTOMERS:
                known.reasons |= dict.fromkeys(pair, str(Referral.Reason.EXISTING_CUSTOMER))
            elif mine and (pk, mine) in self.circle:
                known.reasons |= dict.fromkeys(pair, str(Referral.Reason.CIRCLE))
        others = (self.people[pk] for pk in self.people_alike[like] if pk not in people) if like else ()
        known.alike += [(person.name, person.email) for person in others][:MOST_ALIKE]

    def _seen(self, places: set[int]) -> list[Seen]:
        by_person = Q(email_key__in=self.keys) | Q(phone_key__in=self.keys) | Q(likeness__in=self.likenesses)
        lately = Q(enrolment__in=places, submitted_at__gt=self.now - A_DAY)
        rows = Referral.objects.filter(lately | Q(by_person, program=self.program)).only(
            "enrolment_id", "submitted_at", "name", "email", "likeness", "email_key", "phone_key", "source"
        )
        return [
            Seen(r.enrolment_id, r.submitted_at, r.name, r.email, r.likeness,
                 frozenset({r.email_key, r.phone_key} - {""}), r.source in Referral.BY_THEMSELVES)
            for r in rows
        ]  # fmt: skip

    def _add(self, seen: Seen) -> None:
        self.by_place[seen.enrolment].append(seen)
        for key in seen.keys:
            self.by_key[key].append(seen)
        if seen.likeness:
            self.by_likeness[seen.likeness].append(seen)

    def _look_up_people(self, advocates: set[str]) -> None:
        by_key = Q(email_key__in=self.keys) | Q(phone_key__in=self.keys)
        rows = Advocate.objects.filter(by_key | Q(likeness__in=self.likenesses)).only(
            "name", "email", "email_key", "phone_key", "kind", "likeness"
        )
        self.people = {person.pk: person for person in rows}
        self.people_by_key: dict[str, set[int]] = defaultdict(set)
        self.people_alike: dict[str, list[int]] = defaultdict(list)
        for person in self.people.values():
            for key in {person.email_key, person.phone_key} - {""}:
                self.people_by_key[key].add(person.pk)
            if person.likeness:
                self.people_alike[person.likeness].append(person.pk)
        circle = Referral.objects.filter(enrolment__advocate__in=list(self.people), email_key__in=advocates)
        self.circle = set(circle.values_list("enrolment__advocate", "email_key"))
