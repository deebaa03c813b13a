"""What we promise and have no more of, or soon: pools of codes, stock, budgets. For desk, digest and alerts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from campaigns.links import link_to_desk
from campaigns.models import ToldShortage
from campaigns.services.notices import alert_staff
from referrals.locks import hold
from referrals.models import Membership, Program
from referrals.money import format_money
from rewards.models import Budget, Incentive
from rewards.services.budget import ending_budgets
from rewards.services.supply import Drain, Supply, drains, supplies

Stage = ToldShortage.Stage
# A pace that goes up and down around the limit is one shortage, not one a day.
CALM = timedelta(days=7)


def running_out(programs: QuerySet[Program] | Iterable[int], *, now: datetime) -> list[Supply]:
    """Stocks and pools that are empty, or will be soon at the pace of the last 30 days."""
    incentives = Incentive.objects.filter(program__in=programs)
    return [supply for supply in supplies(incentives, now=now) if supply.runs_out]


def tight_budgets(programs: QuerySet[Program] | Iterable[int], *, now: datetime) -> list[Drain]:
    """Budgets of today of which a tenth or less is free, or that will be spent soon and too early."""
    return [drain for drain in drains(programs, now=now) if drain.runs_out]


class Shortage(NamedTuple):
    """Something that runs out: what, how far it has come, and both in words."""

    program: Program
    what: str
    stage: Stage
    words: str


def tell_of_shortages(*, now: datetime) -> int:
    """Write to the managers of live programs once about each thing that will run out, and once more when it
    has. What was filled up and runs out again is news again. Repeatable; returns to how many it was written."""
    live = Program.objects.live()
    found = [*_shelves(live, now), *_drained(live, now), *_ending(live, now)]
    with transaction.atomic():
        hold(["shortages"])
        short: dict[Program, list[str]] = defaultdict(list)
        for shortage in _news(found, now):
            short[shortage.program].append(shortage.words)
        managers = managers_of([program.pk for program in short])
        written = [(user, program) for program in short for user in managers[program.pk]]
        for user, program in written:
            _tell(user, program, short[program], now)
    return len(written)


def _news(found: list[Shortage], now: datetime) -> list[Shortage]:
    """Those that nobody was told of at this stage; from now on they have been."""
    told = {row.what: row for row in ToldShortage.objects.all()}
    there = {shortage.what for shortage in found}
    over = [row.pk for row in told.values() if row.what not in there and _is_over(row, now)]
    ToldShortage.objects.filter(pk__in=over).delete()
    changed = [s for s in found if s.what not in told or told[s.what].stage != s.stage]
    ToldShortage.objects.bulk_create(
        [ToldShortage(program=s.program, what=s.what, stage=s.stage, since=now) for s in changed],
        update_conflicts=True, unique_fields=["what"], update_fields=["stage", "since"],
    )  # fmt: skip
    # Filled up a little, it is still short: nothing to write about until it is gone again.
    return [s for s in changed if s.what not in told or told[s.what].stage < s.stage]


def _is_over(row: ToldShortage, now: datetime) -> bool:
    return row.stage == Stage.GONE or row.since < now - CALM


def _shelves(programs: QuerySet[Program], now: datetime) -> Iterator[Shortage]:
    for supply in running_out(programs, now=now):
        program = supply.incentive.program
        with override(program.language):
            if supply.left:
                words = _("“%(what)s”: %(left)s left, %(lasts)s") % {
                    "what": supply.incentive, "left": f"{supply.left:,}", "lasts": _lasts(supply.days_left),
                }  # fmt: skip
            else:
                words = _("“%(what)s” has run out") % {"what": supply.incentive}
        stage = Stage.SOON if supply.left else Stage.GONE
        yield Shortage(program, f"incentive:{supply.incentive.pk}", stage, words)


def _drained(programs: QuerySet[Program], now: datetime) -> Iterator[Shortage]:
    for drain in tight_budgets(programs, now=now):
        budget: Budget = drain.budget
        with override(budget.program.language):
            free = format_money(budget.free, budget.program.currency)
            words = _("Of the budget until %(day)s, %(free)s are left") % {
                "day": date_format(budget.ends_on, "j F Y"), "free": free,
            }  # fmt: skip
            if budget.free and drain.days_left is not None:
                words = f"{words}, {_lasts(drain.days_left)}"
        stage = Stage.SOON if budget.free else Stage.GONE
        yield Shortage(budget.program, f"budget:{budget.pk}", stage, words)


def _ending(programs: QuerySet[Program], now: datetime) -> Iterator[Shortage]:
    for ending in ending_budgets(programs, now=now):
        program = ending.budget.program
        with override(program.language):
            words = ending.sentence
        stage = Stage.SOON if ending.days_left else Stage.GONE
        yield Shortage(program, f"end:{ending.budget.pk}", stage, words)


def _lasts(days: int | None) -> str:
    days = days or 0
    return ngettext("enough for %(days)d day as things go", "enough for %(days)d days as things go", days) % {
        "days": days
    }


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
        subject = _("%(program)s: something we promise runs out") % {"program": program}
        body = _(
            "%(lines)s.\n\nWhen nothing is left, whoever earns it waits, or gets what the rule names instead. Add "
            "codes, stock or budget, and those who wait are served by themselves, the first in line first:\n\n%(link)s"
        ) % {"lines": ".\n".join(lines), "link": link_to_desk()}
    key = f"short:{program.pk}:{user.pk}:{now:%Y-%m-%dT%H:%M:%S}"
    alert_staff(user, key=key, program=program, subject=subject, body=body, now=now)
