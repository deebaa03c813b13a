"""Why a sale that a colleague recorded counts for whom it does, and what the rule alone would say."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from referrals.models import Attribution, Conversion, Enrolment, Event
from referrals.services.attribution import Decision, Rule, attribute_all
from referrals.services.explanation import refunds_of, rules_of
from referrals.services.sale import as_data
from referrals.services.touch import Case


def recorded(sale: Conversion) -> tuple[Attribution, list[str]]:
    """The answer for a sale of which nobody outside has reported anything: with every touch known of the person, as
    the rule sees it, and in sentences. Nothing is stored; in a number of queries that does not grow."""
    decision = _by_the_rule(sale)
    row = Attribution(
        program=sale.program, external_id=sale.external_id, conversion=sale, enrolment=sale.referral.enrolment,
        amount=sale.amount, currency=sale.currency, occurred_at=sale.occurred_at, by_hand=True,
        standing=Attribution.Standing.DECIDED, rule=decision.rule, touches=as_data(decision),
    )  # fmt: skip
    return row, list(_sentences(sale, decision))


def _by_the_rule(sale: Conversion) -> Decision:
    keys = {"email_key": sale.referral.email_key, "phone_key": sale.referral.phone_key}
    # What is known is read as when a sale comes in, which locks its rows: for a moment only.
    with transaction.atomic():
        case = Case(sale.program, sale.external_id, keys, sale.referral)
        sales = [
            one._replace(counts_for=None) if one.order == sale.external_id else one for one in case.sales()
        ]
        return attribute_all(sale.program, case.facts(), sales)[sale.external_id]


def _sentences(sale: Conversion, decision: Decision) -> Iterator[str]:
    place = sale.referral.enrolment
    yield _("It counts for %(who)s: %(by)s recorded it on the friend's page.") % {
        "who": place.advocate, "by": _recorder(sale),
    }  # fmt: skip
    why = {"why": Rule(decision.rule).label}
    if decision.enrolment is None:
        yield _("By the rule alone it would count for nobody: %(why)s.") % why
    elif decision.enrolment == place.pk:
        yield _("By the rule it counts for the same advocate: %(why)s.") % why
    else:
        other = Enrolment.objects.select_related("advocate").get(pk=decision.enrolment).advocate
        yield _(
            "By the rule alone it would count for %(other)s: %(why)s. What a colleague records stands."
        ) % (why | {"other": other})
    yield from rules_of(sale.program, decision.rule)
    yield from refunds_of(sale)


def _recorder(sale: Conversion) -> str:
    event = Event.objects.filter(dedup_key=f"conversion:{sale.pk}").select_related("actor").first()
    actor: Any = event.actor if event else None
    return (actor.get_full_name() or actor.get_username()) if actor else _("a colleague")
