"""An invented company: its customers, and what they do from day to day. The same seed gives the same year."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.utils.text import slugify

from campaigns.models import Ask, ContactPreference, Message, OutreachPlan, ReviewPlace, Suppression, Topic
from campaigns.services.asks import record_click, sign
from campaigns.services.plan import go_live
from campaigns.services.preference import Choice, change_preferences
from campaigns.services.preview import reach
from campaigns.services.suppression import suppress_keys
from campaigns.starters import STARTERS, begin_with
from referrals.contacts import email_key
from referrals.models import Advocate, Enrolment, Event, Program
from referrals.services.referral import Friend, submit_referrals

ZONES = ("", "Europe/Rome", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Tokyo", "Asia/Kolkata",
         "Australia/Lord_Howe", "Pacific/Auckland")  # fmt: skip
LANGUAGES = ("en", "it", "es", "fr", "nl", "ru", "")
# How likely it is, of a customer on a day, or of somebody who was asked.
BUYS, WINS, RATES = 0.01, 0.002, 0.004
OPENS, NAMES, LEAVES, SAYS_NO, CHOOSES = 0.2, 0.25, 0.03, 0.02, 0.05
Kind = Event.Kind


class World:
    """Customers with habits; ``live()`` lets them do what they do in one day."""

    def __init__(self, customers: int, seed: int, *, now: datetime) -> None:
        self.random = Random(seed)  # noqa: S311 - the same story every time
        self.name = f"Simulation {seed}"
        self.program = self._found()
        self.people = self._invent(customers)
        self._start_plans(now)

    def live(self, now: datetime) -> None:
        """One day: some buy, win a deal, say how satisfied they are; of those asked, some open, name, leave."""
        events = [self._event(pk, now) for pk in self._some(self.people, BUYS + WINS + RATES)]
        Event.objects.record(events, now=now)
        self._answer(now)

    def _answer(self, now: datetime) -> None:
        written = Message.objects.filter(
            ask__ended_at=None, sent_at__gt=now - timedelta(days=1), program=self.program
        )
        asks = list(
            Ask.objects.filter(messages__in=written).select_related("advocate").distinct().order_by("pk")
        )
        leaving, refusing = self._some(asks, LEAVES), self._some(asks, SAYS_NO)
        for ask in self._some(asks, CHOOSES):
            change_preferences(ask.advocate, self._choice(ask.advocate), program=self.program, now=now)
        for ask in self._some(asks, OPENS):
            record_click(sign(ask.pk), ask.advocate_id, now=now)
            if self.random.random() < NAMES:
                self._name_friend(ask, now)
        keys = {ask.advocate.email_key for ask in leaving}
        if keys:
            suppress_keys(keys, None, Suppression.Reason.UNSUBSCRIBED, now=now)
        Event.objects.record([self._no(ask, now) for ask in refusing], now=now)

    def _choice(self, advocate: Advocate) -> Choice:
        """Less of something: a pause, half as often, another way, not this topic."""
        ways, often = ContactPreference.Way, ContactPreference.Often
        return Choice(
            topics=[str(topic) for topic in Topic if topic != Topic.ASKS or self.random.random() < 0.8],
            way=self.random.choice([ways.ANY, ways.ANY, ways.EMAIL, ways.SMS, ways.NONE]),
            often=self.random.choice([often.NORMAL, often.LESS]),
            pause=self.random.random() < 0.3,
            language=advocate.language,
        )

    def _name_friend(self, ask: Ask, now: datetime) -> None:
        place = Enrolment.objects.select_related("advocate", "program").get(
            advocate=ask.advocate_id, program=self.program
        )
        friend = Friend(name="Ben Weber", email=f"friend-of-{ask.pk}@{slugify(self.name)}.example")
        submit_referrals(place, [friend], now=now, agreement="")

    def _event(self, pk: int, now: datetime) -> Event:
        lot = self.random.random() * (BUYS + WINS + RATES)
        at = now - timedelta(minutes=self.random.randrange(1, 1440))
        if lot < BUYS:
            kind, data = Kind.PURCHASE, {"amount": self.random.randrange(500, 50_000), "currency": "EUR"}
        elif lot < BUYS + WINS:
            kind, data = Kind.DEAL_WON, {"amount": self.random.randrange(50_000, 900_000), "currency": "EUR"}
        else:
            kind, data = Kind.SATISFACTION, {"score": self.random.choice([3, 6, 7, 8, 8, 9, 9, 10, 10])}
        return Event(kind=kind, program=self.program, advocate_id=pk, occurred_at=at, data=data)

    def _no(self, ask: Ask, now: datetime) -> Event:
        return Event(
            kind=Kind.ASK_DECLINED, program=self.program, advocate_id=ask.advocate_id, occurred_at=now,
            dedup_key=f"ask:{ask.pk}:declined",
        )  # fmt: skip

    def _some(self, rows: Sequence[Any], share: float) -> list[Any]:
        count = int(len(rows) * share + self.random.random())
        return self.random.sample(rows, min(count, len(rows)))

    def _found(self) -> Program:
        slug = slugify(self.name)
        program: Program = Program.objects.create(
            name=self.name, slug=slug, company=self.name, headline=self.name, about=self.name,
            status=Program.Status.LIVE, sender_name=self.name, postal_address="1 Main Street, 00100 Rome",
            timezone="Europe/Rome",
        )  # fmt: skip
        ReviewPlace.objects.create(program=program, name="Example", url=f"https://reviews.example/{slug}")
        return program

    def _invent(self, customers: int) -> list[int]:
        """So many customers of this program, one in seven without a time zone."""
        slug = self.program.slug
        rows = []
        for number in range(customers):
            email = f"customer{number}@{slug}.example" if number % 50 else ""
            rows.append(Advocate(
                name=f"Customer {number}", external_id=f"{slug}-{number}", email=email, email_key=email_key(email),
                timezone=self.random.choice(ZONES), language=self.random.choice(LANGUAGES),
            ))  # fmt: skip
        Advocate.objects.bulk_create(rows, batch_size=500)
        return list(
            Advocate.objects.filter(external_id__startswith=f"{slug}-")
            .order_by("pk")
            .values_list("pk", flat=True)
        )

    def _start_plans(self, now: datetime) -> None:
        for starter in STARTERS:
            if starter.settings["trigger"] in OutreachPlan.KINDS:
                plan = begin_with(starter, self.program, now=now)
                go_live(plan, typed=reach(plan, now=now), now=now, by=None)
