"""What we promise and have no more of, or soon: pools of codes, stock, budgets. For desk, digest and alerts."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.links import link_to_desk
from campaigns.services.notices import alert_staff
from referrals.models import Membership, Program
from referrals.money import format_money
from rewards.models import Budget, Incentive
from rewards.services.supply import Supply, supplies

# A budget of which less is left wants somebody.
TIGHT_PERCENT = 10


def running_out(programs: QuerySet[Program] | Iterable[int], *, now: datetime) -> list[Supply]:
    """Stocks and pools that are empty, or will be within two weeks at the pace of the last 30 days."""
    incentives = Incentive.objects.filter(program__in=programs)
    return [supply for supply in supplies(incentives, now=now) if supply.runs_out]


def tight_budgets(programs: QuerySet[Program] | Iterable[int], *, now: datetime) -> QuerySet[Budget]:
    """Budgets of today of which a tenth or less is free."""
    used_up = F("amount") * (100 - TIGHT_PERCENT)
    rows: QuerySet[Budget] = Budget.objects.filter(program__in=programs).in_force(now.date())
    return rows.alias(spent=F("used") * 100).filter(spent__gte=used_up, used__gt=0)


class Shortage(NamedTuple):
    """Something that ran out, in words."""

    program: Program
    words: str


def tell_of_shortages(*, now: datetime) -> int:
    """Write to the managers of live programs in which something has run out, once a day each. Repeatable;
    returns to how many it was written, or had been."""
    live = Program.objects.live()
    short: dict[Program, list[str]] = defaultdict(list)
    for shortage in [*_empty_shelves(live, now), *_spent_budgets(live, now)]:
        short[shortage.program].append(shortage.words)
    managers = managers_of([program.pk for program in short])
    written = [(user, program) for program in short for user in managers[program.pk]]
    for user, program in written:
        _tell(user, program, short[program], now)
    return len(written)


def _empty_shelves(programs: QuerySet[Program], now: datetime) -> Iterable[Shortage]:
    for supply in running_out(programs, now=now):
        if supply.left == 0:
            with override(supply.incentive.program.language):
                words = _("“%(what)s” has run out") % {"what": supply.incentive}
            yield Shortage(supply.incentive.program, words)


def _spent_budgets(programs: QuerySet[Program], now: datetime) -> Iterable[Shortage]:
    for budget in tight_budgets(programs, now=now).select_related("program"):
        program = budget.program
        with override(program.language):
            words = _("Of the budget until %(day)s, %(free)s are left") % {
                "day": budget.ends_on, "free": format_money(budget.free, program.currency),
            }  # fmt: skip
        yield Shortage(program, words)


def managers_of(programs: list[int]) -> dict[int, list[User]]:
    """The managers of these programs who can be written to; in one query."""
    found: dict[int, list[User]] = defaultdict(list)
    rows = Membership.objects.filter(
        program__in=programs, role=Membership.Role.MANAGER, user__is_active=True, user__is_staff=True
    )
    for row in rows.select_related("user").order_by("pk"):
        found[row.program_id].append(row.user)
    return found


def _tell(user: Any, program: Program, lines: list[str], now: datetime) -> None:
    with override(program.language):
        subject = _("%(program)s: something we promise has run out") % {"program": program}
        body = _(
            "%(lines)s.\n\nWhoever earns it now waits, or gets what the rule names instead. Add codes, stock or "
            "budget, and those who wait are served by themselves, the first in line first:\n\n%(link)s"
        ) % {"lines": ".\n".join(lines), "link": link_to_desk()}
    key = f"ran-out:{program.pk}:{user.pk}:{program.local(now):%Y-%m-%d}"
    alert_staff(user, key=key, program=program, subject=subject, body=body, now=now)
