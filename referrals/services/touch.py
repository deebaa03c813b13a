"""What brought a person: kept as it comes in, and gathered when a sale asks for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min, Q

from referrals.contacts import email_key, phone_key
from referrals.models import Advocate, Attribution, Click, Conversion, Enrolment, Program, Referral, Touch
from referrals.models.attribution import Way
from referrals.models.person import is_person
from referrals.services.attribution import Facts, SaleFact, TouchFact

# As a referral came, so it touches; what a sale or a claim made of a touch has its own row.
WAYS = {
    Referral.Source.FORM: Way.PERSONAL,
    Referral.Source.STAFF: Way.PERSONAL,
    Referral.Source.API: Way.PERSONAL,
    Referral.Source.LINK: Way.LINK,
    Referral.Source.NAMED: Way.NAME,
}


@dataclass(frozen=True)
class Buyer:
    """Whoever bought, as far as the report says."""

    email: str = ""
    phone: str = ""
    name: str = ""
    company: str = ""


@dataclass(frozen=True)
class Hints:
    """What an order says about who brought it; each may be missing."""

    code: str = ""
    click: Click | None = None
    referral: Referral | None = None
    advocate: Advocate | None = None


class Case:
    """Everything known about one person who bought: in a number of queries that does not grow."""

    def __init__(self, program: Program, row: Attribution) -> None:
        self.program = program
        person = is_person(email_key=row.email_key, phone_key=row.phone_key)
        mine = Attribution.objects.filter(person | Q(pk=row.pk), program=program)
        locked = mine.filter(amount__isnull=False).select_for_update(of=("self",), no_key=True)
        sold = locked.select_related("conversion__referral")
        self.rows = list(sold.order_by("occurred_at", "external_id"))
        self.keys = {row.email_key, row.phone_key} - {""}
        orders = [row.external_id for row in self.rows]
        came = Touch.objects.filter(person | Q(order__in=orders), program=program)
        self.touches = list(came.select_related("enrolment__advocate", "click").order_by("at", "key"))
        sold_to = [row.conversion.referral_id for row in self.rows if row.conversion]
        named = [touch.referral_id for touch in self.touches if touch.referral_id]
        theirs = Referral.objects.filter(person | Q(pk__in=[*sold_to, *named]), program=program)
        self.referrals = list(theirs.select_related("enrolment__advocate").order_by("pk"))
        # Who is a customer because of a recommendation was none before it.
        before = Advocate.objects.filter(person, kind__in=Advocate.CUSTOMERS, came_by=None)
        self.customers = before if self.keys else None

    def facts(self) -> Facts:
        """What speaks for every order of the person."""
        named = [fact for referral in self.referrals if (fact := self._of_referral(referral))]
        known = [self._of_touch(touch) for touch in self.touches if not touch.order or self.keys]
        since = self.customers.aggregate(Min("created_at"))["created_at__min"] if self.customers else None
        return Facts((*named, *known), since)

    def sales(self) -> list[SaleFact]:
        """The orders reported from outside, and those that somebody here recorded."""
        reported = [
            SaleFact(
                row.external_id, row.occurred_at, row.enrolment_id if row.by_hand else None,
                () if self.keys else self._came_with(row.external_id),
            )
            for row in self.rows if row.occurred_at
        ]  # fmt: skip
        by_hand = Conversion.objects.filter(referral__in=self.referrals, attribution=None)
        recorded = by_hand.values_list("external_id", "occurred_at", "referral__enrolment")
        return [*reported, *(SaleFact(order, at, enrolment) for order, at, enrolment in recorded)]

    def referral_at(self, enrolment: int) -> Referral | None:
        """This person's referral by that advocate: one that counts, if there are several."""
        theirs = [r for r in self.referrals if r.enrolment_id == enrolment]
        return min(theirs, key=lambda r: (r.status == Referral.Status.REJECTED, r.pk), default=None)

    def _came_with(self, order: str) -> tuple[TouchFact, ...]:
        return tuple(self._of_touch(touch) for touch in self.touches if touch.order == order)

    def _of_touch(self, touch: Touch) -> TouchFact:
        return TouchFact(
            touch.key, touch.way, touch.enrolment_id, touch.at, is_own=self._is_own(touch.enrolment)
        )

    def _of_referral(self, referral: Referral) -> TouchFact | None:
        way = WAYS.get(Referral.Source(referral.source))
        if way is None:
            return None
        set_aside = referral.status_reason == Referral.Reason.OTHER_ADVOCATE
        return TouchFact(
            f"{way}:{referral.enrolment_id}", way, referral.enrolment_id, referral.submitted_at, referral.pk,
            is_own=self._is_own(referral.enrolment),
            is_settled=referral.status == Referral.Status.REJECTED and not set_aside,
        )  # fmt: skip

    def _is_own(self, enrolment: Enrolment) -> bool:
        return bool(self.keys & {enrolment.advocate.email_key, enrolment.advocate.phone_key})


def keys_of(buyer: Buyer, hints: Hints) -> dict[str, str]:
    """Under which the buyer is known: by the report, or by the referral that it names."""
    found = keys_of_person(buyer.email, buyer.phone)
    if hints.referral and not any(found.values()):
        found = {"email_key": hints.referral.email_key, "phone_key": hints.referral.phone_key}
    return found


def keys_of_person(email: str, phone: str) -> dict[str, str]:
    return {"email_key": email_key(email), "phone_key": phone_key(phone)}


def touches_of(program: Program, order: str, at: datetime, hints: Hints, keys: dict[str, str]) -> list[Touch]:
    """The touches that an order brings with it. What leads to nobody in this program says nothing."""

    def touch(way: str, enrolment: int, key: str, when: datetime = at, **more: Any) -> Touch:
        return Touch(
            program=program, enrolment_id=enrolment, way=way, at=when, order=order, key=key, **keys, **more
        )

    found: list[Touch] = []
    if hints.referral and hints.referral.program_id == program.pk:
        key = f"{order}:referral:{hints.referral.pk}"
        found.append(touch(Way.DECIDED, hints.referral.enrolment_id, key, referral=hints.referral))
    for enrolment, way in _named(program, hints):
        found.append(touch(way, enrolment, f"{order}:{way}:{enrolment}"))
    click = hints.click
    if click and not click.is_bot and click.enrolment.program_id == program.pk:
        found.append(touch(Way.LINK, click.enrolment_id, f"{order}:click:{click.pk}", click.at, click=click))
    return found


def note_touches(touches: Sequence[Touch]) -> None:
    """Keep these touches; one that was reported before is the same."""
    if touches:
        Touch.objects.bulk_create(touches, ignore_conflicts=True, batch_size=200)


def _named(program: Program, hints: Hints) -> Iterable[tuple[int, str]]:
    code = hints.code.strip().upper()
    # What is no code at all is not looked up.
    wanted = Q(code=code) if code.isalnum() and len(code) <= 20 else Q(pk__in=[])
    if hints.advocate:
        wanted |= Q(advocate=hints.advocate)
    if not (code or hints.advocate):
        return
    for enrolment in Enrolment.objects.filter(wanted, program=program).order_by("pk"):
        yield enrolment.pk, Way.CODE if enrolment.code == code else Way.NAME
