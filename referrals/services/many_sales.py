"""Sales that are reported together, taken in as one after the other, in a number of queries that does not grow.

What is unusual – a sale that moves to somebody else, was taken back or looks odd, a buyer of whom the reports
differ – is found out before anything of it is stored, and is taken in alone, after all others: see ``Unusual``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import transaction

from referrals.locks import hold, hold_all
from referrals.many import save_many
from referrals.models import Attribution, Conversion, Event, Program, Referral
from referrals.services.attribution import Decision, attribute_all
from referrals.services.buyers import Gathered, LoadedCase, Sale, groups_of
from referrals.services.conversion import event_of_sale
from referrals.services.customer import make_advocates
from referrals.services.referral import close_follow_ups
from referrals.services.risk import LAST_SALES, last_amounts, signs_of_sale
from referrals.services.sale import (
    Standing,
    Taken,
    as_data,
    keys_of_row,
    names_of,
    new_referral,
    other_amount,
    sale_of,
    take_conversion,
    waits,
)
from referrals.services.same_sale import same_by_hand
from referrals.services.touch import Buyer, note_touches, touches_of
from referrals.transitions import Refused
from referrals.upsert import insert_new

CONVERTED = Referral.Status.CONVERTED
# Whose buyers are held one by one; more hold up everybody else of the program for the moment.
A_FEW = 100
DECIDED = (
    "email_key", "phone_key", "amount", "currency", "occurred_at", "standing", "conversion", "enrolment", "rightful",
    "rule", "touches", "decided_at",
)  # fmt: skip


class Unusual(Exception):
    """This cannot be done in a set, and nothing of it has been stored: it is taken in alone."""


def take_conversions(
    program: Program, sales: Sequence[Sale], *, now: datetime, by: Any = None, source: str = ""
) -> list[Taken | Refused]:
    """Take in these sales, each as if reported alone; returns what came of each.

    One that is refused leaves the others alone: with all or nothing in mind, undo the transaction. Unusual ones
    come after the others, so that the last of a budget may go to another than in the order of the reports.
    """
    if not sales:
        return []
    with transaction.atomic(savepoint=False):
        _wait_for_turn(program, sales)
        answers = Batch(program, sales, now, by, source).take()
        return [
            answers[n] if n in answers else _take_alone(program, sale, now, by, source)
            for n, sale in enumerate(sales)
        ]


def _wait_for_turn(program: Program, sales: Sequence[Sale]) -> None:
    if len(sales) > A_FEW:
        hold_all(program.pk)
    else:
        names = (name for sale in sales for name in names_of(program, sale.order, sale.keys))
        hold(names, within=program.pk)


def _take_alone(program: Program, sale: Sale, now: datetime, by: Any, source: str) -> Taken | Refused:
    hints = sale.hints
    try:
        with transaction.atomic():
            return take_conversion(
                program, external_id=sale.order, amount=sale.amount, currency=sale.currency, occurred_at=sale.at,
                now=now, code=hints.code, click=hints.click, referral=hints.referral, advocate=hints.advocate, by=by,
                source=source, **asdict(sale.buyer),
            )  # fmt: skip
    except Refused as refused:
        return refused


class Batch:
    """The usual ones of these sales: what becomes of them is found out first, and stored together then."""

    def __init__(self, program: Program, sales: Sequence[Sale], now: datetime, by: Any, source: str) -> None:
        self.program, self.sales, self.now, self.by, self.source = program, sales, now, by, source[:40]
        self.gathered = Gathered(program, sales)
        self.amounts = last_amounts(program)

    def take(self) -> dict[int, Taken | Refused]:
        """What came of each that is not unusual, by its place."""
        cases = [self._cases(group) for group in groups_of(self.sales)]
        met = Counter(row for those in cases for row in set().union(*(case.locked for case in those)))
        usual = [
            one
            for those in cases
            if all(met[row] == 1 for case in those for row in case.locked) and (one := self._foreseen(those))
        ]
        try:
            with transaction.atomic():
                self._store(usual)
        except Unusual:
            return {}
        return {number: answer for one in usual for number, answer in one.answers.items()}

    def _cases(self, group: Sequence[int]) -> list[LoadedCase]:
        """The case of a buyer; several, where the reports differ."""
        reports: dict[tuple[str, ...], dict[int, Sale]] = {}
        for number in group:
            reports.setdefault(tuple(self.sales[number].keys.values()), {})[number] = self.sales[number]
        return [LoadedCase(self.gathered, sales) for sales in reports.values()]

    def _foreseen(self, cases: Sequence[LoadedCase]) -> "Outcome | None":
        try:
            if len(cases) > 1:
                raise Unusual
            found = Outcome(self, cases[0])
        except Unusual:
            return None
        own = [sale.amount for _turn, sale in found.sold if sale.currency == self.program.currency]
        self.amounts = [*reversed(own), *self.amounts][:LAST_SALES]
        return found

    def _store(self, usual: "Sequence[Outcome]") -> None:
        note_touches([touch for one in usual for touch in one.case.new_touches])
        Referral.objects.bulk_create(in_turn(one.made for one in usual), batch_size=200)
        sold = in_turn(one.sold for one in usual)
        for sale in sold:
            # Said once more, now that the friend has a key.
            sale.referral = sale.referral
        if len(insert_new(sold, by="external_id")) < len(sold):
            # Somebody here has just recorded one of them by hand.
            raise Unusual
        rows = [row for one in usual for row in one.rows.values()]
        for row in rows:
            row.conversion = row.conversion
        Attribution.objects.bulk_create([row for row in rows if row.pk is None], batch_size=200)
        save_many([row for row in rows if row.pk is not None], DECIDED)
        self._tell(in_turn(one.won for one in usual), sold)

    def _tell(self, won: Sequence[Referral], sold: Sequence[Conversion]) -> None:
        """Make customers of these friends, and record what happened, sale by sale."""
        if not sold:
            return
        news = make_advocates(won, now=self.now, by=self.by)
        Referral.objects.move_locked(won, CONVERTED, now=self.now)
        save_many([row for row in won if row.pk in news], ["became"])
        close_follow_ups(won, now=self.now)
        news = {row.pk: [row.event_of_status(self.now, self.by), *news.get(row.pk, [])] for row in won}
        events: list[Event] = []
        for sale in sold:
            events += [*news.pop(sale.referral_id, []), event_of_sale(sale, sale.referral, self.by)]
        Event.objects.record(events, now=self.now)


def in_turn(found: Iterable[Sequence[tuple[int, Any]]]) -> list[Any]:
    """What the sales of all buyers brought, in the order of the sales."""
    pairs = sorted(chain.from_iterable(found), key=lambda pair: pair[0])
    return [thing for _turn, thing in pairs]


class Outcome:
    """What becomes of the sales to one buyer. Raises Unusual where that cannot be told from what is gathered."""

    def __init__(self, batch: Batch, case: LoadedCase) -> None:
        self.batch, self.case = batch, case
        self.answers: dict[int, Taken | Refused] = {}
        self.rows: dict[str, Attribution] = {}
        # Each with the place of the sale that brought it.
        self.made: list[tuple[int, Referral]] = []
        self.won: list[tuple[int, Referral]] = []
        self.sold: list[tuple[int, Conversion]] = []
        if not case.is_even or case.is_recorded_by_hand:
            raise Unusual
        for number, sale in case.sales_in_turn.items():
            self.turn = number
            self.answers[number] = self._take(sale)

    def _take(self, sale: Sale) -> Taken | Refused:
        case, keys, now, source = self.case, sale.keys, self.batch.now, self.batch.source
        row = case.row_of(sale.order, received_at=now, source=source, **keys)
        at = sale.at or now
        if not row.is_sale and same_by_hand(case.by_hand, amount=sale.amount, currency=sale.currency, at=at):
            raise Unusual
        if not row.is_sale:
            row.amount, row.currency, row.occurred_at = sale.amount, sale.currency, sale.at or now
            row.email_key, row.phone_key = keys["email_key"], keys["phone_key"]
        elif (row.amount, row.currency) != (sale.amount, sale.currency):
            return other_amount(sale.order)
        elif keys_of_row(row) != keys:
            raise Unusual
        hints = replace(sale.hints, referral=case.knows(sale.hints.referral))
        named, at = self.batch.gathered.named_by(hints), row.occurred_at or now
        case.add(touches_of(case.program, sale.order, at, hints, keys, named))
        answers = attribute_all(case.program, case.facts(), case.sales())
        for other in case.rows:
            self._act(other, answers[other.external_id], sale.buyer)
        sold = row.conversion
        return Taken(sold, sold.referral if sold else None, answers[row.external_id], row)

    def _act(self, row: Attribution, decision: Decision, buyer: Buyer) -> None:
        """As it is done for one sale alone."""
        row.rule, row.touches, row.decided_at = decision.rule, as_data(decision), self.batch.now
        wanted = decision.enrolment
        if row.conversion is None and wanted is None:
            row.standing, row.enrolment_id = Standing.NOBODY, None
        elif row.conversion is None:
            self._record(row, decision, buyer)
        elif wanted is not None and wanted != row.enrolment_id:
            raise Unusual
        elif row.standing == Standing.DISPUTED:
            row.standing, row.rightful_id = Standing.DECIDED, None
        self.rows[row.external_id] = row

    def _record(self, row: Attribution, decision: Decision, buyer: Buyer) -> None:
        referral = self._referral(row, decision, buyer)
        row.enrolment_id = referral.enrolment_id
        if waits(referral):
            row.standing = Standing.HELD
            return
        if row.reversed_at or row.external_id in self.batch.gathered.refunded:
            raise Unusual
        if referral not in [friend for _turn, friend in self.won] and referral.status != CONVERTED:
            if not referral.may_become(CONVERTED) or self._looks_odd(referral, row):
                raise Unusual
            self.won.append((self.turn, referral))
        row.standing = Standing.DECIDED
        row.conversion = sale_of(row, referral, self.batch.now)
        self.sold.append((self.turn, row.conversion))

    def _looks_odd(self, referral: Referral, row: Attribution) -> bool:
        if row.by_hand or not referral.may_become(Referral.Status.UNDER_REVIEW):
            return False
        return bool(signs_of_sale(referral, row, self.case.program, self.batch.amounts))

    def _referral(self, row: Attribution, decision: Decision, buyer: Buyer) -> Referral:
        assert decision.enrolment is not None  # noqa: S101 - for the type checker
        if known := self.case.referral_at(decision.enrolment):
            return known
        place = self.case.place(decision.enrolment)
        if place is None:
            raise Unusual
        referral = new_referral(self.case, row, decision, place, buyer, self.batch.now)
        self.case.referrals.append(referral)
        self.made.append((self.turn, referral))
        return referral
