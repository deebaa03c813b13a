"""What a plan does, in words."""

from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import OutreachPlan, PlanStep, Purpose

Trigger = OutreachPlan.Trigger


def plan_sentences(plan: OutreachPlan) -> list[str]:
    """What its settings do, one sentence a line, in the order in which one thinks."""
    return [when_sentence(plan), *_limits(plan), *_steps(plan)]


def when_sentence(plan: OutreachPlan) -> str:
    """Whom it asks, and after what."""
    if plan.audience == OutreachPlan.Audience.FRIENDS:
        return _("Writes to friends who are not ready yet, once a colleague puts them on it.")
    whom = f"“{plan.segment.name}”" if plan.segment else _("people")
    everyone = _("everyone of %(whom)s") % {"whom": whom} if plan.segment else _("everyone in the program")
    match plan.trigger:
        case Trigger.PERSONAL:
            return _("Keeps what colleagues write to people themselves, one by one.")
        case Trigger.BY_HAND:
            return _("Asks whom a colleague picks, at once.")
        case Trigger.MEMBER:
            return _("Asks %(everyone)s, and whoever joins them.") % {"everyone": everyone}
        case Trigger.DATE:
            return _("Asks %(everyone)s on %(day)s.") % {
                "everyone": everyone,
                "day": date_format(plan.on_date, "j F Y") if plan.on_date else "",
            }
    words = ngettext(
        "Asks %(whom)s %(days)d day after %(what)s.",
        "Asks %(whom)s %(days)d days after %(what)s.",
        plan.earliest_days,
    )
    return words % {"whom": whom, "days": plan.earliest_days, "what": _what(plan)}


def _what(plan: OutreachPlan) -> str:
    what = str(plan.get_trigger_display())
    if plan.nth:
        what = _("%(what)s, the %(nth)d. of theirs") % {"what": what, "nth": plan.nth}
    if plan.about:
        what = f"{what} (“{plan.about}”{f' = “{plan.value}”' if plan.value else ''})"
    return what


def _limits(plan: OutreachPlan) -> Iterator[str]:
    if plan.audience == OutreachPlan.Audience.FRIENDS:
        yield _("It stops by itself when they answer.")
        return
    if plan.kinds:
        yield _("Whoever could not be asked within %(days)d days is not asked about it any more.") % {
            "days": plan.latest_days
        }
    if plan.aim == OutreachPlan.Aim.SURVEY:
        yield _("It asks how it is, so it asks the unsatisfied as well; whoever is, gets a call.")
    elif not plan.is_personal:
        yield _("Only the satisfied: %(score)d or more of 10, where they have said so.") % {
            "score": plan.satisfied_from
        }
    if plan.needs_points:
        yield _(
            "By itself it asks only those who have the points for it, as “Whom to ask: weights” counts them."
        )
    if plan.hold_out:
        yield _("%(share)d %% are left out, to see what would have happened anyway.") % {
            "share": plan.hold_out
        }
    if plan.aim == OutreachPlan.Aim.SURVEY:
        yield _(
            "It stops at an unsubscribe or a dead address, and at the answer, if nothing else is to come."
        )
    else:
        yield _("It stops at a recommendation, a no, an unsubscribe or a dead address.")
    yield _("At most %(touches)d messages a round, and %(rest)d days of rest between two rounds.") % {
        "touches": plan.touches, "rest": plan.rest_days
    }  # fmt: skip


def _steps(plan: OutreachPlan) -> Iterator[str]:
    for step in plan.steps.all():
        yield f"{step.position}. {step_sentence(step)}"


def step_sentence(step: PlanStep) -> str:
    """One step, such as “14 days later: follow-up of an ask, by e-mail.”"""
    days = ngettext("%(days)d day later", "%(days)d days later", step.wait_days) % {"days": step.wait_days}
    when = days if step.wait_days else _("at once")
    if step.kind == PlanStep.Kind.CALL:
        does = _("somebody calls")
    elif step.kind == PlanStep.Kind.BRANCH:
        to = _("on to step %(step)d") % {"step": step.goto} if step.goto else _("the round is over")
        does = _("if %(condition)s: %(to)s") % {"condition": step.get_condition_display(), "to": to}
    else:
        what = f" “{step.survey}”" if step.sends_survey else ""
        words = _(" (“%(variant)s”)") % {"variant": step.variant} if step.variant else ""
        does = f"{Purpose(step.purpose).label}{what}{words}, {step.get_channel_display()}"
    return f"{capfirst(str(when))}: {does}."
