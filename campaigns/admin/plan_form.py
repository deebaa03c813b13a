from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import OutreachPlan
from campaigns.services.plan import CONFIRM_FROM
from campaigns.services.preview import reach
from referrals.admin.steps import StepForm

Trigger, Audience, Aim = OutreachPlan.Trigger, OutreachPlan.Audience, OutreachPlan.Aim


class PlanForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if trigger := self.fields.get("trigger"):
            # Such a plan comes by itself, with the first of these messages.
            kept = [choice for choice in Trigger.choices if choice[0] != Trigger.PERSONAL]
            trigger.choices = kept  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for name, refusal in self._contradictions(found):
            if refusal and name in self.fields and name not in self.errors:
                self.add_error(name, refusal)
        return found

    def _contradictions(self, found: dict[str, Any]) -> list[tuple[str, Any]]:
        trigger = found.get("trigger", self.instance.trigger)
        friends = found.get("audience") == Audience.FRIENDS
        segment = found.get("segment")
        program_id = found["program"].pk if found.get("program") else self.instance.program_id
        foreign = segment and segment.program_id and program_id and segment.program_id != program_id
        happens = trigger in OutreachPlan.KINDS
        return [
            ("segment", foreign and _("Choose a segment of the same program, or one of the whole company.")),
            ("trigger", friends and trigger != Trigger.BY_HAND
             and _("Friends are put on a plan by a colleague. Choose “somebody of ours picks them”.")),
            ("on_date", trigger == Trigger.DATE and not found.get("on_date") and _("Say on which day.")),
            ("on_date", trigger != Trigger.DATE and found.get("on_date")
             and _("Only a plan for a date has one. Choose “a date” above, or leave this empty.")),
            ("about", trigger == Trigger.FIELD and not found.get("about") and _("Say which field.")),
            ("about", found.get("about") and trigger not in OutreachPlan.NAMED_BY
             and _("Nothing of this kind has a name. Leave this empty.")),
            ("value", found.get("value") and trigger != Trigger.FIELD and _("Only a field has a value.")),
            ("aim", friends and found.get("aim", Aim.RECOMMENDATION) != Aim.RECOMMENDATION
             and _("Friends are no customers yet. Choose “a recommendation”.")),
            ("nth", found.get("nth") and not happens and _("Nothing is counted here. Set this to 0.")),
        ]  # fmt: skip


class LiveForm(StepForm):
    number = forms.IntegerField(required=False, label=gettext_lazy("How many people is that?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = self.rows.select_related("program", "segment").get()
        reached = reach(plan, now=timezone.now())
        words = ngettext(
            "As things stand it writes to %(count)d person.",
            "As things stand it writes to %(count)d people.",
            reached,
        )
        self.fields["number"].help_text = words % {"count": reached}
        if reached > CONFIRM_FROM:
            self.fields["number"].help_text += " " + _("Type this number.")
            self.fields["number"].required = True
            self.fields["number"].error_messages["required"] = _("Type the number to confirm.")
        else:
            self.fields["number"].widget = forms.HiddenInput()
            self.fields["number"].label = ""
            self.said = self.fields["number"].help_text
