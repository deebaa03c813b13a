"""What came of a plan: how many were asked, opened the link, recommended somebody, and brought a customer."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Min, OuterRef, Q

from campaigns.models import Ask, Message, OutreachPlan, PlanStep, Purpose, SurveyResponse
from campaigns.models.message import has_left
from referrals.models import Referral


class Funnel(NamedTuple):
    """Rounds, by how far they came; ``held_out`` were left out to compare."""

    asked: int
    delivered: int
    opened: int
    referred: int
    customers: int
    held_out: int
    answered: int


class StepResult(NamedTuple):
    """What became of the messages of one kind."""

    words: str
    written: int
    sent: int
    held: int
    bounced: int


class WaitingByHand(NamedTuple):
    """What colleagues have yet to send of a plan, and since when the first of it waits."""

    messages: int
    since: datetime | None


def waiting_by_hand(plan: OutreachPlan) -> WaitingByHand:
    waiting = Message.objects.filter(ask__plan=plan, status=Message.Status.BY_HAND)
    return WaitingByHand(**waiting.aggregate(messages=Count("pk"), since=Min("due_at")))


def were_asked() -> Any:
    """Rounds of which something reached the person, as far as we know: a message that left, or a call before."""
    calls = PlanStep.objects.filter(
        plan=OuterRef("plan"), kind=PlanStep.Kind.CALL, position__lt=OuterRef("position")
    )
    left = Message.objects.left().filter(ask=OuterRef("pk"))
    return Q(started_at__isnull=False) & (Exists(left) | Exists(calls))


def funnel(plan: OutreachPlan) -> Funnel:
    """In one query. A customer counts for the round in which the friend was named."""
    asked = were_asked()
    sent = Message.objects.left().filter(ask=OuterRef("pk"))
    bought = Referral.objects.filter(
        enrolment__advocate=OuterRef("advocate_id"), program=plan.program_id,
        submitted_at__gte=OuterRef("started_at"), status=Referral.Status.CONVERTED,
    )  # fmt: skip
    said = SurveyResponse.objects.answered().filter(ask=OuterRef("pk"))
    # Whoever recommended somebody before their turn came was not asked.
    after_asking = asked & Q(end_reason=Ask.End.REFERRED)
    counted: dict[str, Any] = {
        "asked": Count("pk", filter=asked),
        "delivered": Count("pk", filter=Exists(sent)),
        "opened": Count("pk", filter=Q(clicked_at__isnull=False)),
        "referred": Count("pk", filter=after_asking),
        "customers": Count("pk", filter=Q(Exists(bought)) & after_asking),
        "held_out": Count("pk", filter=Q(end_reason=Ask.End.HELD_OUT)),
        "answered": Count("pk", filter=Exists(said)),
    }
    return Funnel(**Ask.objects.filter(plan=plan).aggregate(**counted))


def by_step(plan: OutreachPlan) -> list[StepResult]:
    """The messages of each step's words, in the order of the steps; in two queries."""
    rows = (
        Message.objects.filter(ask__plan=plan)
        .order_by()
        .values("purpose", "channel")
        .annotate(
            written=Count("pk"),
            sent=Count("pk", filter=has_left()),
            held=Count("pk", filter=Q(status=Message.Status.WITHHELD)),
            bounced=Count("pk", filter=Q(status=Message.Status.BOUNCED)),
        )
    )
    found = {(row.pop("purpose"), row.pop("channel")): row for row in rows}
    results = []
    for step in plan.steps.filter(kind=PlanStep.Kind.MESSAGE):
        if row := found.pop((step.purpose, step.channel), None):
            label = f"{Purpose(step.purpose).label}, {step.get_channel_display()}"
            results.append(StepResult(label, **row))
    return results
