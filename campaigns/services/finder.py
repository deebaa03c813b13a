"""Whom to ask next in a program, and ten of them to call today."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.factors import budget_left
from campaigns.models import CallTask, Suppression
from campaigns.services.call_task import make_calls
from referrals.hours import due_within_office_hours
from referrals.models import Advocate, AdvocateSummary, Candidate, Finder, Pick, Program, Segment
from referrals.services.finder import reasons, with_points

TEN = 10


class Proposal(NamedTuple):
    """Somebody to ask: how many points, why, whether a person picked them, and how many messages of the
    month's contact budget they have left."""

    advocate: Advocate
    score: int
    reasons: list[tuple[Any, int]]
    is_picked: bool
    budget_left: int
    budget: int


def proposed(program: Program, segment: Segment | None, *, now: datetime) -> QuerySet[Candidate]:
    """Whom the program may ask next, the best first: nobody who wants no mail, or is on the call list."""
    of_person = Q(key=OuterRef("advocate__email_key")) & (Q(program=None) | Q(program=program))
    calls = CallTask.objects.open().filter(program=program, advocate=OuterRef("advocate"))
    found = Candidate.objects.filter(
        ~Exists(Suppression.objects.filter(of_person).exclude(key="")), ~Exists(calls), program=program
    )
    if segment is not None:
        found = found.filter(advocate__in=segment.members(now).values("pk"))
    return found.best_first().select_related("advocate__owner")


def best_of(found: QuerySet[Candidate], program: Program, start: int, end: int) -> list[Candidate]:
    """These places of the list: the program's inner circle first, all of it, and then the others. The circle
    is small, for a person picks it; the others come by an index, however many they are."""
    picks = Pick.objects.filter(segment__program=program)
    inside = found.filter(advocate__in=picks.values("advocate"))
    first = list(inside[start:end])
    if len(first) == end - start:
        return first
    skipped = max(0, start - inside.count())
    rest = found.exclude(Exists(picks.filter(advocate=OuterRef("advocate"))))
    return first + list(rest[skipped : skipped + end - start - len(first)])


def explain(candidates: Iterable[Candidate], finder: Finder, *, now: datetime) -> list[Proposal]:
    """The points of these people, one by one, in their order. Four queries, however many."""
    rows = list(candidates)
    people = [row.advocate_id for row in rows]
    summaries = with_points(AdvocateSummary.objects.filter(advocate__in=people), finder, now)
    by_person = {summary.advocate_id: summary for summary in summaries}
    picks = Pick.objects.filter(segment__program=finder.program_id, advocate__in=people)
    picked = set(picks.values_list("advocate_id", flat=True))
    budget, left = budget_left(people, now=now)
    return [
        Proposal(
            row.advocate,
            row.score,
            reasons(by_person[row.advocate_id], finder) if row.advocate_id in by_person else [],
            row.advocate_id in picked,
            left.get(row.advocate_id, budget),
            budget,
        )
        for row in rows
    ]


def call_ten(
    program: Program, finder: Finder, segment: Segment | None, *, now: datetime, by: Any
) -> list[CallTask]:
    """The ten best who can be reached by phone go on the call list of whoever looks after them, else of
    whoever asks. A second click takes the next ten."""
    reachable = proposed(program, segment, now=now).filter(score__gte=finder.by_hand_from)
    rows = best_of(reachable.exclude(advocate__phone=""), program, 0, TEN)
    due = due_within_office_hours(program, now, program.contact_within_hours)
    tasks = [
        CallTask(
            program=program, advocate=proposal.advocate, owner=proposal.advocate.owner or by, due_at=due,
            origin=CallTask.Origin.FINDER, reason=", ".join(str(words) for words, _points in proposal.reasons)[:200],
        )
        for proposal in explain(rows, finder, now=now)
    ]  # fmt: skip
    return make_calls(tasks, now=now)
