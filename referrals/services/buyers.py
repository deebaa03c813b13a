"""What is known about many people who bought: in a number of queries that does not grow with them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q

from referrals.models import Advocate, Attribution, Conversion, Enrolment, Program, Referral, Refund, Touch
from referrals.models.attribution import Way
from referrals.services.touch import Buyer, Case, Hints, keys_of

Keys = dict[str, str]


class Sale(NamedTuple):
    """A sale as another system reports it; ``amount`` is in minor units of ``currency``."""

    order: str
    amount: int
    currency: str
    at: datetime | None = None
    buyer: Buyer = Buyer()
    hints: Hints = Hints()

    @property
    def keys(self) -> Keys:
        return keys_of(self.buyer, self.hints)

    @property
    def signs(self) -> set[tuple[str, Any]]:
        """By what two sales are seen to belong together."""
        referral = self.hints.referral
        return {
            ("order", self.order), *((name, key) for name, key in self.keys.items() if key),
            *([("referral", referral.pk)] if referral else []),
        }  # fmt: skip


class Many:
    """Rows, found again by the person they are about, and by the order they belong to."""

    def __init__(self, rows: Iterable[Any], order: Callable[[Any], str] = lambda _row: "") -> None:
        self.by_email: dict[str, list[Any]] = defaultdict(list)
        self.by_phone: dict[str, list[Any]] = defaultdict(list)
        self.by_order: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            self.by_email[row.email_key].append(row)
            self.by_phone[row.phone_key].append(row)
            self.by_order[order(row)].append(row)

    def about(self, email_key: str, phone_key: str) -> list[Any]:
        """As ``is_person`` finds them in the database."""
        found = list(self.by_email[email_key]) if email_key else []
        if phone_key:
            found += [row for row in self.by_phone[phone_key] if not (email_key and row.email_key)]
        return found

    def of(self, keys: Keys, orders: Iterable[str]) -> list[Any]:
        named = [row for order in orders for row in self.by_order[order]]
        return list({row.pk: row for row in (*self.about(**keys), *named)}.values())


class Gathered:
    """Everything that ``Case`` asks about one buyer, about all buyers of these sales; the rows are locked."""

    def __init__(self, program: Program, sales: Sequence[Sale]) -> None:
        self.program = program
        self.people = _any_of([sale.keys for sale in sales])
        orders = {sale.order for sale in sales}
        mine = Attribution.objects.filter(self.people | Q(external_id__in=orders), program=program)
        locked = mine.select_for_update(of=("self",), no_key=True).order_by("pk")
        rows = list(locked.prefetch_related("conversion"))
        self.orders = Many(rows, lambda row: row.external_id)
        orders |= {row.external_id for row in rows}
        came = Touch.objects.filter(self.people | Q(order__in=orders), program=program)
        touches = list(came.select_related("enrolment__advocate", "click"))
        self.touches = Many(touches, lambda touch: touch.order)
        told = {touch.referral_id for touch in touches} | {
            row.conversion.referral_id for row in rows if row.conversion
        }
        named = {sale.hints.referral.pk for sale in sales if sale.hints.referral}
        self._gather_friends((told | named) - {None})
        by_hand = Conversion.objects.filter(
            Q(referral__in=list(self.friends)) | Q(external_id__in=orders), program=program, attribution=None
        )
        self.by_hand = list(by_hand)
        self.refunded = set(
            Refund.objects.filter(program=program, order__in=orders).values_list("order", flat=True)
        )
        # Who is a customer because of a recommendation was none before it.
        known = Advocate.objects.filter(self.people, kind__in=Advocate.CUSTOMERS, came_by=None)
        self.customers = Many(known.only("email_key", "phone_key", "created_at"))
        self.places = _places(program, [sale.hints for sale in sales])

    def _gather_friends(self, pks: set[Any]) -> None:
        theirs = Referral.objects.filter(self.people | Q(pk__in=pks), program=self.program)
        told_with = theirs.select_related("enrolment__advocate", "click").order_by("pk")
        self.friends = {row.pk: row for row in told_with.select_for_update(of=("self",), no_key=True)}
        for referral in self.friends.values():
            referral.program = referral.enrolment.program = self.program
        self.by_person = Many(self.friends.values())

    def named_by(self, hints: Hints) -> Iterator[tuple[Enrolment, str]]:
        """Who is named by code or by person, in the order in which they joined."""
        code = hints.code.strip().upper()
        found = {
            place.pk: place for place in (self.places.get(code), self.places.get(hints.advocate)) if place
        }
        for _pk, place in sorted(found.items()):
            yield place, Way.CODE if place.code == code else Way.NAME


class LoadedCase(Case):
    """The case of one of these buyers, for all orders of theirs in the batch; what is new stays in memory."""

    def __init__(self, gathered: Gathered, sales: Mapping[int, Sale]) -> None:
        keys = next(iter(sales.values())).keys
        self.program, self.keys, self.sales_in_turn = gathered.program, set(keys.values()) - {""}, sales
        orders = reported = {sale.order for sale in sales.values()}
        named = {sale.hints.referral.pk for sale in sales.values() if sale.hints.referral}
        self.orders = gathered.orders.of(keys, orders)
        orders = reported | {row.external_id for row in self.orders}
        self.touches = gathered.touches.of(keys, orders)
        pks = {row.conversion.referral_id for row in self.orders if row.conversion}
        pks |= {touch.referral_id for touch in self.touches if touch.referral_id} | named
        theirs = {row.pk for row in gathered.by_person.about(**keys)} | (pks & set(gathered.friends))
        self.referrals = [gathered.friends[pk] for pk in sorted(theirs)]
        self._tell_of_friends(row.conversion for row in self.orders if row.conversion)
        self.by_hand = [
            sold for sold in gathered.by_hand if sold.referral_id in theirs or sold.external_id in orders
        ]
        self._tell_of_friends(self.by_hand)
        self.new_touches: list[Touch] = []
        self._since = min((row.created_at for row in gathered.customers.about(**keys)), default=None)

        sold_to = {sold.referral_id for sold in self.by_hand}
        self.locked = {("order", row.pk) for row in self.orders} | {("friend", pk) for pk in theirs | sold_to}
        mine: list[tuple[Many, Iterable[Any]]] = [
            (gathered.orders, self.orders),
            (gathered.touches, self.touches),
            (gathered.by_person, self.referrals),
        ]
        is_of_one = all(
            {row.pk for row in rows} <= {row.pk for row in known.about(**keys)} for known, rows in mine
        )
        self.is_recorded_by_hand = any(sold.external_id in reported for sold in self.by_hand)
        # Whether each of the reports would see the same if it were alone.
        self.is_even = is_of_one or len({(sale.order, sale.hints.referral) for sale in sales.values()}) == 1

    def place(self, enrolment: int) -> Enrolment | None:
        """This place, if one of the touches or referrals has led to it."""
        touched = [*(touch.enrolment for touch in self.touches), *(row.enrolment for row in self.referrals)]
        return next((place for place in touched if place.pk == enrolment), None)

    def add(self, touches: Iterable[Touch]) -> None:
        known = {touch.key for touch in self.touches}
        fresh = [touch for touch in touches if touch.key not in known]
        self.new_touches += fresh
        self.touches += fresh

    def _customer_since(self) -> datetime | None:
        return self._since


def groups_of(sales: Sequence[Sale]) -> list[list[int]]:
    """The places of the sales, by buyer: who has an order, an address, a phone or a referral in common."""
    leads_to: list[int] = []
    first: dict[tuple[str, Any], int] = {}

    def root(number: int) -> int:
        while leads_to[number] != number:
            number = leads_to[number]
        return number

    for number, sale in enumerate(sales):
        leads_to.append(number)
        for sign in sale.signs:
            leads_to[root(number)] = root(first.setdefault(sign, number))
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(sales)):
        groups[root(number)].append(number)
    return list(groups.values())


def _any_of(people: Iterable[Keys]) -> Q:
    """Rows about any of these people; rows about others may be among them."""
    found = list(people)
    emails, phones = ({keys[name] for keys in found} - {""} for name in ("email_key", "phone_key"))
    # Saying once more that it is not empty lets the database use its partial indexes.
    by_email = Q(email_key__in=emails) & ~Q(email_key="")
    return by_email | (Q(phone_key__in=phones) & ~Q(phone_key=""))


def _places(program: Program, hints: Iterable[Hints]) -> dict[Any, Enrolment]:
    """The places of the program that these codes and people lead to."""
    given = list(hints)
    codes = {code for one in given if (code := one.code.strip().upper()).isalnum() and len(code) <= 20}
    people = {one.advocate for one in given if one.advocate}
    if not (codes or people):
        return {}
    wanted = Q(code__in=codes) | Q(advocate__in=people)
    rows = list(Enrolment.objects.filter(wanted, program=program).select_related("advocate"))
    return {row.code: row for row in rows} | {row.advocate: row for row in rows}
