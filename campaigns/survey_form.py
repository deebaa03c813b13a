"""What somebody types who answers a survey."""

from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from campaigns.models import Survey, SurveyResponse, SurveyText
from campaigns.services.survey import Said
from referrals.contacts import clean_note
from referrals.forms import Typed
from referrals.models import Program

LONGEST = 1000
SCORES = [(str(number), str(number)) for number in range(11)]
RECOMMEND = SurveyText.Place.RECOMMEND


def agreement_to_quote(program: Program) -> str:
    """The exact words by which somebody may be quoted; kept with the answer."""
    return _now("%(company)s may show my words to others, with my first name and where I work.") % {
        "company": program.company
    }


class SurveyForm(forms.Form):
    """The questions of one survey, in their order, and whether the answers may be quoted."""

    may_quote = forms.BooleanField(required=False)

    use_required_attribute = False

    def __init__(
        self, data: Any, *, response: SurveyResponse, questions: dict[str, str], score: int | None
    ) -> None:
        """``score`` is what the link says, for whoever has not answered yet."""
        said = response.answers | {"may_quote": response.may_quote}
        number = score if response.answered_at is None else response.score
        if number is not None:
            said[RECOMMEND] = str(number)
        super().__init__(data, initial=said, label_suffix="")
        self.questions = questions
        for place, text in questions.items():
            self.fields[place] = _scale(text) if place == RECOMMEND else _words(text)
        self.order_fields([*questions, "may_quote"])
        self.fields["may_quote"].label = agreement_to_quote(response.survey.program)
        if response.survey.kind == Survey.Kind.PROGRAM:
            # Nobody outside cares what customers think of a program.
            del self.fields["may_quote"]

    @property
    def all_forms(self) -> list[forms.Form]:
        return [self]

    @property
    def asked(self) -> list[forms.BoundField]:
        return [self[place] for place in self.questions]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and not any(found.get(place) for place in self.questions):
            self.add_error(next(iter(self.questions)), _("Answer at least one question, in a few words."))
        return found

    @property
    def said(self) -> Said:
        found = self.cleaned_data
        score = found.get(RECOMMEND)
        return Said(
            score=int(score) if score else None,
            answers={place: found[place] for place in self.questions if place != RECOMMEND and found[place]},
            questions=self.questions,
            consent=str(self.fields["may_quote"].label) if found.get("may_quote") else "",
        )


def _scale(text: str) -> forms.ChoiceField:
    missing = _("Choose a number from 0 to 10.")
    return forms.ChoiceField(
        label=text, choices=SCORES, widget=forms.RadioSelect,
        error_messages={"required": missing, "invalid_choice": missing},
    )  # fmt: skip


def _words(text: str) -> Typed:
    return Typed(_clean, label=text, widget=forms.Textarea, attrs={"rows": 3, "maxlength": LONGEST})


def _clean(value: str) -> str:
    # A browser counts the end of a line once, and sends two characters.
    return partial(clean_note, length=LONGEST)(value.replace("\r\n", "\n"))
