"""Sales that other systems report: in any order, any number of times, with whatever they know of the buyer."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.locks import hold
from referrals.models import (
    Advocate,
    Attribution,
    Click,
    Conversion,
    Enrolment,
    Event,
    Program,
    Referral,
    Refund,
)
from referrals.services.attribution import Decision, attribute_all
from referrals.services.conversion import move_conversion, record_sale, reverse_conversion
from referrals.services.referral import close_follow_ups
from referrals.services.refund import apply_refunds
from referrals.services.risk import assess, signs_of_sale
from referrals.services.same_sale import joined, same_by_hand
from referrals.services.touch import Buyer, Case, Hints, keys_of, new_row, stand_as, touches_of
from referrals.services.twin import bound
from referrals.transitions import Refused
from referrals.upsert import insert_all

Standing = Attribution.Standing


class Taken(NamedTuple):
    """What became of a report: the sale and whose it is, unless nobody recommended the buyer or the
    referral is still under review. ``attribution`` keeps the answer with its explanation."""

    conversion: Conversion | None
    referral: Referral | None
    decision: Decision
    attribution: Attribution


def take_conversion(
    program: Program,
    *,
    external_id: str,
    amount: int,
    currency: str,
    now: datetime,
    occurred_at: datetime | None = None,
    email: str = "",
    phone: str = "",
    name: str = "",
    company: str = "",
    code: str = "",
    click: Click | None = None,
    referral: Referral | None = None,
    advocate: Advocate | None = None,
    by: Any = None,
    source: str = "",
) -> Taken:
    """Take in a sale, find out whom it counts for, and do what follows.

    ``amount`` is in minor units of ``currency``. ``code``, ``click``, ``referral`` and ``advocate`` are what the
    report says about who brought the buyer; a code that leads to nobody is passed over. The same order
    again is the same sale. Raises Refused with a sentence when it comes with another amount.
    """
    buyer, hints = Buyer(email, phone, name, company), Hints(code, click, referral, advocate)
    keys = keys_of(buyer, hints)
    with transaction.atomic(savepoint=False):
        hold(names_of(program, external_id, keys), within=program.pk)
        case = Case(program, external_id, keys, hints.referral)
        row = case.row_of(external_id, received_at=now, source=source[:40], **keys)
        if not row.is_sale:
            _take_number(case, row, amount, currency, occurred_at or now, now, by)
        if not row.is_sale:
            row.amount, row.currency, row.occurred_at = amount, currency, occurred_at or now
            row.email_key, row.phone_key = keys["email_key"], keys["phone_key"]
        elif (row.amount, row.currency) != (amount, currency):
            raise other_amount(external_id)
        elif keys_of_row(row) != keys:
            # First reported, or recorded by hand, under another address: that buyer it is.
            row.save()
            buyer = Buyer()
            case = Case(program, external_id, keys_of_row(row), hints.referral)
            row = case.row_of(external_id)
        hints = replace(hints, referral=case.knows(hints.referral))
        # The moment that counts is the first one we were told.
        case.add(touches_of(program, external_id, row.occurred_at or now, hints, keys))
        return _settle(case, row, buyer, now, by)


def _take_number(
    case: Case, row: Attribution, amount: int, currency: str, at: datetime, now: datetime, by: Any
) -> None:
    """A colleague may have recorded this sale already, without its number: it gets the number, and stays as it was
    recorded. Refunds that came before the order count."""
    sold = same_by_hand(case.by_hand, amount=amount, currency=currency, at=at)
    if sold is None or row.conversion:
        return
    number, sold.external_id = sold.external_id, row.external_id
    Conversion.objects.filter(pk=sold.pk).update(external_id=row.external_id)
    Refund.objects.filter(program=row.program_id, order=number).update(order=row.external_id)
    taken_back, why = row.reversed_at, row.reversal_reason
    stand_as(row, sold)
    how = joined(
        sold,
        sold.referral,
        number=number,
        by_hand_at=sold.occurred_at,
        at=at,
        first="by hand",
        now=now,
        by=by,
    )
    Event.objects.record([how], now=now)
    if taken_back:
        row.conversion = reverse_conversion(sold, reason=why, now=now, by=by)
        row.reversed_at, row.reversal_reason = taken_back, why
    elif row.pk:
        row.conversion = apply_refunds(sold, now=now, by=by)
        row.reversed_at, row.reversal_reason = row.conversion.reversed_at, row.conversion.reversal_reason


def take_reversal(
    program: Program,
    *,
    external_id: str,
    now: datetime,
    reason: str = "",
    by: Any = None,
    source: str = "",
) -> Attribution:
    """An order was cancelled or refunded. One that has not been reported yet will be taken back when it
    comes; taking it back again changes nothing."""
    with transaction.atomic():
        hold([f"order:{program.pk}:{external_id}"], within=program.pk)
        known = Attribution.objects.filter(program=program, external_id=external_id)
        row = known.select_related("conversion").first()
        if row is None:
            by_hand = Conversion.objects.filter(program=program, external_id=external_id)
            sold = by_hand.select_related("referral")
            row = new_row(program, external_id, sold, received_at=now, source=source[:40])
        if row.reversed_at is None:
            row.reversed_at, row.reversal_reason = now, reason[:120]
            row.save()
            if row.conversion:
                reverse_conversion(row.conversion, reason=row.reversal_reason, now=now, by=by)
    return row


def decide(program: Program, row: Attribution, buyer: Buyer, *, now: datetime, by: Any) -> Taken:
    """Find the answer for every order of this person anew, and act on those that changed."""
    case = Case(program, row.external_id, keys_of_row(row))
    return _settle(case, case.row_of(row.external_id), buyer, now, by)


def _settle(case: Case, row: Attribution, buyer: Buyer, now: datetime, by: Any) -> Taken:
    answers = attribute_all(case.program, case.facts(), case.sales())
    for other in case.rows:
        _act(case, other, answers[other.external_id], buyer, now, by)
    sold = row.conversion
    return Taken(sold, sold.referral if sold else None, answers[row.external_id], row)


def look_again(referrals: Iterable[Referral], *, now: datetime, by: Any) -> None:
    """After a review: sales that waited for it are recorded, or count for whoever comes next."""
    places = {referral.enrolment_id for referral in referrals}
    held = Attribution.objects.filter(standing=Standing.HELD, enrolment__in=places).select_related("program")
    for row in held.order_by("pk"):
        hold(names_of(row.program, row.external_id, keys_of_row(row)), within=row.program_id)
        decide(row.program, row, Buyer(), now=now, by=by)


def other_amount(order: str) -> Refused:
    return Refused(
        _("Order “%(order)s” is recorded already, with another amount. Check the number.") % {"order": order}
    )


def names_of(program: Program, order: str, keys: dict[str, str]) -> list[str]:
    """What is held while a sale is taken in: its order, and whoever bought."""
    people = [f"friend:{program.pk}:{key}" for key in keys.values() if key]
    return [f"order:{program.pk}:{order}", *people]


def keys_of_row(row: Attribution) -> dict[str, str]:
    return {"email_key": row.email_key, "phone_key": row.phone_key}


def _act(case: Case, row: Attribution, decision: Decision, buyer: Buyer, now: datetime, by: Any) -> None:
    """Make the sale stand where the answer says, as far as that can be done without a person."""
    row.rule, row.touches, row.decided_at = decision.rule, as_data(decision), now
    wanted = decision.enrolment
    if row.conversion is None and wanted is None:
        row.standing, row.enrolment_id = Standing.NOBODY, None
    elif row.conversion is None:
        _record(case, row, decision, buyer, now, by)
    elif wanted is not None and wanted != row.enrolment_id:
        _move(case, row, decision, buyer, now, by)
    elif row.standing == Standing.DISPUTED:
        row.standing, row.rightful_id = Standing.DECIDED, None
    insert_all([row]) if row._state.adding else row.save()


def _record(case: Case, row: Attribution, decision: Decision, buyer: Buyer, now: datetime, by: Any) -> None:
    referral = _referral(case, row, decision, buyer, now)
    row.enrolment_id = referral.enrolment_id
    if waits(referral) or _looks_odd(case.program, referral, row, now):
        row.standing = Standing.HELD
        return
    row.standing = Standing.DECIDED
    if row.reversed_at:
        # Taken back before it came: it is kept, and nobody is told of a sale that is none.
        row.conversion = _store_reversed(row, referral, now)
        return
    _let_count_again(referral, now, by)
    row.conversion = record_sale(sale_of(row, referral, now), now=now, by=by)
    row.conversion.referral = referral
    if row.pk:
        # Refunds may have come before it counted.
        row.conversion = apply_refunds(row.conversion, now=now, by=by)
        row.reversed_at, row.reversal_reason = row.conversion.reversed_at, row.conversion.reversal_reason


def _move(case: Case, row: Attribution, decision: Decision, buyer: Buyer, now: datetime, by: Any) -> None:
    """What has been handed out for a sale is not taken from anybody by a late fact: a person decides."""
    sold = row.conversion
    assert sold is not None  # noqa: S101 - for the type checker
    referral = _referral(case, row, decision, buyer, now)
    if waits(referral) or bound([sold.referral_id]):
        row.standing, row.rightful_id = Standing.DISPUTED, referral.enrolment_id
        return
    _let_count_again(referral, now, by)
    row.moves += 1
    before = row.enrolment_id
    row.conversion = move_conversion(sold, referral, move=row.moves, now=now, by=by)
    row.standing, row.enrolment_id, row.rightful_id = Standing.DECIDED, referral.enrolment_id, None
    Event.objects.record(
        [
            Event(
                kind=Event.Kind.REFERRAL_ATTRIBUTED, program_id=row.program_id,
                advocate_id=referral.enrolment.advocate_id, referral=referral, actor=by, occurred_at=now,
                data={"order": row.external_id, "rule": row.rule, "before": before},
                dedup_key=f"attribution:{row.pk}:{row.moves}",
            )
        ],
        now=now,
    )  # fmt: skip


def _looks_odd(program: Program, referral: Referral, row: Attribution, now: datetime) -> bool:
    """Whether this sale makes the referral one at which a person has to look first."""
    if row.by_hand or not referral.may_become(Referral.Status.UNDER_REVIEW):
        return False
    if not assess(referral, program, signs_of_sale(referral, row, program), now=now):
        return False
    referral.advance(Referral.Status.UNDER_REVIEW, now=now, reason=Referral.Reason.SUSPICIOUS)
    close_follow_ups([referral], now=now)
    return True


def waits(referral: Referral) -> bool:
    """Whether a review has to come first."""
    if referral.status == Referral.Status.REJECTED:
        return referral.status_reason != Referral.Reason.OTHER_ADVOCATE
    return referral.status == Referral.Status.UNDER_REVIEW


def _let_count_again(referral: Referral, now: datetime, by: Any) -> None:
    if referral.status == Referral.Status.REJECTED:
        referral.advance(Referral.Status.SUBMITTED, now=now, by=by)


def sale_of(row: Attribution, referral: Referral, now: datetime) -> Conversion:
    """The sale that this row tells of, still to be stored."""
    assert row.amount is not None and row.occurred_at  # noqa: S101 - for the type checker
    return Conversion(
        program_id=row.program_id, external_id=row.external_id, referral=referral, amount=row.amount,
        currency=row.currency, occurred_at=row.occurred_at, recorded_at=now,
    )  # fmt: skip


def _store_reversed(row: Attribution, referral: Referral, now: datetime) -> Conversion:
    return Conversion.objects.create(
        program_id=row.program_id, external_id=row.external_id, referral=referral, amount=row.amount or 0,
        currency=row.currency, occurred_at=row.occurred_at or now, recorded_at=now,
        reversed_at=row.reversed_at, reversal_reason=row.reversal_reason,
    )  # fmt: skip


def _referral(case: Case, row: Attribution, decision: Decision, buyer: Buyer, now: datetime) -> Referral:
    """The person's referral by that advocate; made now, if they only used a code or a link."""
    assert decision.enrolment is not None  # noqa: S101 - for the type checker
    if known := case.referral_at(decision.enrolment):
        return known
    place = Enrolment.objects.select_related("advocate").get(pk=decision.enrolment)
    referral = new_referral(case, row, decision, place, buyer, now)
    Referral.objects.bulk_create([referral])
    case.referrals.append(referral)
    return referral


