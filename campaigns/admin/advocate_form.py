"""The form of one person, with further fields in rows and time zones to choose from."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.contacts import clean_email, clean_name, clean_phone, clean_text
from referrals.models import Advocate, Program

SPARE_ROWS, MOST_ROWS = 3, 400
LONGEST_NAME, LONGEST_VALUE = 80, 1000


def zones() -> list[tuple[str, Any]]:
    """Places to choose from, by continent; not the abbreviations, which say nothing of summer time."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        continent, slash, place = name.partition("/")
        if slash and continent not in {"Etc", "SystemV", "posix", "right"}:
            found.setdefault(continent, []).append((name, place.replace("_", " ")))
    return [("", _("as the program")), ("UTC", "UTC"), *found.items()]


def as_text(value: Any) -> str:
    return "" if value is None else str(value)


class RowsWidget(forms.Widget):
    """A name and a value a row, and a few empty rows."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        filled = value.items() if isinstance(value, Mapping) else value or []
        rows = [*((key, as_text(text)) for key, text in filled), *[("", "")] * SPARE_ROWS]
        lines = format_html_join(
            "",
            '<div class="pair"><input type="text" name="{}-name" value="{}" maxlength="{}" aria-label="{}">'
            '<input type="text" name="{}-value" value="{}" maxlength="{}" aria-label="{}"></div>',
            (
                (name, key, LONGEST_NAME, _("Name"), name, text, LONGEST_VALUE, key or _("What it says"))
                for key, text in rows
            ),
        )
        return format_html('<div class="pairs" id="{}">{}</div>', (attrs or {}).get("id", name), lines)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str]]:
        names, values = (data.getlist(f"{name}-{part}") for part in ("name", "value"))
        return list(zip(names, values, strict=False))[:MOST_ROWS]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-name" not in data


class RowsField(forms.Field):
    widget = RowsWidget

    def clean(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, text in value or []:
            plain = clean_text(name, LONGEST_NAME)
            if not plain:
                continue
            if plain in found:
                raise ValidationError(
                    _("Two rows are called “%(name)s”. Name one otherwise.") % {"name": plain}
                )
            found[plain] = clean_text(text, LONGEST_VALUE)
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        shown = {key: as_text(text) for key, text in (initial or {}).items()}
        return shown != {name.strip(): text for name, text in data or [] if name.strip()}


class AdvocateForm(forms.ModelForm):
    attributes = RowsField(
        label=gettext_lazy("further fields"), required=False,
        help_text=gettext_lazy("A name and what it says. Empty the name to take one away; save for more rows."),
    )  # fmt: skip
    timezone = forms.ChoiceField(label=gettext_lazy("time zone"), required=False, choices=zones)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept, field = self.instance.timezone, self.fields.get("timezone")
        if isinstance(field, forms.ChoiceField) and kept and not field.valid_value(kept):
            # One of the names of old, such as Japan.
            field.choices = [*zones(), (kept, kept)]

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_attributes(self) -> dict[str, Any]:
        """What is shown as it was stays as it is: a number does not become text."""
        known = self.instance.attributes
        return {
            name: known[name] if name in known and as_text(known[name]) == text else text
            for name, text in self.cleaned_data["attributes"].items()
        }

    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"]) if self.cleaned_data["email"] else ""

    def _read_phone(self, found: dict[str, Any]) -> None:
        """In international form, dialled in the person's country, else in their program's."""
        try:
            if found.get("phone"):
                found["phone"] = clean_phone(found["phone"], found.get("country") or self._home())
        except ValidationError as error:
            self.add_error("phone", error)

    def _home(self) -> str:
        """The country of their programs, else of all, if it is one."""
        theirs = Program.objects.filter(enrolments__advocate=self.instance.pk) if self.instance.pk else None
        programs = theirs if theirs and theirs.exists() else Program.objects.all()
        countries = set(programs.exclude(country="").values_list("country", flat=True))
        return countries.pop() if len(countries) == 1 else ""

    def clean(self) -> Any:
        found = super().clean() or {}
        self._read_phone(found)
        if not any(found.get(name) for name in ("name", "email", "external_id")) and not self.errors:
            raise ValidationError(
                _("Give a name, an e-mail address or a customer number: otherwise nobody finds them.")
            )
        # The hash is what must be unique; the form checks it before the database does.
        others = Advocate.objects.known_as(found.get("email", "")).exclude(pk=self.instance.pk)
        if found.get("email") and others.exists():
            self.add_error("email", _("Somebody with this e-mail address is already here."))
        return found
