"""The steps of a plan on its page, and what does not fit together in them."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _

from campaigns.models import Ask, OutreachPlan, PlanStep, Purpose
from campaigns.sentences import step_sentence
from campaigns.services.funnel import by_step
from campaigns.services.step_words import Words, wordings
from referrals.admin.cells import status_word
from referrals.admin.scoped import CardInline, NamedFormSet, Panel

Kind = PlanStep.Kind


class StepForm(forms.ModelForm):
    # Where a step goes for which nobody says a place.
    at_the_end = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "position" in self.fields:
            self.fields["position"].required = False
            self.fields["position"].help_text = _("Empty: after the last one.")

    def clean_position(self) -> int:
        return self.cleaned_data["position"] or self.at_the_end


class StepFormSet(NamedFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        # Several new ones come in the order in which they stand on the page.
        form.at_the_end = self._last + 1 + max(0, (index or 0) - self.initial_form_count())
        form.fields["variant"] = self._variants(form.fields["variant"])
        if not self.is_bound:
            fitting = self.instance.purposes if self.instance.pk else PlanStep.PURPOSES
            fitting += (form.instance.purpose,) if form.instance.pk else ()
            purpose = form.fields["purpose"]
            purpose.choices = [(value, label) for value, label in purpose.choices if value in fitting]
            if form.instance.pk is None:
                purpose.initial = purpose.choices[0][0]

    def _variants(self, field: Any) -> forms.ChoiceField:
        """A list to choose from, each with what it is for."""
        purposes: dict[str, set[str]] = {}
        for purpose, _channel, variant in self._written:
            purposes.setdefault(variant, set()).add(str(Purpose(purpose).label))
        named = [(name, f"{name} ({'; '.join(sorted(of))})") for name, of in purposes.items() if name]
        choices = [("", _("the usual ones")), *named]
        return forms.ChoiceField(
            choices=choices, label=field.label, help_text=field.help_text, required=False,
            widget=forms.Select(attrs={"aria-label": field.label}),
        )  # fmt: skip

    @cached_property
    def _last(self) -> int:
        return max((step.position for step in self.get_queryset()), default=0)

    @cached_property
    def _written(self) -> list[Words]:
        plan = self.instance
        return wordings(plan.program_id, plan.purposes if plan.pk else PlanStep.PURPOSES)

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
        words = (purpose, found.get("channel"), found.get("variant"))
        return [
            ("variant", is_message and words[2] and words not in self._written
             and _("There are no such words for this. Choose others, or write them under Templates first.")),
            ("purpose", is_message and purpose not in plan.purposes
             and (_("The plan is for friends who are not ready yet: choose words for friends.") if friends
                  else _("The plan asks for %(aim)s: choose words that fit.") % {"aim": plan.get_aim_display()})),
            ("survey", invites and not survey and _("Say which survey.")),
            ("survey", survey and not invites and _("Only an invitation to a survey has one. Leave this empty.")),
            ("survey", survey and plan.program_id and survey.program_id != plan.program_id
             and _("Choose a survey of the same program.")),
        ]  # fmt: skip


class StepInline(CardInline):
    model = PlanStep
    form = StepForm
    formset = StepFormSet
    # Which of them are shown for which kind of step, admin_cards.css says.
    fields = (
        ("position", "wait_days", "kind"), ("channel", "purpose"), ("variant", "survey"), ("condition", "goto")
    )  # fmt: skip

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj else 3


def words_panel(plan: OutreachPlan) -> Panel:
    rows = [
        (format_html('<a href="{}">{}</a>', reverse("admin:campaigns_outreachplan_words", args=[plan.pk, step.pk]),
                     step_sentence(step)),)
        for step in plan.steps.select_related("survey") if step.kind == PlanStep.Kind.MESSAGE
    ]  # fmt: skip
    return Panel(_("Its words, as somebody reads them"), (_("Step"),), rows, _("It writes to nobody yet."))


def steps_panel(plan: OutreachPlan) -> Panel:
    rows = [(one.words, one.written, one.sent, one.held, one.bounced) for one in by_step(plan)]
    headers = (_("Message"), _("Written"), _("Sent"), _("Held back"), _("Dead address"))
    return Panel(_("Messages by step"), headers, rows, _("Nothing has been written yet."))


def ask_state(ask: Ask) -> Any:
    """A round's state as a word: waiting, going on, or how it ended."""
    if ask.ended_at:
        good = ask.end_reason == Ask.End.REFERRED
        return status_word("converted" if good else "", ask.get_end_reason_display())
    if ask.started_at:
        return status_word("contacted", _("going on"))
    return status_word("pending", _("waits for its moment"))
