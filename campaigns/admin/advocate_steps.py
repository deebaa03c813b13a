"""What staff do with people by hand: tags, the inner circle, notes."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.services.erasure import erase_advocates
from referrals.admin.steps import Step, StepForm
from referrals.contacts import clean_line, clean_note
from referrals.models import Advocate, Program, Tag
from referrals.roles import programs_granting
from referrals.services.note import note_about
from referrals.services.segment import drop, pick
from referrals.services.tag import put_tag, take_tag
from referrals.transitions import Moved


class PutTagForm(StepForm):
    tag = forms.ModelChoiceField(Tag.objects.all(), label=gettext_lazy("Tag"), required=False)
    new_tag = forms.CharField(label=gettext_lazy("or a new one"), required=False, max_length=60)

    def clean_new_tag(self) -> str:
        return clean_line(self.cleaned_data["new_tag"], 60)

    def clean(self) -> Any:
        found = super().clean() or {}
        if not self.errors and bool(found.get("tag")) == bool(found.get("new_tag")):
            raise forms.ValidationError(_("Choose a tag, or write a new one."))
        return found


class TakeTagForm(StepForm):
    tag = forms.ModelChoiceField(Tag.objects.all(), label=gettext_lazy("Tag"))


class CircleForm(StepForm):
    program = forms.ModelChoiceField(Program.objects.none(), label=gettext_lazy("Program"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        program: Any = self.fields["program"]
        program.queryset = programs_granting(self.user, "change", Advocate)
        program.initial = program.queryset.first()


class NoteForm(StepForm):
    text = forms.CharField(
        label=gettext_lazy("Note"), max_length=300,
        help_text=gettext_lazy("Colleagues read it in the history. They may ask to read it."),
    )  # fmt: skip

    def clean_text(self) -> str:
        return clean_note(self.cleaned_data["text"])


class EraseForm(StepForm):
    sure = forms.BooleanField(
        label=gettext_lazy("I know that the request comes from this person, and that nobody can undo it."),
        error_messages={"required": gettext_lazy("Make sure first that it is their own request.")},
    )


def _erase(rows: Any, *, sure: bool, now: datetime, by: Any) -> Moved:
    return erase_advocates(rows, now=now, by=by)


def _put(rows: Any, *, tag: Tag | None, new_tag: str, now: datetime, by: Any) -> Moved:
    known = tag or Tag.objects.filter(name__iexact=new_tag).first() or Tag.objects.create(name=new_tag)
    return put_tag(rows, known, now=now, by=by)


PEOPLE_STEPS = (
    Step(
        name="pick", label=gettext_lazy("Pick for the inner circle"), carry_out=pick, form=CircleForm,
        does=gettext_lazy("They are asked first. Nobody gets there but by your hand."),
    ),
    Step(
        name="put-tag", label=gettext_lazy("Put a tag on"), carry_out=_put, form=PutTagForm,
        does=gettext_lazy("Segments and plans can go by it; a plan that waits for this tag begins."),
    ),
    Step(
        name="note", label=gettext_lazy("Add a note"), carry_out=note_about, form=NoteForm,
        does=gettext_lazy("It stands in their history, with your name."),
    ),
    Step(
        name="take-tag", label=gettext_lazy("Take a tag off"), carry_out=take_tag, form=TakeTagForm,
        does=gettext_lazy("Segments that go by it lose these people."),
    ),
    Step(
        name="drop", label=gettext_lazy("Take out of the inner circle"), carry_out=drop, form=CircleForm,
        does=gettext_lazy("They stay advocates; they are asked as everyone else."),
    ),
)  # fmt: skip
ERASE = Step(
    name="erase", label=gettext_lazy("Delete their data"), carry_out=_erase, form=EraseForm, bulk=False, danger=True,
    does=gettext_lazy(
        "At their own request. Name, addresses, notes and all that was written to them go; their links lead nowhere, "
        "and nobody writes to them again. Counts, rewards and the ledger stay, without a name. Hand out first what "
        "they still have to get."
    ),
)  # fmt: skip
