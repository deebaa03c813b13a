"""Whom to ask next: points for what people said and did, added up in the database."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from referrals.models import AdvocateSummary, Candidate, Enrolment, Finder, Program
from referrals.upsert import store_rows

UNHAPPY = 6
DAY = timedelta(days=1)
BATCH = 5_000


class Factor(NamedTuple):
    """One reason: its weight's name in the finder, its words, and when it counts (since when is “lately”, or
    since so many ``days`` where they are no matter of taste)."""

    name: str
    words: Any
    counts: Callable[[datetime], Q]
    sign: int = 1
    days: int | None = None


FACTORS = [
    Factor("promoter", _("gave 9 or 10 of 10"), lambda _since: Q(satisfaction__gte=9)),
    Factor("content", _("gave 7 or 8 of 10"), lambda _since: Q(satisfaction__range=(7, 8))),
    Factor("engaged", _("engaged lately"), lambda since: Q(engaged_at__gte=since)),
    Factor("bought_again", _("bought more than once"), lambda _since: Q(purchases__gte=2)),
    Factor("bought_often", _("bought five times or more"), lambda _since: Q(purchases__gte=5)),
    Factor("bought_lately", _("bought lately"), lambda since: Q(last_purchase_at__gte=since)),
    Factor(
        "result", _("deal, project or result lately"),
        lambda since: Q(last_deal_at__gte=since) | Q(last_project_at__gte=since) | Q(last_result_at__gte=since),
    ),
    Factor("has_referred", _("has named a friend"), lambda _since: Q(referrals__gte=1)),
    Factor("was_referred", _("came by a recommendation"), lambda _since: Q(referred_at__isnull=False)),
    Factor("asked_lately", _("asked lately"), lambda since: Q(asked_at__gte=since), sign=-1),
]  # fmt: skip


def register(*factors: Factor) -> None:
    """Count these too: apps above add theirs when they are ready."""
    FACTORS.extend(factors)


def finder_of(program: Program) -> Finder:
    """The program's weights, or the defaults."""
    return Finder.objects.filter(program=program).first() or Finder(program=program)


def rescore_due(*, now: datetime) -> int:
    """Score everyone anew where the weights have changed, or a day has passed: what was lately is not any
    more. In ranges of people, so that a million take many short statements. Returns how many programs."""
    open_programs = Program.objects.exclude(status=Program.Status.ENDED)
    missing = open_programs.filter(finder=None)
    Finder.objects.bulk_create([Finder(program=row) for row in missing], ignore_conflicts=True)
    stale = Q(scored_at=None) | Q(scored_at__lt=now - DAY)
    due = list(Finder.objects.filter(stale, program__in=open_programs))
    for finder in due:
        for first, last in _ranges():
            score_program(finder, Q(advocate__gt=first, advocate__lte=last), now=now)
    # Weights that were changed meanwhile are due again.
    for finder in due:
        Finder.objects.filter(pk=finder.pk, scored_at=finder.scored_at).update(scored_at=now)
    return len(due)


def _ranges() -> Iterator[tuple[int, int]]:
    """Everybody of whom something is known, in ranges of keys."""
    last = 0
    people = AdvocateSummary.objects.order_by("pk").values_list("pk", flat=True)
    while keys := list(people.filter(pk__gt=last)[:BATCH]):
        yield last, keys[-1]
        last = keys[-1]


def rescore(whose: Q, *, now: datetime) -> int:
    """Score these people (a condition on ``advocate``) in every program that is open."""
    programs = Program.objects.exclude(status=Program.Status.ENDED).select_related("finder")
    for program in programs:
        finder = program.finder if hasattr(program, "finder") else Finder(program=program)
        score_program(finder, whose, now=now)
    return len(programs)


def score_program(finder: Finder, whose: Q, *, now: datetime) -> None:
    """Keep as candidates those who may be asked and have points; nobody else. Two statements."""
    scored = with_points(AdvocateSummary.objects.filter(whose, _may_be_asked(finder)), finder, now)
    worth = scored.filter(score__gt=0)
    rest = Candidate.objects.filter(program=finder.program_id)
    rest = rest.filter(whose)
    rest.exclude(Exists(worth.filter(advocate=OuterRef("advocate")))).delete()
    rows = worth.annotate(program=Value(finder.program_id, output_field=IntegerField()))
    store_rows(Candidate, rows.values_list("program", "advocate", "score"), ["program", "advocate"])


def with_points(summaries: QuerySet[Any], finder: Finder, now: datetime) -> QuerySet[Any]:
    """With what each factor adds (``points_…``), and their sum (``score``)."""
    points = {
        f"points_{factor.name}": Case(
            When(
                factor.counts(now - timedelta(days=factor.days or finder.lately_days)),
                then=Value(factor.sign * getattr(finder, factor.name)),
            ),
            default=Value(0),
            output_field=IntegerField(),
        )
        for factor in FACTORS
    }
    return summaries.annotate(**points).annotate(score=reduce(add, [F(name) for name in points]))


def reasons(row: Any, finder: Finder) -> list[tuple[Any, int]]:
    """The factors that count for somebody whose points were looked up, as words and points."""
    found = [(factor.words, getattr(row, f"points_{factor.name}")) for factor in FACTORS]
    return [(words, points) for words, points in found if points]


def _may_be_asked(finder: Finder) -> Q:
    """Not those who are unsatisfied – they get a call instead – or said no; of this program or of none."""
    places = Enrolment.objects.filter(advocate=OuterRef("advocate"))
    ours = Q(Exists(places.filter(program=finder.program_id))) | ~Q(Exists(places))
    glad = Q(satisfaction=None) | Q(satisfaction__gt=UNHAPPY)
    return glad & Q(declined_at=None) & ours
