"""Ready-made plans to begin with: what the field has found to work, every number open to change."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import MessageChannel, OutreachPlan, PlanStep, Purpose, Survey
from referrals.models import Program

Trigger, Kind = OutreachPlan.Trigger, PlanStep.Kind
CALL: dict[str, Any] = {"kind": Kind.CALL}


class Starter(NamedTuple):
    """A plan to copy: its settings, and for each step the days it waits and what it does."""

    slug: str
    name: str | Promise
    why: str | Promise
    settings: dict[str, Any]
    steps: tuple[tuple[int, dict[str, Any]], ...]


def _mail(purpose: str) -> dict[str, Any]:
    return {"purpose": purpose, "channel": MessageChannel.EMAIL}


STARTERS = (
    Starter(
        "seven-touches", _("After a deal: seven gentle touches"),
        _("Two weeks after the deal, when the first results show; then ever less often, until they answer."),
        {"trigger": Trigger.DEAL_WON, "earliest_days": 14},
        (
            (0, _mail(Purpose.ASK)), (14, _mail(Purpose.ASK_FOLLOW_UP)), (21, _mail(Purpose.ASK_FOLLOW_UP)),
            (7, CALL), (30, _mail(Purpose.ASK_FOLLOW_UP)), (45, _mail(Purpose.ASK_FOLLOW_UP)),
            (60, _mail(Purpose.ASK_FOLLOW_UP)), (60, _mail(Purpose.ASK_LAST)),
        ),
    ),
    Starter(
        "purchase", _("After a purchase: one ask, one reminder"),
        _("Three days after they bought, while it is fresh. Short, for shops."),
        {"trigger": Trigger.PURCHASE, "earliest_days": 3, "latest_days": 60},
        ((0, _mail(Purpose.ASK)), (14, _mail(Purpose.ASK_LAST))),
    ),
    Starter(
        "promoters", _("When they say that they are happy"),
        _("A day after a 9 or 10: nobody is readier to recommend you."),
        {"trigger": Trigger.PROMOTER, "earliest_days": 1, "latest_days": 30},
        ((0, _mail(Purpose.ASK)), (14, _mail(Purpose.ASK_FOLLOW_UP)), (30, _mail(Purpose.ASK_LAST))),
    ),
    Starter(
        "new-customers", _("Friends who became customers"),
        _("Three days after a friend became a customer, they are invited to recommend you in their turn."),
        {"trigger": Trigger.CUSTOMER, "earliest_days": 3, "latest_days": 90},
        ((0, _mail(Purpose.ADVOCATE_INVITE)), (21, _mail(Purpose.ASK_FOLLOW_UP))),
    ),
    Starter(
        "nurture", _("Friends who are not ready yet"),
        _("Three friendly letters over three months; they stop by themselves when the friend answers."),
        {"trigger": Trigger.BY_HAND, "audience": OutreachPlan.Audience.FRIENDS, "stretch": 0, "touches": 3},
        ((7, _mail(Purpose.NURTURE)), (30, _mail(Purpose.NURTURE)), (45, _mail(Purpose.NURTURE))),
    ),
    Starter(
        "survey", _("A survey, two weeks after the work is done"),
        _("Asks everybody how it is, the unsatisfied first of all; reminds once. Whoever is unsatisfied gets a call."),
        {"aim": OutreachPlan.Aim.SURVEY, "trigger": Trigger.PROJECT_DONE, "earliest_days": 14, "latest_days": 60,
         "stretch": 0, "rest_days": 180},
        ((0, _mail(Purpose.SURVEY_INVITE)), (10, _mail(Purpose.SURVEY_INVITE))),
    ),
    Starter(
        "review", _("A review, from those who are happy"),
        _("Two days after a 9 or 10: they get a page with their own words to copy, and the places to put them."),
        {"aim": OutreachPlan.Aim.REVIEW, "trigger": Trigger.PROMOTER, "earliest_days": 2, "latest_days": 30},
        ((0, _mail(Purpose.REVIEW_REQUEST)),),
    ),
    Starter(
        "by-hand", _("Asked in person"),
        _("For whoever a colleague picks on an advocate's page; followed up once."),
        {"trigger": Trigger.BY_HAND, "sender": OutreachPlan.Sender.PROGRAM},
        ((0, _mail(Purpose.ASK)), (21, _mail(Purpose.ASK_LAST))),
    ),
)  # fmt: skip


@transaction.atomic
def begin_with(starter: Starter, program: Program, *, now: datetime, by: Any = None) -> OutreachPlan:
    """A draft of the program's own, as the starter has it."""
    plan = OutreachPlan(program=program, name=str(starter.name), status_at=now, **starter.settings)
    plan._history_user = by  # type: ignore[attr-defined]
    plan.save()
    steps = [
        PlanStep(plan=plan, position=position, wait_days=days, **what)
        for position, (days, what) in enumerate(starter.steps, start=1)
    ]
    if asking := [step for step in steps if step.sends_survey]:
        survey = _survey_of(program)
        for step in asking:
            step.survey = survey
    PlanStep.objects.bulk_create(steps)
    return plan


def _survey_of(program: Program) -> Survey:
    """The program's oldest open survey about being satisfied; a new one, where there is none."""
    known = Survey.objects.filter(program=program, kind=Survey.Kind.SATISFACTION, is_open=True)
    return known.order_by("pk").first() or Survey.objects.create(
        program=program, name=str(_("How satisfied are they?"))
    )
