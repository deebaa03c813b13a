"""What a suspicious sign says, as a sentence for whoever has to judge it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.models.risk import Signal
from referrals.money import format_money

SENTENCES: dict[str, Any] = {
    Signal.SAME_DEVICE: gettext_lazy("Both used the same device within a month, and bear the same name."),
    Signal.DISPOSABLE: gettext_lazy("%(domain)s gives addresses away for a few minutes."),
    Signal.SAME_BROWSER: gettext_lazy(
        "On one day both came from the same connection, with the same browser."
    ),
    Signal.ALIKE: gettext_lazy("Name and address are nearly those of somebody we know already."),
    Signal.FAST_SALE: gettext_lazy("The sale came %(seconds)d seconds after the visit."),
    Signal.SAME_COMPANY: gettext_lazy("Both have addresses at %(domain)s."),
    Signal.MANY: gettext_lazy("The advocate named %(hour)d friends within an hour, %(day)d within a day."),
    Signal.ODD_AMOUNT: gettext_lazy("The sale is more than ten times the usual %(usual)s."),
    Signal.SAME_ADDRESS: gettext_lazy(
        "On one day both came from the same connection; colleagues and families do."
    ),
}


def sentence_of(sign: dict[str, Any], currency: str) -> str:
    """What was seen. ``currency`` is the program's, in which amounts were compared."""
    seen = sign["seen"]
    if seen.get("who") == "advocate":
        return _("Name and address are nearly those of the advocate.")
    if "below" in seen:
        return _("The sale is below the smallest usual one, %(least)s.") % {
            "least": format_money(seen["below"], currency)
        }
    if "usual" in seen:
        seen = {"usual": format_money(seen["usual"], currency)}
    return str(SENTENCES[sign["signal"]]) % seen
