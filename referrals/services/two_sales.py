"""What was taken for one sale is two: a person says so."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.models import Attribution, Conversion, Event, Referral
from referrals.services.conversion import record_sale
from referrals.services.sale import decide
from referrals.services.same_sale import joined_as
from referrals.services.touch import Buyer
from referrals.transitions import Moved, Refused


def tell_apart(sale: Conversion, *, now: datetime, by: Any, note: str) -> Moved:
    """The sale of a colleague and the order from outside count both, with their rewards; where only the amounts
    made one wonder, nothing changes but that nobody is asked again.

    Raises Refused with a sentence when part of the sale was paid back: of which of the two is not known.
    """
    with transaction.atomic():
        _lock(sale)
        sale = Conversion.objects.select_related("program", "referral__enrolment__advocate").get(pk=sale.pk)
        if (event := joined_as(sale)) is None and not sale.has_no_number:
            return Moved([], [sale])
        if event and (sale.refunded or sale.reversed_at):
            raise Refused(_("Part of it was paid back. Record the second sale on the friend's page instead."))
        Event.objects.record([_told(sale, event, now, by, note)], now=now)
        if event:
            _count_both(sale, event.data, now, by)
    return Moved([sale], [])


def _lock(sale: Conversion) -> None:
    rows = Referral.objects.select_for_update(of=("self",), no_key=True)
    rows.get(pk=sale.referral_id)


def _count_both(sale: Conversion, data: dict[str, Any], now: datetime, by: Any) -> None:
    """Whichever came first keeps its rewards; the other is recorded as if nobody had taken them for one."""
    order = sale.external_id
    row = Attribution.objects.filter(conversion=sale).first()
    if data["came_first"] == "outside" or row is None:
        other = Conversion(
            program=sale.program, external_id=data["number"], referral=sale.referral, amount=sale.amount,
            currency=sale.currency, occurred_at=datetime.fromisoformat(data["by_hand_at"]), recorded_at=now,
        )  # fmt: skip
        record_sale(other, now=now, by=by)
        return
    Conversion.objects.filter(pk=sale.pk).update(external_id=data["number"])
    row.conversion, row.enrolment, row.by_hand, row.standing = None, None, False, row.Standing.NOBODY
    row.occurred_at = datetime.fromisoformat(data["at"])
    row.save()
    decide(
        sale.program,
        Attribution.objects.get(external_id=order, program=sale.program),
        Buyer(),
        now=now,
        by=by,
    )


def _told(sale: Conversion, event: Event | None, now: datetime, by: Any, note: str) -> Event:
    return Event(
        kind=Event.Kind.CONVERSION_TOLD_APART, program_id=sale.program_id, referral=sale.referral, actor=by,
        advocate_id=sale.referral.enrolment.advocate_id, occurred_at=now,
        data={"conversion": sale.pk, "note": note} | ({"order": event.data["order"]} if event else {}),
    )  # fmt: skip
