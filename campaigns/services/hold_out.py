"""What asking brought: people whom a plan asked, beside those whom it left out to compare."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from campaigns.models import Ask, OutreachPlan
from referrals.models import Referral
from rewards.services.report import ENOUGH, Effect, difference

# So long after their turn came somebody may recommend, and it still counts.
WINDOW = timedelta(days=90)


class Brought(NamedTuple):
    """Both groups, how many are still within the window, and what the difference says."""

    asked: Effect
    left_out: Effect
    too_fresh: int
    words: str


def what_asking_brought(plan: OutreachPlan, *, now: datetime) -> Brought:
    """Everybody once, by the round in which their turn came first; in one query."""
    turns = Ask.objects.filter(plan=plan, referral=None).filter(
        Q(started_at__isnull=False) | Q(end_reason=Ask.End.HELD_OUT)
    )
    earlier = turns.filter(advocate=OuterRef("advocate"), round__lt=OuterRef("round"))
    first = turns.exclude(Exists(earlier)).annotate(turn=Coalesce("started_at", "ended_at"))
    named = Referral.objects.filter(
        enrolment__advocate=OuterRef("advocate"), program=plan.program_id,
        submitted_at__gte=OuterRef("turn"), submitted_at__lte=OuterRef("turn") + WINDOW,
    ).exclude(status=Referral.Status.REJECTED)  # fmt: skip
    asked, left, old = Q(started_at__isnull=False), Q(started_at=None), Q(turn__lte=now - WINDOW)
    counted = first.annotate(did=Exists(named)).aggregate(
        asked=Count("pk", filter=asked & old),
        asked_hits=Count("pk", filter=asked & old & Q(did=True)),
        left=Count("pk", filter=left & old),
        left_hits=Count("pk", filter=left & old & Q(did=True)),
        fresh=Count("pk", filter=~old),
    )
    one = Effect(_("Asked"), named=counted["asked"], bought=counted["asked_hits"])
    other = Effect(_("Left out"), named=counted["left"], bought=counted["left_hits"])
    return Brought(one, other, counted["fresh"], verdict(one, other))


def verdict(asked: Effect, left_out: Effect) -> str:
    """The difference in a sentence that claims no more than the numbers do."""
    fewest = min(asked.named, left_out.named)
    if fewest < ENOUGH:
        words = {"count": fewest, "enough": ENOUGH, "days": WINDOW.days}
        return (
            _(
                "Not enough data yet: the smaller side has %(count)d of the %(enough)d people it takes, whose turn "
                "was at least %(days)d days ago."
            )
            % words
        )
    gap, low, high = difference(asked, left_out)
    points = {"gap": abs(gap) * 100, "low": low * 100, "high": high * 100}
    if low <= 0 <= high:
        return (
            _(
                "No difference that the numbers can tell: %(low)+.1f to %(high)+.1f percentage points. Those who were "
                "left out recommend about as often as those who were asked."
            )
            % points
        )
    if gap > 0:
        return (
            _(
                "Asking works: %(gap).1f percentage points more people recommend somebody (95 %%: %(low)+.1f to "
                "%(high)+.1f). Who was left out, chance decided."
            )
            % points
        )
    return (
        _(
            "Asking does harm: %(gap).1f percentage points fewer people recommend somebody (95 %%: %(low)+.1f to "
            "%(high)+.1f). Who was left out, chance decided."
        )
        % points
    )
