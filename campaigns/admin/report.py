"""“Which incentive works”: one against another, with no more certainty than the numbers have."""

from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from referrals.admin.chosen import chosen_of
from referrals.admin.scoped import asker
from referrals.models import Program
from referrals.roles import programs_granting
from rewards.models import Incentive, RewardRule
from rewards.services.report import ENOUGH, Effect, by_kind_of_value, effects, verdict

# So many below the best are compared with it.
COMPARED = 5


class Comparison(NamedTuple):
    """A question, what was counted, and what it says."""

    title: str
    lines: list[dict[str, Any]]
    sentences: list[str]


def compare_incentives(request: HttpRequest) -> HttpResponse:
    """For one program: the first, or the one chosen of those whose incentives the person may see."""
    if not asker(request).has_perm("rewards.view_incentive"):
        raise PermissionDenied
    programs = list(programs_granting(asker(request), "view", Incentive))
    program = chosen_of(programs, request.GET)
    shown = {
        "title": _("Which incentive works"),
        "programs": programs,
        "program": program,
        "comparisons": _comparisons(program) if program else [],
        "enough": ENOUGH,
    }
    return TemplateResponse(
        request, "admin/incentives_compared.html", admin.site.each_context(request) | shown
    )


def _comparisons(program: Program) -> list[Comparison]:
    now = timezone.now()
    money, other = by_kind_of_value(program, now=now)
    found = [Comparison(_("Money against everything else"), _lines([money, other]), [verdict(money, other)])]
    for side, label in RewardRule.Side.choices:
        rows = effects(program, side, now=now)
        if rows:
            title = _("What is promised to %(side)s") % {"side": label}
            found.append(Comparison(title, _lines(rows), _against_best(rows)))
    return found


def _lines(rows: list[Effect]) -> list[dict[str, Any]]:
    """Shares as whole percent of all friends, with their interval; the bar's numbers are for the SVG."""
    lines = []
    for effect in rows:
        low, high = effect.interval
        lines.append(
            {
                "label": effect.label, "named": effect.named, "bought": effect.bought,
                "share": round(100 * effect.share), "low": round(100 * low), "high": round(100 * high),
                "width": max(1, round(100 * (high - low))), "known": bool(effect.named),
            }
        )  # fmt: skip
    return lines


def _against_best(rows: list[Effect]) -> list[str]:
    if len(rows) == 1:
        return [_("There is nothing to compare it with: only one incentive has been promised on a sale.")]
    best, *others = rows
    return [f"{best.label} / {other.label}: {verdict(best, other)}" for other in others[:COMPARED]]
