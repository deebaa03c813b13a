from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import Textarea, TextInput
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.trial import TrialAdmin, TryForm
from campaigns.models import MessageTemplate, Purpose
from campaigns.services.checking import check_words
from campaigns.services.handling import copy_to_program
from campaigns.services.placeholders import PLACEHOLDERS
from campaigns.services.trying import first_words, send_test
from referrals.admin.cells import status_word
from referrals.admin.scoped import HistoryAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.models import Program
from referrals.roles import programs_granting
from referrals.transitions import Moved


class WordsArea(Textarea):
    """The words, and beside them what may be written in them; with a script a click puts it at the cursor."""

    purpose = ""
    # What stands for each in a message to one person; where nobody is known, an example does.
    values: Mapping[str, Any] = MappingProxyType({})

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        known = [
            {
                "name": name,
                "for": one.description,
                "example": self.values.get(name, one.sample),
                "body_only": not one.in_subject,
            }
            for name, one in PLACEHOLDERS.get(self.purpose, {}).items()
        ]
        area = super().render(name, value, attrs, renderer)
        return render_to_string("admin/_words_area.html", {"area": area, "known": known})


class TemplateForm(TryForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "body" in self.fields:
            chosen = self.instance.purpose or self.data.get("purpose", "")
            self.fields["body"].widget.purpose = chosen
        if "program" in self.fields:
            # The bank is shipped as files; what is written here is a program's own.
            self.fields["program"].required = True
            self.fields["program"].help_text = ""
        if "purpose" in self.fields:
            written = [(value, label) for value, label in Purpose.choices if value in PLACEHOLDERS]
            self.fields["purpose"].choices = written  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        purpose = found.get("purpose") or self.instance.purpose
        if purpose and "body" in found:
            try:
                check_words(purpose, found.get("subject", ""), found["body"])
            except ValidationError as wrong:
                self.add_error(None, wrong)
        return found


class OursForm(StepForm):
    program = forms.ModelChoiceField(Program.objects.none(), label=gettext_lazy("For the program"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        program: Any = self.fields["program"]
        program.queryset = programs_granting(self.user, "add", MessageTemplate)
        program.initial = program.queryset.first()


class WhoseFilter(admin.SimpleListFilter):
    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("bank", _("the bank's")), ("ours", _("our own"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = {"bank": True, "ours": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(program__isnull=wanted)


def make_ours(rows: Any, *, program: Program, now: datetime, by: Any) -> Moved:
    return Moved([copy_to_program(template, program) for template in rows], [])


def test_sends(rows: Any, *, now: datetime, by: Any) -> Moved:
    for template in rows.select_related("program"):
        send_test(template, template.program or Program.objects.for_staff(by).first(), by, now=now)
    return Moved(list(rows), [])


@admin.register(MessageTemplate)
class MessageTemplateAdmin(TrialAdmin, StepsAdmin, HistoryAdmin):
    about = gettext_lazy(
        "What we say, on each occasion and in each language. The bank is ready; make your own where you differ."
    )
    change_form_template = "admin/template.html"
    form = TemplateForm
    list_display = ("purpose", "whose", "channel", "contact_kind", "variant", "language", "begins")
    list_filter = ("purpose", "language", "channel", "contact_kind", WhoseFilter, ProgramFilter)
    list_select_related = ("program",)
    search_fields = ("subject", "body")
    ordering = ("purpose", "channel", "contact_kind", "variant", "language", "pk")
    fieldsets = (
        (None, {"fields": ("program", "purpose", ("channel", "language", "contact_kind", "variant"))}),
        (
            gettext_lazy("Words"),
            {
                "description": gettext_lazy(
                    "Markdown: a blank line between paragraphs, **bold**, [a link]({{ link }})."
                ),
                "fields": ("subject", "body"),
            },
        ),
    )
    steps = (
        Step(
            name="make-it-ours", label=gettext_lazy("Make it ours"), carry_out=make_ours, form=OursForm, verb="add",
            does=gettext_lazy("Your program gets a copy to change. It is used instead of the bank's from then on."),
            fits=lambda row: row.program_id is None, bulk=False,
        ),
        Step(
            name="test-send", label=gettext_lazy("Send me a test"), carry_out=test_sends, bulk=False,
            does=gettext_lazy("It goes to your own address, with example values."),
            fits=lambda row: row.purpose in PLACEHOLDERS,
        ),
    )  # fmt: skip

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        in_bank = isinstance(obj, MessageTemplate) and obj.pk and obj.program_id is None
        return super().may(request, verb, None if in_bank else obj) and not (
            in_bank and verb in {"change", "delete"}
        )

    def why_not(self, row: Any) -> str:
        return _("“%(row)s” is a program's own already") % {"row": row}

    def may_step(self, request: HttpRequest, step: Step, obj: Any = None) -> bool:
        # A test of the bank's words changes nothing; whoever may write templates may send one.
        return self.may(request, "add" if obj is not None and obj.program_id is None else step.verb, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "body":
            kwargs["widget"] = WordsArea(attrs={"rows": 18, "class": "words"})
        if db_field.name == "subject":
            kwargs["widget"] = TextInput(attrs={"class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("program", "purpose") if obj else ()

    def summary(self, obj: MessageTemplate) -> Sequence[Any]:
        if obj.program_id:
            return [_("%(program)s uses these words instead of the bank's.") % {"program": obj.program}]
        return [
            _("From the bank: used by every program without words of its own. Make it yours to change it.")
        ]

    def panels(self, request: HttpRequest, obj: MessageTemplate) -> list[Panel]:
        # Whoever writes has them beside the words.
        known = {} if self.may(request, "change", obj) else PLACEHOLDERS.get(obj.purpose, {})
        rows = [
            (
                format_html("<code>{}</code>", "{{ " + name + " }}"),
                p.description,
                str(p.sample),
                "" if p.in_subject else _("body only"),
            )
            for name, p in known.items()
        ]
        return [Panel(_("Placeholders"), (_("Write"), _("For"), _("Example"), ""), rows)] if rows else []

    @admin.display(description=gettext_lazy("whose"), ordering="program__name")
    def whose(self, template: MessageTemplate) -> Any:
        return status_word("live", template.program) if template.program else status_word("", _("bank"))

    @admin.display(description=gettext_lazy("begins"))
    def begins(self, template: MessageTemplate) -> str:
        """As a reader would see it, with the example values of the editor."""
        return first_words(template)
