"""What brought a person: kept as it comes in, and gathered when a sale asks for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min, Q, QuerySet

from referrals.contacts import email_key, phone_key
from referrals.models import Advocate, Attribution, Click, Conversion, Enrolment, Program, Referral, Touch
from referrals.models.attribution import Way
from referrals.models.person import is_person
from referrals.prepared import prepared
from referrals.services.attribution import Facts, SaleFact, TouchFact
from referrals.upsert import insert_new

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
    """Everything known about one person who bought: in a number of queries that does not grow.

    Their orders and referrals are locked. ``order`` is looked at whoever bought it; ``named`` is the referral
    that it names.
    """

    def __init__(
        self, program: Program, order: str, keys: dict[str, str], named: Referral | None = None
    ) -> None:
        self.program, self.keys = program, set(keys.values()) - {""}
        person = keys.get("email_key") or None, keys.get("phone_key") or None
        self.person = is_person(**keys)
        self.orders = _orders(program.pk, *person, order)
        orders = {order, *(row.external_id for row in self.orders)}
        self.touches = _touches(program.pk, *person, orders)
        sold_to = {row.conversion.referral_id for row in self.orders if row.conversion}
        told = {touch.referral_id for touch in self.touches if touch.referral_id}
        pks = sold_to | told | ({named.pk} if named else set())
        self.referrals = _referrals(program.pk, *person, pks or None)
        for referral in self.referrals:
            referral.program = referral.enrolment.program = program
        self._tell_of_friends(row.conversion for row in self.orders if row.conversion)
        self.by_hand = _by_hand(program.pk, [row.pk for row in self.referrals] or None, order)
        self._tell_of_friends(self.by_hand)

    def _tell_of_friends(self, sales: Iterable[Conversion]) -> None:
        """Spare these sales the question who bought."""
        known = {referral.pk: referral for referral in self.referrals}
        for sale in sales:
            if sale.referral_id in known:
                sale.referral = known[sale.referral_id]

    def knows(self, referral: Referral | None) -> Referral | None:
        """This referral as it was locked, with who recommended; None for one of another program."""
        return next((row for row in self.referrals if referral and row.pk == referral.pk), None)

    @property
    def rows(self) -> list[Attribution]:
        """The orders that have been reported, and not only their refund."""
        sold = [row for row in self.orders if row.occurred_at]
        return sorted(sold, key=lambda row: (row.occurred_at, row.external_id))

    def row_of(self, order: str, **new: Any) -> Attribution:
        """The row of this order; made of ``new``, and still to be stored, if there is none."""
        row = next((row for row in self.orders if row.external_id == order), None)
        if row is None:
            row = new_row(self.program, order, self.by_hand, **new)
            self.orders.append(row)
        return row

    def add(self, touches: Iterable[Touch]) -> None:
        """Keep these touches; one that was reported before is the same."""
        known = {touch.key for touch in self.touches}
        fresh = [touch for touch in touches if touch.key not in known]
        note_touches(fresh)
        self.touches += fresh

    def facts(self) -> Facts:
        """What speaks for every order of the person."""
        named = [fact for referral in self.referrals if (fact := self._of_referral(referral))]
        known = [self._of_touch(touch) for touch in self.touches if not touch.order or self.keys]
        # Asked only where it may matter.
        since = (
            self._customer_since() if self.keys and any(t.way != Way.DECIDED for t in self.touches) else None
        )
        return Facts((*named, *known), since)

    def _customer_since(self) -> datetime | None:
        # Who is a customer because of a recommendation was none before it.
        before = Advocate.objects.filter(self.person, kind__in=Advocate.CUSTOMERS, came_by=None)
        since: datetime | None = before.aggregate(Min("created_at"))["created_at__min"]
        return since

    def sales(self) -> list[SaleFact]:
        """The orders reported from outside, and those that somebody here recorded."""
        reported = [
            SaleFact(
                row.external_id, row.occurred_at, row.enrolment_id if row.by_hand else None,
                () if self.keys else self._came_with(row.external_id),
            )
            for row in self.rows if row.occurred_at
        ]  # fmt: skip
        known = {sale.order for sale in reported}
        by_hand = [sold for sold in self.by_hand if sold.external_id not in known]
        recorded = [SaleFact(row.external_id, row.occurred_at, row.referral.enrolment_id) for row in by_hand]
        return [*reported, *recorded]

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


def _is(email: str | None, phone: str | None) -> Q:
    return is_person(email_key=email or "", phone_key=phone or "")


@prepared
def _orders(program: int, email: str | None, phone: str | None, order: str) -> QuerySet[Attribution]:
    mine = Attribution.objects.filter(_is(email, phone) | Q(external_id=order), program=program)
    # Most people buy once and come once: what would belong to more is fetched only if there is any.
    return mine.select_for_update(of=("self",), no_key=True).prefetch_related("conversion")


@prepared
def _touches(program: int, email: str | None, phone: str | None, orders: set[str]) -> QuerySet[Touch]:
    came = Touch.objects.filter(_is(email, phone) | Q(order__in=orders), program=program)
    return came.prefetch_related("enrolment__advocate")


@prepared
def _referrals(
    program: int, email: str | None, phone: str | None, named: set[int] | None
) -> QuerySet[Referral]:
    theirs = Referral.objects.filter(_is(email, phone) | Q(pk__in=named or []), program=program)
    told = theirs.select_related("enrolment__advocate").order_by("pk")
    return told.select_for_update(of=("self",), no_key=True)


@prepared
def _by_hand(program: int, referrals: list[int] | None, order: str) -> QuerySet[Conversion]:
    sold = Q(referral__in=referrals or []) | Q(external_id=order)
    return Conversion.objects.filter(sold, program=program, attribution=None)


def new_row(program: Program, order: str, by_hand: Iterable[Conversion], **new: Any) -> Attribution:
    """A row for an order of which nobody has reported anything. One that somebody here recorded before by
    hand stays as they recorded it."""
    row = Attribution(program=program, external_id=order, **new)
    sold = next((sold for sold in by_hand if sold.external_id == order), None)
    if sold:
        stand_as(row, sold)
    return row


def stand_as(row: Attribution, sold: Conversion) -> None:
    """What somebody here recorded by hand stays as they recorded it."""
    row.conversion, row.enrolment_id, row.by_hand = sold, sold.referral.enrolment_id, True
    row.standing = Attribution.Standing.DECIDED
    row.amount, row.currency, row.occurred_at = sold.amount, sold.currency, sold.occurred_at
    row.email_key, row.phone_key = sold.referral.email_key, sold.referral.phone_key
    row.reversed_at, row.reversal_reason = sold.reversed_at, sold.reversal_reason


def keys_of(buyer: Buyer, hints: Hints) -> dict[str, str]:
    """Under which the buyer is known: by the report, or by the referral that it names."""
    found = keys_of_person(buyer.email, buyer.phone)
    if hints.referral and not any(found.values()):
        found = {"email_key": hints.referral.email_key, "phone_key": hints.referral.phone_key}
    return found


def keys_of_person(email: str, phone: str) -> dict[str, str]:
    return {"email_key": email_key(email), "phone_key": phone_key(phone)}


def touches_of(
    program: Program, order: str, at: datetime, hints: Hints, keys: dict[str, str],
    named: Iterable[tuple[Enrolment, str]] | None = None,
) -> list[Touch]:  # fmt: skip
    """The touches that an order brings with it. What leads to nobody in this program says nothing.

    ``named`` is who is named by code or by person, where that is known already.
    """

    def touch(way: str, enrolment: Enrolment, key: str, when: datetime = at, **more: Any) -> Touch:
        return Touch(
            program=program, enrolment=enrolment, way=way, at=when, order=order, key=key, **keys, **more
        )

    found: list[Touch] = []
    if hints.referral and hints.referral.program_id == program.pk:
        key = f"{order}:referral:{hints.referral.pk}"
        found.append(touch(Way.DECIDED, hints.referral.enrolment, key, referral=hints.referral))
    for enrolment, way in _named(program, hints) if named is None else named:
        found.append(touch(way, enrolment, f"{order}:{way}:{enrolment.pk}"))
    click = hints.click
    if click and not click.is_bot and click.enrolment.program_id == program.pk:
        found.append(touch(Way.LINK, click.enrolment, f"{order}:click:{click.pk}", click.at, click=click))
    return found


def note_touches(touches: Sequence[Touch]) -> None:
    """Keep these touches; one that was reported before is the same."""
    insert_new(touches, by="key")


def _named(program: Program, hints: Hints) -> Iterable[tuple[Enrolment, str]]:
    code = hints.code.strip().upper()
    # What is no code at all is not looked up.
    wanted = Q(code=code) if code.isalnum() and len(code) <= 20 else Q(pk__in=[])
    if hints.advocate:
        wanted |= Q(advocate=hints.advocate)
    if not (code or hints.advocate):
        return
    places = Enrolment.objects.filter(wanted, program=program).select_related("advocate")
    for enrolment in places.order_by("pk"):
        yield enrolment, Way.CODE if enrolment.code == code else Way.NAME
