"""Chains of recommendation: who came by whom came by whom, and whether it grows by itself."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet

from referrals.models import Program, Referral

MOST_GENERATIONS = 5
PERIOD = timedelta(days=90)


class Growth(NamedTuple):
    """What one generation of advocates does for the next one, over a period."""

    advocates: int
    invited: int
    customers: int

    @property
    def invitations(self) -> float:
        """Friends named for each advocate."""
        return self.invited / self.advocates if self.advocates else 0.0

    @property
    def conversion(self) -> float:
        """The share of the named friends who became customers."""
        return self.customers / self.invited if self.invited else 0.0

    @property
    def k(self) -> float:
        """K = i × c. Above 1 each customer brings more than one other (D. Skok, “Lessons Learned – Viral
        Marketing”, forEntrepreneurs, 2009)."""
        return self.invitations * self.conversion


def growth(program: Program, *, now: datetime) -> Growth:
    """The last 90 days of a program."""
    named = Referral.objects.filter(program=program, submitted_at__gt=now - PERIOD)
    counted = named.exclude(status=Referral.Status.REJECTED).aggregate(
        invited=Count("pk"), customers=Count("pk", filter=Q(status=Referral.Status.CONVERTED))
    )
    return Growth(advocates=program.enrolments.count(), **counted)


def generations(program: Program) -> list[int]:
    """How many customers came in each generation: by people who came alone, by those whom they brought, …"""
    sold = Referral.objects.filter(program=program, status=Referral.Status.CONVERTED)
    brought: QuerySet[Any] = sold.exclude(enrolment__advocate__came_by__in=sold)
    counts: list[int] = []
    while len(counts) < MOST_GENERATIONS and (count := brought.count()):
        counts.append(count)
        brought = sold.filter(enrolment__advocate__in=brought.values("became"))
    return counts
