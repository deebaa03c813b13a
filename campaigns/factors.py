"""What speaks for or against asking somebody that only the outbox knows."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from campaigns.models import TO_FRIEND, UNASKED, ContactPolicy, Message
from campaigns.models.message import has_left_since
from referrals.services.finder import Factor, register

MONTH = timedelta(days=30)


def unasked_since(since: datetime) -> Any:
    """What advocates got since then that they did not ask for."""
    return Message.objects.filter(has_left_since(since), purpose__in=UNASKED - TO_FRIEND)


def budget_left(people: Iterable[int], *, now: datetime) -> tuple[int, dict[int, int]]:
    """How many such messages a person may get in thirty days, and how many of them each has left."""
    most = ContactPolicy.objects.current().per_month
    gone = unasked_since(now - MONTH).filter(advocate__in=list(people)).order_by().values_list("advocate")
    return most, {pk: max(0, most - count) for pk, count in gone.annotate(n=Count("pk"))}


def _has_no_budget_left(since: datetime) -> Q:
    mine = unasked_since(since).filter(advocate=OuterRef("advocate")).order_by().values("advocate")
    got = Coalesce(Subquery(mine.annotate(n=Count("pk")).values("n")), Value(0))
    most = Coalesce(Subquery(ContactPolicy.objects.values("per_month")[:1]), Value(ContactPolicy().per_month))
    return Q(GreaterThanOrEqual(got, most))


register(
    Factor("budget_used", _("contact budget used up"), _has_no_budget_left, sign=-1, days=MONTH.days),
)
