"""Facts about advocates, computed from the event log in one statement for however many people."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import BigIntegerField, Case, Count, Max, Min, OuterRef, Q, Subquery, Sum, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from referrals.locks import hold
from referrals.models import Advocate, AdvocateSummary, Event, Spending, StaleSummary
from referrals.services.finder import rescore
from referrals.upsert import insert_all, store_rows

Kind = Event.Kind
BOUGHT = (Kind.PURCHASE, Kind.DEAL_WON)
RATED = (Kind.SATISFACTION, Kind.SURVEY_ANSWERED)
# Doing something with the company of one's own accord.
ENGAGED = (Kind.ENGAGED, Kind.REVIEW_LEFT, Kind.FOLLOWED, Kind.SHARED, Kind.ASK_CLICKED)
RESULTS = (Kind.RESULT, Kind.MILESTONE)
# The company and this person had to do with each other.
CONTACT = (
    *BOUGHT, *RATED, *ENGAGED, *RESULTS, Kind.PROJECT_DONE, Kind.CUSTOMER_CREATED, Kind.ASKED, Kind.ASK_DECLINED,
    Kind.ADVOCATE_CALLED, Kind.REFERRAL_SUBMITTED,
)  # fmt: skip
BECAME_CUSTOMER = Q(kind=Kind.REFERRAL_CONVERTED)
CUSTOMER_NO_MORE = Q(data__from="converted")
COUNTED = Q(kind__in=CONTACT) | BECAME_CUSTOMER | Q(kind=Kind.REFERRAL_QUALIFIED)
COUNTED_KINDS = {*CONTACT, Kind.REFERRAL_CONVERTED, Kind.REFERRAL_QUALIFIED}
BATCH = 5_000


def note_changes(events: Iterable[Event]) -> None:
    """Remember whose facts these events change; they are counted anew within a minute."""
    people = {event.advocate_id for event in events if event.kind in COUNTED_KINDS and event.advocate_id}
    insert_all([StaleSummary(advocate_id=pk) for pk in sorted(people)])


def renew_summaries(*, now: datetime) -> int:
    """Count anew everyone about whom something was recorded since; returns how many people. Repeatable."""
    count = 0
    while people := _renew_batch(now):
        count += len(people)
    return count


def rebuild_summaries(on_progress: Callable[[int], None] = lambda _people: None) -> int:
    """Count everyone anew from the first event on; returns how many people there are."""
    count, last = 0, 0
    while keys := list(
        Advocate.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        with transaction.atomic():
            hold(["summaries"])
            compute_facts(Q(advocate_id__gt=last, advocate_id__lte=keys[-1]))
        last, count = keys[-1], count + len(keys)
        on_progress(len(keys))
    return count


def _renew_batch(now: datetime) -> set[int]:
    with transaction.atomic():
        # One at a time: a slower one would put older facts over newer ones.
        hold(["summaries"])
        rows = list(StaleSummary.objects.order_by("pk").values_list("pk", "advocate_id")[:BATCH])
        if not rows:
            return set()
        people = {advocate for _pk, advocate in rows}
        StaleSummary.objects.filter(pk__in=[pk for pk, _advocate in rows]).delete()
        # What is recorded after the rows were taken has a row of its own.
        compute_facts(Q(advocate_id__in=people))
        rescore(Q(advocate__in=people), now=now)
    return people


def compute_facts(whose: Q) -> None:
    """Write the facts and the spending of these advocates (a condition on their events) from the log."""
    store_rows(AdvocateSummary, _facts(Event.objects.filter(whose)), ["advocate"])
    store_rows(Spending, _spending(Event.objects.filter(whose)), ["advocate", "currency"])


def _facts(events: models.QuerySet[Event]) -> models.QuerySet[Any]:
    def count(condition: Q) -> Count:
        return Count("pk", filter=condition)

    def last(*kinds: str) -> Max:
        return Max("occurred_at", filter=Q(kind__in=kinds))

    rated = with_number(Event.objects.filter(advocate=OuterRef("advocate"), kind__in=RATED), "score")
    latest = rated.filter(number__gte=0, number__lte=10).order_by("-occurred_at", "-pk")
    return events.filter(COUNTED).order_by().values_list("advocate").annotate(
        purchases=count(Q(kind__in=BOUGHT)),
        first_purchase_at=Min("occurred_at", filter=Q(kind__in=BOUGHT)),
        last_purchase_at=last(*BOUGHT),
        last_deal_at=last(Kind.DEAL_WON),
        last_project_at=last(Kind.PROJECT_DONE),
        last_result_at=last(*RESULTS),
        satisfaction=Subquery(latest.values("number")[:1]),
        satisfied_at=Subquery(latest.values("occurred_at")[:1]),
        engagements=count(Q(kind__in=ENGAGED)),
        engaged_at=last(*ENGAGED),
        referrals=count(Q(kind=Kind.REFERRAL_SUBMITTED)),
        customers=count(BECAME_CUSTOMER) - count(CUSTOMER_NO_MORE),
        referred_at=Min("occurred_at", filter=Q(kind=Kind.CUSTOMER_CREATED, referral__isnull=False)),
        asked_at=last(Kind.ASKED),
        declined_at=last(Kind.ASK_DECLINED),
        contact_at=last(*CONTACT),
    )  # fmt: skip


def _spending(events: models.QuerySet[Event]) -> models.QuerySet[Any]:
    paid = with_number(events.filter(kind__in=BOUGHT), "amount").annotate(currency=KT("data__currency"))
    known = paid.filter(number__isnull=False, currency__regex="^[A-Z]{3}$").order_by()
    return known.values_list("advocate", "currency").annotate(amount=Sum("number"))


def with_number(events: models.QuerySet[Event], name: str) -> models.QuerySet[Any]:
    """With ``number``: the whole number under this name in the event's data, or None where there is none."""
    return events.annotate(text=KT(f"data__{name}")).annotate(
        number=Case(
            When(text__regex="^[0-9]{1,15}$", then=Cast("text", BigIntegerField())),
            output_field=BigIntegerField(null=True),
        )
    )
