"""Experiments: how many people they take, what they have shown so far, and whether that says anything yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, sqrt
from statistics import NormalDist
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q
from django.utils.translation import gettext as _

from campaigns.models import Ask, Experiment, ExperimentArm, ExperimentSubject
from referrals.models import Referral
from referrals.transitions import Moved, Refused
from rewards.services.report import Effect, difference

# A true difference is missed once in five times, and a chance one taken for true once in twenty.
POWER, ALPHA = 0.8, 0.05
WEEK, YEAR = timedelta(days=7), timedelta(days=365)
# Below that a pace is a guess.
FEW = 3
Status, Measure = Experiment.Status, Experiment.Measure


@dataclass
class ArmResult:
    """People who took the step that way long enough ago to tell, and how many of them did what counts."""

    arm: ExperimentArm
    effect: Effect
    # Still within the window: they may do it yet, and are not counted.
    too_fresh: int = 0
    # The difference from the first way in percentage points, with its interval.
    points: tuple[float, float, float] | None = None
    verdict: str = ""


def needed(experiment: Experiment, arms: int) -> int:
    """How many people each way takes, so that the smallest difference that matters is seen.

    Two shares compared, two-sided, the level shared among the ways that are compared with the first
    (Bonferroni). J. L. Fleiss, Statistical Methods for Rates and Proportions (1981), section 3.2.
    """
    low = float(experiment.baseline) / 100
    high = min(low + float(experiment.smallest) / 100, 0.999)
    middle = (low + high) / 2
    z_alpha, z_power = _z(max(arms - 1, 1)), NormalDist().inv_cdf(POWER)
    spread = z_alpha * sqrt(2 * middle * (1 - middle)) + z_power * sqrt(low * (1 - low) + high * (1 - high))
    return ceil((spread / (high - low)) ** 2)


def results(experiment: Experiment, *, now: datetime) -> list[ArmResult]:
    """Each way with its share, its difference from the first, and what that says; in two queries."""
    arms = list(experiment.arms.select_related("incentive", "tag"))
    counted = _counts(experiment, now)
    rows = [_result(arm, counted.get(arm.pk, {})) for arm in arms]
    wanted = needed(experiment, len(arms))
    for row in rows[1:]:
        gap, low, high = difference(row.effect, rows[0].effect)
        row.points = (gap * 100, low * 100, high * 100)
        row.verdict = _verdict(experiment, rows[0], row, wanted, len(arms) - 1, now)
    return rows


def start(experiments: Any, *, now: datetime, by: Any) -> Moved:
    """Begin: from now on people who take the step join. Raises Refused with what is missing."""
    rows = list(experiments.filter(status=Status.DRAFT))
    for row in rows:
        if row.arms.count() < 2:
            raise Refused(_("There is nothing to compare. Add at least two ways."))
        if Experiment.objects.running().filter(plan=row.plan_id, position=row.position).exists():
            raise Refused(_("Another experiment runs on this step. End it first."))
        Experiment.objects.filter(pk=row.pk).update(status=Status.RUNNING, started_at=now)
    return Moved(rows, list(experiments.exclude(pk__in=[row.pk for row in rows])))


def end(experiments: Any, *, now: datetime, by: Any) -> Moved:
    """Let nobody else join; everyone gets what the plan says again. What was seen stays."""
    rows = list(experiments.filter(status=Status.RUNNING))
    experiments.filter(status=Status.RUNNING).update(status=Status.ENDED, ended_at=now)
    return Moved(rows, list(experiments.exclude(pk__in=[row.pk for row in rows])))


def boundary(fraction: float, comparisons: int) -> float:
    """How many standard errors a difference must be at this share of the people needed.

    Looking before the end makes chance look like truth, so early looks ask for more: P. C. O'Brien and
    T. R. Fleming, Biometrics 35 (1979), 549–556, in the continuous form of Lan and DeMets.
    """
    return _z(comparisons) / sqrt(min(max(fraction, 0.01), 1.0))


def _z(comparisons: int) -> float:
    return NormalDist().inv_cdf(1 - ALPHA / comparisons / 2)


def _counts(experiment: Experiment, now: datetime) -> dict[int, dict[str, int]]:
    window = timedelta(days=experiment.window_days)
    old_enough = Q(joined_at__lte=now - window)
    until = OuterRef("joined_at") + window
    named = Referral.objects.filter(
        enrolment__advocate=OuterRef("advocate"), program=experiment.plan.program_id,
        submitted_at__gte=OuterRef("joined_at"), submitted_at__lte=until,
    ).exclude(status=Referral.Status.REJECTED)  # fmt: skip
    did = {
        Measure.REFERRED: Exists(named),
        Measure.CUSTOMER: Exists(named.filter(status=Referral.Status.CONVERTED)),
        Measure.CLICKED: Exists(
            Ask.objects.filter(
                pk=OuterRef("ask"), clicked_at__gte=OuterRef("joined_at"), clicked_at__lte=until
            )
        ),
    }[Measure(experiment.measure)]
    rows = ExperimentSubject.objects.filter(experiment=experiment).annotate(did=did).values("arm").order_by()
    counted = rows.annotate(
        people=Count("pk", filter=old_enough),
        hits=Count("pk", filter=old_enough & Q(did=True)),
        fresh=Count("pk", filter=~old_enough),
        first=Min(F("joined_at")),
    )
    return {row.pop("arm"): row for row in counted}


def _result(arm: ExperimentArm, counted: dict[str, Any]) -> ArmResult:
    effect = Effect(arm.name, named=counted.get("people", 0), bought=counted.get("hits", 0))
    return ArmResult(arm, effect, too_fresh=counted.get("fresh", 0))


def _verdict(
    experiment: Experiment, first: ArmResult, row: ArmResult, wanted: int, comparisons: int, now: datetime
) -> str:
    people = min(first.effect.named, row.effect.named)
    fraction = people / wanted
    if people and abs(_distance(first.effect, row.effect)) >= boundary(fraction, comparisons):
        better = row if row.effect.share > first.effect.share else first
        return _("“%(name)s” is better, and chance does not explain it.") % {"name": better.arm}
    if fraction >= 1:
        return _("No difference of %(points)s points or more: take the one you like.") % {
            "points": experiment.smallest
        }
    return _not_yet(experiment, people, wanted, row.too_fresh, now)


def _distance(one: Effect, other: Effect) -> float:
    """The difference of two shares in standard errors."""
    together = (one.bought + other.bought) / (one.named + other.named)
    error = sqrt(together * (1 - together) * (1 / one.named + 1 / other.named))
    return (other.share - one.share) / error if error else 0.0


def _not_yet(experiment: Experiment, people: int, wanted: int, fresh: int, now: datetime) -> str:
    words = {"people": people, "wanted": wanted}
    age = now - (experiment.started_at or now)
    joined = people + fresh
    if experiment.status == Status.ENDED:
        return (
            _("Not enough data: %(people)d of %(wanted)d people a way. It was ended before it could tell.")
            % words
        )
    if age < WEEK or joined < FEW:
        return _("Not enough data yet: %(people)d of %(wanted)d people a way.") % words
    missing = max(wanted - joined, 0) / joined * age + timedelta(days=experiment.window_days)
    if missing > YEAR:
        return (
            _(
                "Not enough data yet: %(people)d of %(wanted)d people a way, and at this pace more than a year. "
                "Look for a larger difference, or try a step that more people take."
            )
            % words
        )
    return _("Not enough data yet: %(people)d of %(wanted)d people a way; about %(weeks)d weeks more.") % {
        **words, "weeks": max(1, round(missing / WEEK)),
    }  # fmt: skip
