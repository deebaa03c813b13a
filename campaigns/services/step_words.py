"""Which words the steps of a plan use: those it names, or the bank's, which has others for the second time, the third
and so on."""

from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.models import Message, MessageTemplate, OutreachPlan, PlanStep, Purpose
from campaigns.services.trying import preview
from campaigns.services.words import Rendered, Wording
from referrals.models import Advocate, Enrolment

# Purpose, channel, variant.
Words = tuple[str, str, str]

IN_TURN: dict[str, tuple[str, ...]] = {Purpose.NURTURE: ("", "second", "last")}
USUAL = ("", "second", "third", "fourth", "fifth", "sixth")


def variant_of(step: PlanStep, steps: Sequence[PlanStep]) -> str:
    """The wording that this step of these asks for; where nobody has written it, the usual one is used."""
    if step.variant:
        return step.variant
    usual = [s for s in steps if s.purpose == step.purpose and not s.variant]
    before = sum(s.position < step.position for s in usual)
    turn = IN_TURN.get(step.purpose, USUAL)
    return turn[min(before, len(turn) - 1)]


def wordings(program_id: int | None, purposes: Iterable[str]) -> list[Words]:
    """What is written for these purposes, by the bank or the program: purpose, channel, variant. One query."""
    rows = MessageTemplate.objects.filter(
        Q(program=None) | Q(program=program_id), purpose__in=set(purposes), channel__in=["email", "sms"]
    )
    return list(rows.order_by("variant", "purpose").values_list("purpose", "channel", "variant").distinct())


def is_written(step: PlanStep, program_id: int) -> bool:
    """Whether the words that the step names exist."""
    chosen = (step.purpose, step.channel, step.variant)
    return not step.variant or chosen in wordings(program_id, [step.purpose])


def read_as(plan: OutreachPlan, step: PlanStep, advocate: Advocate) -> Rendered:
    """The words of this step as somebody would read them; what only a real message knows is an example. Raises NoWords
    or LiquidError when they cannot be used."""
    reader = Enrolment.objects.filter(program=plan.program_id, advocate=advocate).first()
    message = Message(
        purpose=step.purpose, channel=step.channel, program=plan.program, advocate=advocate,
        contact_kind=advocate.kind, language=advocate.language or plan.program.language,
        variant=variant_of(step, list(plan.steps.all())),
    )  # fmt: skip
    template = Wording([message]).template_for(message)
    return preview(template, plan.program, reader or Enrolment(program=plan.program, advocate=advocate))


def repetitions(plan: OutreachPlan) -> list[str]:
    """A sentence for each step that would send once more what somebody has had from an earlier one; one query."""
    steps = list(plan.steps.all())
    messages = [step for step in steps if step.kind == PlanStep.Kind.MESSAGE]
    written = set(wordings(plan.program_id, {step.purpose for step in messages}))
    first: dict[Words, PlanStep] = {}
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
