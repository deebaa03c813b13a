"""Why a sale counts for whom it does, in the words of staff."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from referrals.models import Attribution, Conversion, Enrolment, Program
from referrals.models.attribution import Way
from referrals.money import format_money
from referrals.services.attribution import Rule, Verdict

Standing = Attribution.Standing


class Line(NamedTuple):
    """A touch: who, how, when, and what was said to it."""

    who: str
    how: str
    at: datetime
    verdict: str


def answer_of(row: Attribution) -> list[str]:
    """The answer, the rule behind it, and what is still open, a sentence each."""
    return [_headline(row), *_rules(row), *_what_else(row)]


def lines_of(row: Attribution) -> list[Line]:
    """Every touch that was considered, in the order in which they happened; one query."""
    places = Enrolment.objects.select_related("advocate").in_bulk({t["enrolment"] for t in row.touches})
    return [
        Line(
            str(places[touch["enrolment"]].advocate) if touch["enrolment"] in places else "",
            str(Way(touch["way"]).label),
            datetime.fromisoformat(touch["at"]),
            str(Verdict(touch["verdict"]).label),
        )
        for touch in row.touches
    ]


def _headline(row: Attribution) -> str:
    match row.standing:
        case Standing.WAITING:
            return _("Only its refund has been reported. As soon as the order comes, it is taken back.")
        case Standing.NOBODY:
            return _("It counts for nobody: %(why)s.") % {"why": Rule.NOBODY.label}
        case Standing.HELD:
            return _("It would count for %(who)s. It waits until the referral has been reviewed.") % _names(
                row
            )
        case Standing.DISPUTED:
            return _(
                "It counts for %(who)s. By the rule it would count for %(other)s, but a reward has been handed "
                "out: decide whether it stays."
            ) % _names(row)
    if row.by_hand:
        return _("It counts for %(who)s: a colleague said so.") % _names(row)
    return _("It counts for %(who)s: %(why)s.") % (_names(row) | {"why": _why(row)})


def _why(row: Attribution) -> str:
    known = row.rule in Rule.values
    return str(Rule(row.rule).label) if known else ""


def _names(row: Attribution) -> dict[str, str]:
    return {
        "who": str(row.enrolment.advocate) if row.enrolment else "",
        "other": str(row.rightful.advocate) if row.rightful else "",
    }


def _rules(row: Attribution) -> Iterator[str]:
    if not row.is_sale or row.by_hand:
        return
    yield from rules_of(row.program, row.rule)


def rules_of(program: Program, rule: str) -> Iterator[str]:
    """What beats what here, for how long, and which of several that are equal."""
    yield _("Strongest first: %(ways)s.") % {"ways": ", ".join(str(label) for _way, label in Way.choices)}
    yield from windows(program)
    if rule in (Rule.LAST, Rule.FIRST):
        yield _("Of several that are equally strong, this program takes %(which)s.") % {
            "which": program.get_which_touch_display()
        }


def windows(program: Program) -> Sequence[str]:
    """How long a recommendation counts here."""
    days = program.attribution_days
    said = ngettext(
        "A recommendation counts for %(days)d day.", "A recommendation counts for %(days)d days.", days
    )
    found = [said % {"days": days}]
    if program.click_days:
        said = ngettext(
            "A mere visit counts for %(days)d day.",
            "A mere visit counts for %(days)d days.",
            program.click_days,
        )
        found.append(said % {"days": program.click_days})
    return found


def refunds_of(sale: Conversion) -> Iterator[str]:
    """What was paid back of a sale that still counts."""
    if sale.refunded and not sale.reversed_at:
        money = {"refunded": sale.refunded, "left": sale.left}
        yield _("Of it %(refunded)s was paid back; %(left)s goes on counting.") % {
            name: format_money(amount, sale.currency) for name, amount in money.items()
        }


def _what_else(row: Attribution) -> Iterator[str]:
    if row.moves:
        yield ngettext(
            "It moved once, when something earlier became known.",
            "It moved %(count)d times, when something earlier became known.",
            row.moves,
        ) % {"count": row.moves}
    if row.conversion:
        yield from refunds_of(row.conversion)
    if row.reversed_at:
        yield _("It was taken back on %(day)s. %(why)s") % {
            "day": date_format(row.program.local(row.reversed_at), "j F Y"),
            "why": row.reversal_reason,
        }
    if row.note:
        yield row.note
