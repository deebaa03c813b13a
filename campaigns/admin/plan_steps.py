"""The steps of a plan on its page, and what does not fit together in them."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from campaigns.models import OutreachPlan, PlanStep, Purpose
from referrals.admin.scoped import NamedFormSet, ScopedInline

Kind = PlanStep.Kind


class StepFormSet(NamedFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if not self.is_bound:
            fitting = self.instance.purposes if self.instance.pk else PlanStep.PURPOSES
            fitting += (form.instance.purpose,) if form.instance.pk else ()
            purpose = form.fields["purpose"]
            purpose.choices = [(value, label) for value, label in purpose.choices if value in fitting]
            if form.instance.pk is None:
                purpose.initial = purpose.choices[0][0]

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            found = getattr(form, "cleaned_data", {})
            if found and not found.get("DELETE"):
                for name, refusal in self._contradictions(found):
                    if refusal and name not in form.errors:
                        form.add_error(name, refusal)

    def _contradictions(self, found: dict[str, Any]) -> list[tuple[str, Any]]:
        plan, survey = self.instance, found.get("survey")
        friends = plan.audience == OutreachPlan.Audience.FRIENDS
        is_message, purpose = found.get("kind") == Kind.MESSAGE, found.get("purpose")
        invites = is_message and purpose == Purpose.SURVEY_INVITE
        return [
            ("purpose", is_message and purpose not in plan.purposes
             and (_("The plan is for friends who are not ready yet: choose words for friends.") if friends
                  else _("The plan asks for %(aim)s: choose words that fit.") % {"aim": plan.get_aim_display()})),
            ("survey", invites and not survey and _("Say which survey.")),
            ("survey", survey and not invites and _("Only an invitation to a survey has one. Leave this empty.")),
            ("survey", survey and plan.program_id and survey.program_id != plan.program_id
             and _("Choose a survey of the same program.")),
        ]  # fmt: skip


class StepInline(ScopedInline):
    model = PlanStep
    formset = StepFormSet
    fields = ("position", "wait_days", "kind", "channel", "purpose", "survey", "condition", "goto")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj else 3
