"""Tells the story: every step at its own past moment, in the order of time, mail included."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from random import Random
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from campaigns.demo.asking import begin_plans, come_by_the_ask, connect_systems, run_plans
from campaigns.demo.claims import claims_of
from campaigns.demo.company import found_company
from campaigns.demo.contact import CHOICES, ask_at_night, choose, leave_to_sender, write_to_them, write_words
from campaigns.demo.deeds import (
    DEEDS,
    FREE_ENTRIES,
    ask_for_chance,
    do_for_company,
    give_to_charity,
    open_gifts,
    pick,
)
from campaigns.demo.files import upload_fair
from campaigns.demo.happy import KNOWN, find_happy, hear
from campaigns.demo.opinions import NOT_YET, STORY, ask_opinion, begin_survey, give_opinion, quote
from campaigns.demo.people import ADVOCATES, enrol_people, find_address, find_phone
from campaigns.demo.steps import Staff, take_step
from campaigns.demo.story import CAME, NAMED, Came, Named
from campaigns.models import DigestSubscription
from campaigns.services.delivery import deliver_due
from campaigns.services.digest import write_digests
from referrals.contacts import keyed_hash
from referrals.forms import agreement_of_advocate, agreement_of_friend
from referrals.models import Channel, Click, Conversion, Membership, Program, Question, Referral
from referrals.models.profile import fit_score
from referrals.services.conversion import reverse_conversion
from referrals.services.join import join_by_link
from referrals.services.referral import Friend, submit_referrals
from referrals.services.visit import confirm_visit, record_visit
from rewards.services.contest import collect_entries

DIGESTS_FOR = timedelta(days=8)
# So many days ago the company began to ask by plan.
PLANS_SINCE = 36


class Happening(NamedTuple):
    """Something of the story, and when."""

    at: datetime
    tell: Callable[[datetime], object]


@transaction.atomic
def found_demo(*, password: str, now: datetime) -> Program:
    """Fill an empty database with the demo company; everything in it happened before ``now``."""
    program = found_company(password=password, now=now)
    write_words(program)
    _begin_digests(now - DIGESTS_FOR)
    with _kept_here():
        for at, tell in sorted(Story(program, now).happenings(), key=lambda happening: happening.at):
            if at < now:
                tell(at)
                deliver_due(now=at + timedelta(seconds=20))
    upload_fair(program, now=now)
    return program


@contextmanager
def _kept_here() -> Iterator[None]:
    """Nothing that the story writes leaves the building, even where a mail server is set up."""
    leaves, settings.MAIL_LEAVES = settings.MAIL_LEAVES, False
    try:
        yield
    finally:
        settings.MAIL_LEAVES = leaves


def _begin_digests(start: datetime) -> None:
    for subscription in DigestSubscription.objects.all():
        DigestSubscription.objects.filter(pk=subscription.pk).update(next_at=subscription.next_after(start))


class Story:
    """The tables of the story, on a calendar that ends now."""

    def __init__(self, program: Program, now: datetime) -> None:
        self.program, self.now = program, now
        self.questions = list(Question.objects.filter(profile__program=program))
        self.channels = {channel.slug: channel for channel in Channel.objects.filter(program=program)}
        role = {membership.role: membership.user for membership in program.memberships.select_related("user")}
        self.staff = Staff(manager=role[Membership.Role.MANAGER], caller=role[Membership.Role.SALES])
        joined = {person.name: self.moment(person.since, 10) for person in ADVOCATES}
        self.enrolments = enrol_people(program, joined)

    def moment(self, days: int, hour: int, minute: int = 0) -> datetime:
        """That time of day in the company's zone, so many days ago; of today, so many hours and minutes ago."""
        if days <= 0:
            return self.now - timedelta(minutes=10 * (hour % 6) + minute // 6 + 5)
        day = self.program.local(self.now) - timedelta(days=days)
        local = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return local.astimezone(self.now.tzinfo)

    def happenings(self) -> Iterator[Happening]:
        yield from self._visits()
        for number, (_day, rows) in enumerate(groupby(NAMED, key=lambda row: (row.days, row.advocate))):
            yield from self._named(number, list(rows))
        for number, row in enumerate(CAME):
            yield from self._came(number, row)
        yield from (Happening(self.moment(days, 11), tell) for days, tell in self._rewards())
        yield from self._contacts()
        yield from self._asking()
        claimed = claims_of(self.enrolments, self.staff.manager)
        yield from (Happening(self.moment(days, 12), tell) for days, tell in claimed)
        for days in range(DIGESTS_FOR.days):
            yield Happening(self.moment(days + 1, 8, 1), lambda at: write_digests(now=at))

    def _contacts(self) -> Iterator[Happening]:
        for row in CHOICES:
            yield Happening(self.moment(row.days, 19), partial(choose, self.enrolments[row.name], row))
        yield Happening(self.moment(3, 21, 30), partial(ask_at_night, self.enrolments["Siobhan Keane"]))
        in_person = partial(write_to_them, self.enrolments["George Whitfield"], self.staff.caller)
        yield Happening(self.moment(2, 10, 40), in_person)
        by_tom = partial(leave_to_sender, self.enrolments["Ben Achterberg"], self.staff.caller)
        yield Happening(self.moment(1, 10), by_tom)

    def _asking(self) -> Iterator[Happening]:
        """What is heard of customers, and the plans that ask them because of it, day by day."""
        begin = partial(begin_plans, self.program, self.staff.manager)
        yield Happening(self.moment(PLANS_SINCE, 9), begin)
        yield Happening(self.moment(PLANS_SINCE, 9), partial(begin_survey, self.program))
        for known in KNOWN:
            yield Happening(self.moment(known.days, 11), partial(hear, known, self.program))
        for one in STORY:
            yield Happening(self.moment(one.days, 11), partial(give_opinion, one, self.enrolments[one.name]))
        for days in range(1, PLANS_SINCE):
            yield Happening(self.moment(days, 9, 30), run_plans)

    def _rewards(self) -> Iterator[tuple[int, Callable[[datetime], object]]]:
        """What people did with their rewards, and what else they did for the company, so many days ago."""
        for days, kind, name in DEEDS:
            yield days, partial(do_for_company, self.enrolments[name], kind)
        for days, name in FREE_ENTRIES:
            yield days, partial(ask_for_chance, self.enrolments[name])
        yield 8, partial(give_to_charity, self.enrolments["Callum Fraser"], "Fernhollow Food Bank")
        yield 7, partial(open_gifts, self.enrolments["Hannah Lindqvist"])
        yield 6, partial(pick, self.enrolments["Priya Shah"], "a solar garden lantern")
        yield 3, self._refund
        yield 1, lambda at: collect_entries(now=at)
        yield 1, partial(ask_opinion, self.enrolments[NOT_YET])
        yield 1, partial(quote, self.staff.manager)
        yield 1, lambda at: connect_systems(self.program, self.staff.manager, at)
        yield 0, lambda at: find_happy(self.enrolments, self.staff.manager, at)
        yield 0, run_plans

    def _refund(self, at: datetime) -> None:
        """One sale is cancelled after everything was handed out."""
        sale = Conversion.objects.get(referral__email=find_address("Nikhil Rao"))
        reverse_conversion(sale, reason="Roof could not carry the panels", now=at, by=self.staff.manager)

    def _named(self, number: int, rows: list[Named]) -> Iterator[Happening]:
        first, at = rows[0], self.moment(rows[0].days, 9 + number * 3 % 10, number * 17 % 60)
        yield Happening(
            at, partial(self._submit, first.advocate, first.channel, [self._friend(row) for row in rows])
        )
        for row in rows:
            yield from self._fate(number, at, row)

    def _came(self, number: int, row: Came) -> Iterator[Happening]:
        at = self.moment(row.days, 10 + number * 5 % 9, number * 23 % 60)
        yield Happening(at, partial(self._join, row))
        yield from self._fate(number + 7, at, row)

    def _fate(self, number: int, start: datetime, row: Named | Came) -> Iterator[Happening]:
        for order, line in enumerate(row.fate):
            days, step, detail = (*line.split(" ", 2), "")[:3]
            at = self.moment(row.days - int(days), 10 + (number + order * 3) % 9, number * 13 % 60)
            if int(days) == 0:
                at = start + timedelta(minutes=3 + 20 * order)
            yield Happening(at, partial(self._step, row, step, detail))

    def _submit(self, advocate: str, channel: str, friends: list[Friend], at: datetime) -> None:
        come_by_the_ask(self.enrolments[advocate], at)
        submit_referrals(
            self.enrolments[advocate], friends, now=at, channel=self.channels[channel],
            agreement=str(agreement_of_advocate(self.program)),
        )  # fmt: skip

    def _join(self, row: Came, at: datetime) -> None:
        friend = Friend(row.friend, find_address(row.friend), find_phone(row.friend), note=row.note)
        join_by_link(
            self.enrolments[row.advocate], friend, now=at, agreement=str(agreement_of_friend(self.program)),
            click=self._visit(row.advocate, row.channel, row.friend, True, at - timedelta(minutes=4)),
        )  # fmt: skip

    def _step(self, row: Named | Came, step: str, detail: str, at: datetime) -> None:
        referral = Referral.objects.select_related("program", "enrolment").get(
            enrolment=self.enrolments[row.advocate], email=find_address(row.friend)
        )
        take_step(referral, step, detail, staff=self.staff, now=at)

    def _friend(self, row: Named) -> Friend:
        given = dict(zip(self.questions, row.answers, strict=False))
        return Friend(
            name=row.friend, email=find_address(row.friend), phone=find_phone(row.friend), relation=row.relation,
            answers=[{"question": question.text, "answer": answer} for question, answer in given.items()],
            fit=fit_score(self.questions, {str(question.pk): answer for question, answer in given.items()}),
        )  # fmt: skip

    def _visits(self) -> Iterator[Happening]:
        """Who looked at the links: mostly people, some machines, some who closed the page at once."""
        random = Random(2026)  # noqa: S311 - the same story every time
        for person in ADVOCATES:
            for number in range(person.visits):
                at = self.moment(
                    random.randint(1, person.since), random.randint(8, 22), random.randint(0, 59)
                )
                channel = random.choice(["whatsapp", "whatsapp", "email", "sms", "linkedin", "qr"])
                who = f"{person.name} {number}" if random.random() > 0.15 else ""
                yield Happening(at, partial(self._visit, person.name, channel, who, random.random() < 0.7))

    def _visit(self, advocate: str, channel: str, who: str, stayed: bool, at: datetime) -> Click:
        """Somebody – a machine, if nobody – opens the link; who stays is a person."""
        visitor = keyed_hash(f"demo {who}")
        click = record_visit(
            self.enrolments[advocate], channel_id=self.channels[channel].pk, visitor=visitor,
            is_bot=not who, now=at,
        )  # fmt: skip
        if stayed:
            confirm_visit(click.pk, visitor=visitor, now=at + timedelta(seconds=8))
        return click
