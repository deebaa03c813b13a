"""Who calls a new friend: by the program's rule, and never somebody who is away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import phonenumbers
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from referrals.models import Absence, Caller, Enrolment, Event, FollowUp, Program, Referral
from referrals.models.follow_up import FollowUpQuerySet

Assign = Program.Assign
AT_ONCE = 500


def choose_callers(enrolment: Enrolment, referrals: Sequence[Referral], *, now: datetime) -> None:
    """Set who calls each of these friends, before they are stored; at most four queries for any number.

    Whose turn it is stays locked until the transaction is over, so that two friends who come at one
    moment go to two people. The program's own person gets friends even when away: ``pass_on_calls``
    sees to that, and nobody's form waits for one question more.
    """
    share_out(enrolment.program, referrals, now=now)


def share_out(program: Program, referrals: Sequence[Referral], *, now: datetime) -> None:
    """The same for friends of several advocates of one program."""
    if program.assign_by == Assign.OWNER:
        return
    people = People(program, now)
    for referral in referrals:
        if referral.is_open:
            referral.owner = _by_rule(people, referral)
    people.keep_turns()


def assign_again(referrals: Sequence[Referral], *, now: datetime) -> None:
    """Set who calls these friends whom we take up again: whoever has talked with them, if here; else by the
    program's rule. Stores it, and who got whom; a handful of queries a program."""
    by_program: dict[int, list[Referral]] = {}
    for referral in referrals:
        by_program.setdefault(referral.program_id, []).append(referral)
    found: list[Event] = []
    for program in Program.objects.exclude(assign_by=Assign.OWNER).filter(pk__in=by_program):
        people = People(program, now)
        for referral in by_program[program.pk]:
            known = people.here(referral.owner_id) if referral.contacted_at else None
            referral.owner = known or _by_rule(people, referral)
            if referral.owner and not known:
                found.append(_assigned(referral, program.assign_by, now))
        people.keep_turns()
        Referral.objects.bulk_update(by_program[program.pk], ["owner"], batch_size=AT_ONCE)
    if found:
        Event.objects.record(found, now=now)


def _by_rule(people: "People", referral: Referral) -> Any:
    enrolment, by_manager = referral.enrolment, people.program.assign_by == Assign.ACCOUNT_MANAGER
    manager = people.here(enrolment.advocate.owner_id) if by_manager else None
    return manager or people.next_for(referral, enrolment)


def pass_on_calls(*, now: datetime) -> int:
    """Give the calls that fall into somebody's absence, or are theirs who left, to whoever is here; returns
    how many. A call that nobody can take stays where it is."""
    left = FollowUp.objects.open().left_behind(now)
    programs = Program.objects.filter(pk__in=left.values("referral__program"))
    return sum(_pass_on(program, left, now) for program in programs)


def _pass_on(program: Program, left: FollowUpQuerySet, now: datetime) -> int:
    with transaction.atomic():
        people = People(program, now)
        calls = left.filter(referral__program=program).select_related("referral__enrolment__advocate")
        passed: list[FollowUp] = []
        for call in calls.most_urgent_first().select_for_update(of=("self",))[:AT_ONCE]:
            referral = call.referral
            referral.enrolment.program = program
            taker = people.here(call.owner_id) or people.next_for(referral, referral.enrolment)
            if taker:
                referral.owner = call.owner = taker
                passed.append(call)
        people.keep_turns()
        found = [call.referral for call in passed]
        FollowUp.objects.bulk_update(passed, ["owner"], batch_size=AT_ONCE)
        Referral.objects.bulk_update(found, ["owner"], batch_size=AT_ONCE)
        Event.objects.record([_assigned(row, "away", now) for row in found], now=now)
    return len(found)


def events_of_assignment(referrals: Sequence[Referral], enrolment: Enrolment, now: datetime) -> list[Event]:
    """Who got these friends, and by which rule; nothing where one person gets them all."""
    rule = enrolment.program.assign_by
    return [_assigned(row, rule, now) for row in referrals if rule != Assign.OWNER and row.owner_id]


def _assigned(row: Referral, rule: str, now: datetime) -> Event:
    owner: Any = row.owner
    return Event(
        kind=Event.Kind.REFERRAL_ASSIGNED,
        program_id=row.program_id,
        advocate_id=row.enrolment.advocate_id,
        referral=row,
        occurred_at=now,
        data={"owner": owner.get_full_name() or owner.get_username(), "rule": rule},
    )


class People:
    """Who of a program's people is here today, and whose turn it is; asked for when first needed."""

    def __init__(self, program: Program, now: datetime) -> None:
        self.program, self.today = program, program.local(now).date()
        self._turns: list[Caller] | None = None
        self._moved: set[int] = set()
        self._here: dict[int | None, Any] = {None: None}

    def here(self, user_id: int | None) -> Any:
        """This person; while they are away, their stand-in; None when neither is here."""
        if user_id not in self._here:
            away = Absence.objects.on(self.today)
            stand_in = away.filter(user=user_id, stand_in__isnull=False).values("stand_in")
            here = User.objects.filter(is_active=True, is_staff=True).exclude(pk__in=away.values("user"))
            found: dict[int | None, Any] = {
                user.pk: user for user in here.filter(Q(pk=user_id) | Q(pk__in=stand_in))
            }
            self._here[user_id] = found.pop(user_id, None) or next(iter(found.values()), None)
        return self._here[user_id]

    def next_for(self, referral: Referral, enrolment: Enrolment) -> Any:
        """Whoever is next in turn, of those with the fitting territory; without anyone, the lead or owner."""
        if not self.turns:
            program = self.program
            return self.here(program.lead_id) or self.here(program.owner_id)
        chosen = min(self._fitting(referral, enrolment), key=lambda caller: (caller.turn, caller.pk))
        chosen.turn = 1 + max(caller.turn for caller in self.turns)
        self._moved.add(chosen.pk)
        return chosen.user

    @property
    def turns(self) -> list[Caller]:
        if self._turns is None:
            here = Caller.objects.here(self.today).filter(program=self.program).select_related("user")
            # All wait in one order, so that none waits for the other.
            self._turns = list(here.select_for_update(of=("self",), no_key=True).order_by("pk"))
        return self._turns

    def keep_turns(self) -> None:
        moved = [caller for caller in self._turns or [] if caller.pk in self._moved]
        if moved:
            Caller.objects.bulk_update(moved, ["turn"])

    def _fitting(self, referral: Referral, enrolment: Enrolment) -> list[Caller]:
        if self.program.assign_by != Assign.TERRITORY:
            return self.turns
        place = place_of(referral, enrolment)
        exact = {caller.pk: caller.covers(**place) for caller in self.turns}
        best = max(exact.values())
        if best:
            return [caller for caller in self.turns if exact[caller.pk] == best]
        # Nobody has this place: whoever has no territory of their own, else everyone.
        anywhere = [c for c in self.turns if not (c.countries or c.languages or c.postcodes)]
        return anywhere or self.turns


def place_of(referral: Referral, enrolment: Enrolment) -> dict[str, str]:
    """Where a friend is, as far as anybody said: by their number and answers, else by who recommends them."""
    advocate, program = enrolment.advocate, enrolment.program
    asked = (item["answer"] for item in referral.answers if item.get("kind") == "postcode")
    return {
        "country": _country_of(referral.phone) or advocate.country or program.country,
        "language": advocate.language or program.language,
        "postcode": next(asked, "").replace(" ", ""),
    }


def _country_of(phone: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    except phonenumbers.NumberParseException:
        return ""
