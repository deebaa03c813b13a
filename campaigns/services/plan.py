"""A plan is started, paused and ended; and what it comes to before and after."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import OutreachPlan, PlanStep, Purpose, ReviewPlace
from campaigns.services.entering import first_look
from campaigns.services.preview import reach
from campaigns.services.step_words import is_written
from referrals.models import Program
from referrals.transitions import Moved, Refused

# Whoever starts a plan that reaches more people than this types the number.
CONFIRM_FROM = 100
Status, Audience = OutreachPlan.Status, OutreachPlan.Audience


def go_live(plan: OutreachPlan, *, typed: int | None, now: datetime, by: Any) -> Moved:
    """Start the plan, or let it go on after a pause. A second click finds it live and changes nothing.

    Raises Refused with a sentence while the law or the plan itself is not satisfied, or when it would reach
    more than a hundred people and ``typed`` is not their number.
    """
    if refusal := why_not_live(plan):
        raise Refused(refusal)
    number = reach(plan, now=now)
    if number > CONFIRM_FROM and typed != number:
        words = _("It would write to %(number)d people. Type that number to confirm.")
        raise Refused(words % {"number": number})
    with transaction.atomic():
        moved: Moved = OutreachPlan.objects.filter(pk=plan.pk).advance(Status.LIVE, now=now, by=by)
        for row in moved.moved:
            OutreachPlan.objects.filter(pk=row.pk).update(look_at=first_look(row, now))
    return moved


def why_not_live(plan: OutreachPlan) -> str:
    """What is missing before it may write to anybody; nothing, if it may."""
    program: Program = plan.program
    if not program.sender_name or not program.postal_address:
        return _(
            "The law wants a sender name and a postal address in every mail. Fill them in at the program first."
        )
    if not program.is_live:
        return _("The program is not live: its links would lead nowhere. Set it live first.")
    if plan.is_personal:
        return ""
    steps = list(plan.steps.select_related("survey"))
    if not steps:
        return _("The plan has no steps yet. Say first what it does.")
    return next((why for step in steps if (why := _why_no_step(plan, step))), "")


def _why_no_step(plan: OutreachPlan, step: PlanStep) -> str:
    """Why this step cannot be taken; nothing, if it can."""
    words = {
        "step": step.position, "aim": plan.get_aim_display(), "survey": step.survey,
        "audience": plan.get_audience_display(), "variant": step.variant,
        "other": next(label for value, label in Audience.choices if value != plan.audience),
    }  # fmt: skip
    if step.kind != PlanStep.Kind.MESSAGE:
        return ""
    if (step.purpose in PlanStep.FOR_FRIENDS) != (plan.audience == Audience.FRIENDS):
        return _("Step %(step)d has words for %(other)s; the plan is for %(audience)s.") % words
    if not is_written(step, plan.program_id):
        return _("Step %(step)d wants words called “%(variant)s”, which nobody has written.") % words
    if step.purpose not in plan.purposes:
        return _("Step %(step)d does not fit: the plan asks for %(aim)s, and for nothing else.") % words
    if step.survey and step.survey.program_id != plan.program_id:
        return _("Step %(step)d sends a survey of another program.") % words
    if step.survey and not step.survey.is_open:
        return _("Step %(step)d sends “%(survey)s”, which takes no answers. Open it first.") % words
    if step.purpose == Purpose.REVIEW_REQUEST and not ReviewPlace.objects.of(plan.program).exists():
        return _("Step %(step)d asks for a review. Say first where, under “Review places”.") % words
    return ""


def pause(plans: Any, *, now: datetime, by: Any) -> Moved:
    """Stop these plans for now: nothing of theirs leaves from this moment on, and everything waits."""
    moved: Moved = plans.advance(Status.PAUSED, now=now, by=by)
    return moved


def finish(plans: Any, *, now: datetime, by: Any) -> Moved:
    """End these plans for good. What still waits in the outbox is held back when its time comes."""
    moved: Moved = plans.advance(Status.ENDED, now=now, by=by)
    return moved