def new_referral(
    case: Case, row: Attribution, decision: Decision, place: Enrolment, buyer: Buyer, now: datetime
) -> Referral:
    """The referral of somebody who only used a code or a link, still to be stored."""
    touch = next((t for t in case.touches if decision.touch and t.key == decision.touch.key), None)
    click = touch.click if touch else None
    program = case.program
    referral = Referral(
        program=program, enrolment=place, source=Referral.Source.SALE, owner_id=program.owner_id, status_at=now,
        submitted_at=row.occurred_at or now, click=click, channel_id=click.channel_id if click else None,
        **_details(case, buyer),
    )  # fmt: skip
    referral.enrolment.program = program
    referral.set_keys()
    if not (referral.email_key or referral.phone_key):
        referral.email_key, referral.phone_key = row.email_key, row.phone_key
    return referral


def _details(case: Case, buyer: Buyer) -> dict[str, str]:
    """How to reach the buyer: as the report says, or as another advocate told us."""
    if buyer.email or buyer.phone or not case.referrals:
        return asdict(buyer)
    return {name: getattr(case.referrals[0], name) for name in asdict(buyer)}


def as_data(decision: Decision) -> list[dict[str, Any]]:
    return [
        {"way": touch.way, "enrolment": touch.enrolment, "at": touch.at.isoformat(), "verdict": str(verdict)}
        for touch, verdict in decision.considered
    ]
