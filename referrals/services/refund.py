"""Part of a sale is paid back: the rest goes on counting, as far as it is enough."""

import sys
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from referrals.locks import hold
from referrals.models import Attribution, Conversion, Event, Program, Refund
from referrals.services.conversion import reverse_conversion
from referrals.transitions import Refused


class Refunded(NamedTuple):
    """A refund, and the sale that it is of, unless that has not been reported or counts for nobody."""

    refund: Refund | None
    conversion: Conversion | None
    attribution: Attribution | None


def take_refund(
    program: Program,
    *,
    external_id: str,
    amount: int,
    now: datetime,
    currency: str = "",
    number: str = "",
    reason: str = "",
    by: Any = None,
    source: str = "",
    may_exceed: bool = False,
) -> Refunded:
    """So much of an order was paid back, in minor units of its currency; all of it takes the sale back.

    ``number`` is the refund's own: reported again it changes nothing. A refund that comes before its order waits.
    Raises Refused with a sentence for another currency, and for more than was paid unless it ``may_exceed`` that:
    then it is all of it.
    """
    if amount <= 0:
        raise Refused(_("A refund is more than nothing. Check the amount."))
    with transaction.atomic():
        hold([f"order:{program.pk}:{external_id}"], within=program.pk)
        row = _order(program, external_id, now, source)
        known = Refund.objects.filter(program=program, order=external_id)
        if number and (same := known.filter(number=number).first()):
            if same.amount != amount:
                raise Refused(_("This refund is recorded already, with another amount. Check its number."))
            return Refunded(same, _sale(program, external_id), row)
        sale = _sale(program, external_id)
        refund = Refund(
            program=program, order=external_id, number=number, amount=amount, reason=reason[:120],
            currency=currency, recorded_at=now, recorded_by=by,
        )  # fmt: skip
        sold = row if row and row.is_sale else sale
        if sold:
            before = _total(known.filter(of_currency(sold.currency)))
            _refuse_other_money(
                refund, sold.currency, sys.maxsize if may_exceed else sold.amount or 0, before
            )
        refund.save()
        if sale:
            sale = apply_refunds(sale, now=now, by=by)
        return Refunded(refund, sale, row)


def refund_up_to(
    program: Program, external_id: str, total: int, *, now: datetime, currency: str = "", **more: Any
) -> Refunded:
    """So much of this order has been paid back by now, in one refund or several: what is not known of it yet is
    a refund. More than this may be known already; that stays. ``more`` is as for ``take_refund()``."""
    with transaction.atomic():
        hold([f"order:{program.pk}:{external_id}"], within=program.pk)
        known = Refund.objects.filter(program=program, order=external_id)
        missing = total - _total(known.filter(of_currency(currency)))
        if missing > 0:
            return take_refund(
                program, external_id=external_id, amount=missing, currency=currency, now=now, **more
            )
        row = Attribution.objects.filter(program=program, external_id=external_id).first()
        return Refunded(known.order_by("pk").last(), _sale(program, external_id), row)


def of_currency(currency: str) -> Q:
    """Refunds that are known to be in another count for nothing."""
    return Q(currency__in=("", currency)) if currency else Q()


def apply_refunds(sale: Conversion, *, now: datetime, by: Any = None) -> Conversion:
    """Let every refund of this sale count that does not yet. Called under the lock of its order; repeatable."""
    known = Refund.objects.filter(of_currency(sale.currency), program=sale.program_id, order=sale.external_id)
    refunds = list(known.order_by("pk"))
    total = sum(refund.amount for refund in refunds)
    if not refunds or sale.reversed_at:
        return sale
    if total >= sale.amount:
        sale = reverse_conversion(sale, reason=refunds[-1].reason, now=now, by=by)
        Attribution.objects.filter(conversion=sale).update(
            reversed_at=sale.reversed_at, reversal_reason=sale.reversal_reason
        )
        return sale
    sale.refunded = total
    sale.save(update_fields=["refunded"])
    advocate = sale.referral.enrolment.advocate_id
    Event.objects.record([_reduced(sale, refund, advocate, now, by) for refund in refunds], now=now)
    return sale


def _reduced(sale: Conversion, refund: Refund, advocate: int, now: datetime, by: Any) -> Event:
    return Event(
        kind=Event.Kind.CONVERSION_REDUCED, program_id=sale.program_id, advocate_id=advocate,
        referral_id=sale.referral_id, actor=by, occurred_at=now, dedup_key=f"refund:{refund.pk}",
        data={
            "order": sale.external_id, "amount": refund.amount, "left": sale.left, "currency": sale.currency,
            "reason": refund.reason,
        },
    )  # fmt: skip


def _order(program: Program, external_id: str, now: datetime, source: str) -> Attribution | None:
    """What is known of this order; a row that waits for it, where nothing is."""
    row = Attribution.objects.filter(program=program, external_id=external_id).first()
    if row is None and _sale(program, external_id) is None:
        row = Attribution.objects.create(
            program=program, external_id=external_id, received_at=now, source=source[:40]
        )
    return row


def _sale(program: Program, external_id: str) -> Conversion | None:
    rows = Conversion.objects.select_related("referral__enrolment")
    return rows.filter(program=program, external_id=external_id).first()


def _total(refunds: Any) -> int:
    return refunds.aggregate(total=Sum("amount"))["total"] or 0


def _refuse_other_money(refund: Refund, paid_in: str, paid: int, before: int) -> None:
    if refund.currency not in ("", paid_in):
        raise Refused(_("The order was paid in %(currency)s. Send the refund in it.") % {"currency": paid_in})
    if before + refund.amount > paid:
        raise Refused(
            _("That is more than is left of this order. Check the amount, and the number of the refund.")
        )
