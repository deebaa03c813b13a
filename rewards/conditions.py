"""What segments may ask about tiers and points: the app below knows neither."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Sum
from django.utils.translation import gettext_lazy as _

from referrals.conditions import Comparison, Condition, Number, Row, register
from referrals.models import Program
from rewards.models import Account, LedgerEntry, Standing, Tier
from rewards.models.incentive import POINTS


def _on_tier(tier: int, now: datetime) -> Q:
    return Q(Exists(Standing.objects.filter(tier=tier, enrolment__advocate=OuterRef("pk"))))


def _has_points(points: int, now: datetime) -> Q:
    """A balance is the sum of the ledger's entries, here of one program."""
    mine = LedgerEntry.objects.filter(
        enrolment__advocate=OuterRef("pk"), account=Account.PAID, currency=POINTS
    )
    enough = mine.order_by().values("enrolment").annotate(points=Sum("amount")).filter(points__gte=points)
    return Q(Exists(enough))


def _tiers(user: Any) -> Any:
    tiers = Tier.objects.select_related("program").order_by("program__name", "threshold")
    return tiers.filter(program__in=Program.objects.for_staff(user)) if user else tiers


register(
    Condition(
        "tier", _("tier"),
        {
            "is": Comparison(_("stand on the tier %(value)s"), _on_tier),
            "is_not": Comparison(_("do not stand on the tier %(value)s"), lambda t, now: ~_on_tier(t, now)),
        },
        Row(_tiers, lambda tier: f"{tier.name} · {tier.program}"),
    ),
    Condition(
        "points", _("points to spend"),
        {
            "at_least": Comparison(
                _("have at least %(value)s points to spend"), _has_points, lambda v: (v, float("inf"))
            ),
            "less": Comparison(
                _("have fewer than %(value)s points to spend"), lambda v, now: ~_has_points(v, now),
                lambda v: (0, v - 1),
            ),
        },
        Number(most=10_000_000, least=1),
    ),
)  # fmt: skip
