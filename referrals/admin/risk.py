"""What looked suspicious about a referral, on its page; and what each sign weighs, on the program's."""

from typing import Any

from django.utils.translation import gettext as _

from referrals.admin.cells import colleague, moment
from referrals.admin.scoped import Panel, ScopedInline
from referrals.models import Referral, RiskSignal
from referrals.services.signs import sentence_of


class SignalInline(ScopedInline):
    model = RiskSignal
    fields = ("signal", "weight")


def risk_panel(referral: Referral) -> Panel:
    """The signs with their weights, and what a person made of them."""
    risk = getattr(referral, "risk", None)
    signs = risk.signs if risk else []
    rows: list[tuple[Any, ...]] = [
        (
            sentence_of(sign, referral.program.currency),
            sign["weight"],
            _("judged") if sign.get("judged") else "",
        )
        for sign in signs
    ]
    if risk and risk.verdict:
        when = moment(risk.decided_at, referral.program.zone)
        rows.append((risk.get_verdict_display(), when, colleague(risk.decided_by)))
    return Panel(
        _("What looked suspicious"), (_("Sign"), _("Weight"), ""), rows, _("Nothing looked suspicious.")
    )
