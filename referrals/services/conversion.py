from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.models import Conversion, Event, Referral
from referrals.services.customer import make_advocate
from referrals.services.referral import close_follow_ups
from referrals.services.same_sale import joined, reported_before
from referrals.transitions import Refused
from referrals.upsert import insert_new


def record_conversion(
    referral: Referral,
    *,
    external_id: str,
    amount: int,
    currency: str,
    now: datetime,
    occurred_at: datetime | None = None,
    by: Any = None,
) -> Conversion:
    """A friend bought: count the sale once and make the referral a customer.

    ``amount`` is in minor units of ``currency`` (ISO 4217). The same order reported again gives the
    first conversion back and changes nothing; so does a sale without a number that was reported from outside
    within days. Raises Refused with a sentence when the order belongs to
    another referral or amount, or when the referral's status does not allow a sale.
    """
    with transaction.atomic():
        # Everyone who reports a sale of this friend queues up here.
        row = _queue_up(referral.pk)
        sale = Conversion(
            program_id=row.program_id, external_id=external_id or Conversion.without_number(row.pk), referral=row,
            amount=amount, currency=currency, occurred_at=occurred_at or now, recorded_at=now,
        )  # fmt: skip
        if sale.has_no_number and (same := reported_before(sale)):
            Event.objects.record([_joined(same, sale, row, now, by)], now=now)
            return same
        return record_sale(sale, now=now, by=by)


def record_sale(sale: Conversion, *, now: datetime, by: Any = None) -> Conversion:
    """``record_conversion()`` of a sale to a friend whose referral the caller has locked."""
    stored = _store(sale)
    if stored is sale:
        row = sale.referral
        Event.objects.record([*_make_customer(row, now, by), event_of_sale(sale, row, by)], now=now)
    return stored


def _joined(same: Conversion, sale: Conversion, row: Referral, now: datetime, by: Any) -> Event:
    return joined(
        same, row, number=sale.external_id, by_hand_at=sale.occurred_at, at=same.occurred_at, first="outside",
        now=now, by=by,
    )  # fmt: skip


def _store(sale: Conversion) -> Conversion:
    """The conversion of this order: this one, if there was none before."""
    if insert_new([sale], by="external_id"):
        return sale
    stored = Conversion.objects.get(program_id=sale.program_id, external_id=sale.external_id)
    if (stored.referral_id, stored.amount, stored.currency) != (sale.referral_id, sale.amount, sale.currency):
        raise Refused(
            _("Order “%(order)s” is recorded already, with another amount or friend. Check the number.")
            % {"order": sale.external_id}
        )
    return stored


def _make_customer(row: Referral, now: datetime, by: Any) -> list[Event]:
    if row.status == Referral.Status.CONVERTED:
        return []
    if not row.may_become(Referral.Status.CONVERTED):
        raise row.refused(Referral.Status.CONVERTED)
    became = make_advocate(row, now=now, by=by)
    Referral.objects.move_locked([row], Referral.Status.CONVERTED, now=now, became_id=row.became_id)
    close_follow_ups([row], now=now)
    return [row.event_of_status(now, by), *became]


def move_conversion(
    conversion: Conversion, to: Referral, *, move: int, now: datetime, by: Any = None
) -> Conversion:
    """A sale counts for another referral than was thought. ``move`` counts the moves of this sale.

    What the sale did for the first referral is undone, as if it had been taken back, and done for the other.
    A friend who bought nothing else by the first does not count there any more.
    """
    with transaction.atomic():
        first, second = sorted((conversion.referral_id, to.pk))
        rows = {pk: _queue_up(pk) for pk in (first, second)}
        old, new = rows[conversion.referral_id], rows[to.pk]
        Conversion.objects.filter(pk=conversion.pk).update(referral=new)
        conversion.referral = new
        if conversion.reversed_at is None:
            undone = _reversed(conversion, old, now, by, f"conversion:{conversion.pk}:moved:{move}")
            _leave(old, now, by)
            Event.objects.record([undone], now=now)
            sold = event_of_sale(conversion, new, by, f"conversion:{conversion.pk}:{move}")
            Event.objects.record([*_make_customer(new, now, by), sold], now=now)
    return conversion


def _leave(old: Referral, now: datetime, by: Any) -> None:
    """The referral from which a sale was moved away; with no other sale it does not count."""
    if old.conversions.filter(reversed_at=None).exists():
        return
    this = Referral.objects.filter(pk=old.pk)
    this.advance(Referral.Status.QUALIFIED, now=now, by=by)
    this.advance(Referral.Status.REJECTED, now=now, by=by, reason=Referral.Reason.OTHER_ADVOCATE)
    close_follow_ups([old], now=now)


def reverse_conversion(conversion: Conversion, *, reason: str, now: datetime, by: Any = None) -> Conversion:
    """A sale was cancelled or refunded: it counts no more. Taking it back again changes nothing.

    A friend of whom another sale stands stays a customer.
    """
    with transaction.atomic():
        referral = _queue_up(conversion.referral_id)
        row = Conversion.objects.get(pk=conversion.pk)
        if row.reversed_at:
            return row
        row.reversed_at, row.reversal_reason = now, reason
        row.save(update_fields=["reversed_at", "reversal_reason"])
        if not referral.conversions.filter(reversed_at=None).exists():
            Referral.objects.filter(pk=referral.pk).advance(
                Referral.Status.QUALIFIED, now=now, by=by, note=reason
            )
        Event.objects.record([_reversed(row, referral, now, by)], now=now)
    return row


def _queue_up(referral_id: int) -> Referral:
    """The referral, locked: its sales, and what is taken back, happen one after the other."""
    rows = Referral.objects.select_for_update(of=("self",), no_key=True)
    # With all that rewards and mails say about the program and who recommended.
    row = rows.select_related("program__owner", "enrolment__advocate").get(pk=referral_id)
    row.enrolment.program = row.program
    return row


def _reversed(
    conversion: Conversion, referral: Referral, now: datetime, by: Any, dedup_key: str = ""
) -> Event:
    return Event(
        kind=Event.Kind.CONVERSION_REVERSED,
        program_id=conversion.program_id,
        advocate_id=referral.enrolment.advocate_id,
        referral=referral,
        actor=by,
        occurred_at=now,
        data={"order": conversion.external_id, "reason": conversion.reversal_reason},
        dedup_key=dedup_key or f"conversion:{conversion.pk}:reversed",
    )


def event_of_sale(conversion: Conversion, referral: Referral, by: Any, dedup_key: str = "") -> Event:
    return Event(
        kind=Event.Kind.CONVERSION_RECORDED,
        program_id=conversion.program_id,
        advocate_id=referral.enrolment.advocate_id,
        referral=referral,
        actor=by,
        occurred_at=conversion.occurred_at,
        data={"order": conversion.external_id, "amount": conversion.left, "currency": conversion.currency},
        dedup_key=dedup_key or f"conversion:{conversion.pk}",
    )
