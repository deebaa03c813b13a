"""Which words the steps of a plan use: the bank has others for the second time, the third and so on."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.models import MessageTemplate, OutreachPlan, PlanStep, Purpose

IN_TURN: dict[str, tuple[str, ...]] = {Purpose.NURTURE: ("", "second", "last")}
USUAL = ("", "second", "third", "fourth", "fifth", "sixth")


def variant_of(step: PlanStep, steps: Sequence[PlanStep]) -> str:
    """The wording that this step of these asks for; where nobody has written it, the usual one is used."""
    before = sum(s.purpose == step.purpose and s.position < step.position for s in steps)
    turn = IN_TURN.get(step.purpose, USUAL)
    return turn[min(before, len(turn) - 1)]


def repetitions(plan: OutreachPlan) -> list[str]:
    """A sentence for each step that would send once more what somebody has had from an earlier one; one query."""
    steps = list(plan.steps.all())
    messages = [step for step in steps if step.kind == PlanStep.Kind.MESSAGE]
    rows = MessageTemplate.objects.filter(
        Q(program=None) | Q(program=plan.program_id), purpose__in={step.purpose for step in messages}
    )
    written = set(rows.values_list("purpose", "channel", "variant"))
    first: dict[tuple[str, str, str], PlanStep] = {}
    found = []
    for step in messages:
        variant = variant_of(step, steps)
        words = (step.purpose, step.channel, variant)
        words = words if words in written else (step.purpose, step.channel, "")
        if earlier := first.get(words):
            found.append(
                _(
                    "Step %(step)d says word for word what step %(earlier)d has said. Write others, or leave it out."
                )
                % {"step": step.position, "earlier": earlier.position}
            )
        first.setdefault(words, step)
    return found
