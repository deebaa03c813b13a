"""The form that says what is read from each column of a file."""

from typing import Any

from babel.numbers import is_currency
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.cells import DateOrder
from referrals.headings import FURTHER, LEFT_OUT, REPEATED
from referrals.models import Enrolment, ImportFile
from referrals.roles import programs_granting
from referrals.services.file_kind import FileKind, kind_of

LABELS = {
    "external_id": gettext_lazy("customer number"),
    "email": gettext_lazy("e-mail"),
    "name": gettext_lazy("whole name"),
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "phone": gettext_lazy("phone"),
    "company": gettext_lazy("company"),
    "kind": gettext_lazy("kind of contact"),
    "language": gettext_lazy("language"),
    "country": gettext_lazy("country"),
    "timezone": gettext_lazy("time zone"),
    "owner": gettext_lazy("account manager"),
    "lead": gettext_lazy("number of the lead"),
    "received_at": gettext_lazy("when it came"),
    "contacted_at": gettext_lazy("first talked with"),
    "source": gettext_lazy("where it came from"),
    "caller": gettext_lazy("who calls"),
    "tags": gettext_lazy("tags"),
    "wants_mail": gettext_lazy("wants mail: yes or no"),
    "no_mail": gettext_lazy("wants no mail: yes, or the day"),
    "wants_texts": gettext_lazy("wants text messages: yes or no"),
    "no_texts": gettext_lazy("wants no text messages: yes, or the day"),
    "advocate": gettext_lazy("who: customer number or e-mail"),
    "order": gettext_lazy("order number"),
    "code": gettext_lazy("code of a recommendation"),
    "customer": gettext_lazy("customer number"),
    "refunded": gettext_lazy("paid back so far"),
    "status": gettext_lazy("state: paid or not"),
    "occurred_at": gettext_lazy("when"),
    "amount": gettext_lazy("amount"),
    "currency": gettext_lazy("currency"),
    "score": gettext_lazy("score from 0 to 10"),
    "program": gettext_lazy("address of the program"),
    "product": gettext_lazy("what they bought"),
    "project": gettext_lazy("project"),
    "result": gettext_lazy("result"),
    "milestone": gettext_lazy("milestone"),
    "action": gettext_lazy("what they did"),
    "tag": gettext_lazy("tag"),
    "list": gettext_lazy("list"),
    "field": gettext_lazy("field"),
    "from": gettext_lazy("value before"),
    "to": gettext_lazy("value after"),
}


# A column of another kind; what does not keep them offers only the last.
OTHERWISE = ((FURTHER, gettext_lazy("keep as a further field")), (LEFT_OUT, gettext_lazy("do not read")))


class ColumnsForm(forms.Form):
    """A choice for each column, with examples of what stands in it, and what holds for the whole file."""

    def __init__(self, *args: Any, file: ImportFile, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file = file
        kind = kind_of(file.what)
        choices = [
            *((target, LABELS[target]) for target in kind.targets),
            *OTHERWISE[not kind.keeps_others :],
        ]
        self.columns = {f"column{n}": name for n, name in enumerate(file.found.get("header", []))}
        for field, name in self.columns.items():
            examples = file.found.get("examples", {}).get(name, [])
            self.fields[field] = forms.ChoiceField(
                label=name, choices=choices, initial=file.columns.get(name, FURTHER if kind.keeps_others else LEFT_OUT),
                help_text=" · ".join(examples) or _("empty"),
            )  # fmt: skip
        about = self._about_the_file(kind, user)
        self.fields |= {name: asked for name, asked in about.items() if name in kind.asks}

    def _about_the_file(self, kind: FileKind, user: Any) -> dict[str, forms.Field]:
        """Everything that may be asked about a whole file."""
        file = self.file
        # Who sees all programs may speak for all of them.
        must = kind.needs_program and not (kind.may_be_of_all and user.is_superuser)
        return {
            "program": forms.ModelChoiceField(
                programs_granting(user, "add", Enrolment), required=must, initial=file.program,
                label=_("Enrol everyone in") if file.is_people else _("Program they belong to"),
                empty_label=_("every program") if kind.may_be_of_all else _("no program"),
                help_text=_("They get a code and links. Nothing is sent.") if file.is_people else "",
            ),
            "country": forms.RegexField(
                r"^[A-Za-z]{2}$", required=False, initial=file.country, label=_("Country"),
                help_text=_("Two letters, such as IT: reads phone numbers without country code."),
                error_messages={"invalid": _("Write two letters, such as IT.")},
            ),
            "currency": forms.CharField(
                max_length=3, required=False, initial=file.currency, label=_("Currency"),
                help_text=_("Of every amount, such as EUR, unless a column says so."),
            ),
            "dates": forms.ChoiceField(
                choices=DateOrder.choices, required=False, initial=file.dates, label=_("Dates such as 03/04/2026")
            ),
            "create_advocates": forms.BooleanField(
                required=False, initial=file.create_advocates, label=_("Take in whoever is not known yet")
            ),
            "why": forms.ChoiceField(choices=kind.reasons, initial=file.why, label=_("Why nothing is sent there")),
        }  # fmt: skip

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].upper()
        if currency and not is_currency(currency):
            raise forms.ValidationError(_("No currency has this code. Write three letters, such as EUR."))
        return currency

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        seen: dict[str, str] = {}
        for field, name in self.columns.items():
            target = found.get(field)
            if target is None or target in REPEATED:
                continue
            if target in seen:
                self.add_error(
                    field,
                    _("“%(other)s” is read as this already. Choose something else for one of them.")
                    % {"other": seen[target]},
                )
            seen[target] = name
        return found

    def choices(self) -> dict[str, Any]:
        """What was chosen, as the file keeps it."""
        found = dict(self.cleaned_data)
        columns = {name: found.pop(field) for field, name in self.columns.items()}
        return {"columns": columns, **found}

    def column_fields(self) -> list[forms.BoundField]:
        return [self[field] for field in self.columns if not self._is_unread(field)]

    def unread_fields(self) -> list[forms.BoundField]:
        """Columns that are not read, as things stand: there may be hundreds."""
        return [self[field] for field in self.columns if self._is_unread(field)]

    def _is_unread(self, field: str) -> bool:
        return self[field].value() == LEFT_OUT and not self[field].errors

    def other_fields(self) -> list[forms.BoundField]:
        return [self[field] for field in self.fields if field not in self.columns]
