"""“Ask now”: somebody of ours picks a person, on their page or in the list, and a plan takes it from there."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import Ask, OutreachPlan
from campaigns.services.asks import start_by_hand
from referrals.admin.steps import Step, StepForm
from referrals.roles import programs_granting
from referrals.transitions import Moved


class AskForm(StepForm):
    plan = forms.ModelChoiceField(
        OutreachPlan.objects.none(),
        label=_("Plan"),
        help_text=_("Its first step is taken at the next allowed hour, and it follows up by itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = programs_granting(self.user, "change", Ask)
        live = OutreachPlan.objects.live().with_steps()
        live = live.filter(program__in=mine, audience=OutreachPlan.Audience.ADVOCATES)
        self.fields["plan"].queryset = live.select_related("program")  # type: ignore[attr-defined]


def ask_now(rows: Any, *, plan: OutreachPlan, now: datetime, by: Any) -> Moved:
    done = start_by_hand(rows, plan, now=now, by=by)
    return Moved([ask.advocate for ask in done.moved], done.refused)


ASK_NOW = Step(
    name="ask", label=_("Ask for a recommendation"), carry_out=ask_now, form=AskForm,
    does=_("They are asked now and not when a plan would find them. Whoever wants no mail, said no, is being asked "
           "already or was asked not long ago is left alone."),
)  # fmt: skip
