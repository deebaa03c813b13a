"""The forms with which another system is connected."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.steps import StepForm
from referrals.hooks.conditions import check_conditions
from referrals.hooks.meanings import FACTS, NAMES, facts_of
from referrals.hooks.pointers import check_places, pointers_of
from referrals.hooks.presets import PRESETS
from referrals.hooks.reading import read_json
from referrals.models import HookMapping, HookSource
from referrals.tokens import signing_secret

MOST_PLACES = 200
LONGEST_PLACE = 300


def _secret_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Secret"), min_length=16, max_length=200, strip=True,
        help_text=gettext_lazy("Copy it from the other system, or give that system this one. It is not shown again."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "vTextField"}),
    )  # fmt: skip


class HookSourceForm(forms.ModelForm):
    preset = forms.ChoiceField(
        label=gettext_lazy("System"),
        choices=[(name, preset.label) for name, preset in PRESETS.items()],
        help_text=gettext_lazy("Sets up how it signs and what its words mean; you can change all of it."),
    )
    secret = _secret_field()

    class Meta:
        model = HookSource
        fields = ("program", "name", "slug", "scheme", "type_at", "id_at", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.fields["secret"].initial = signing_secret()
        for name in ("type_at", "id_at"):
            if name in self.fields:
                self.fields[name].validators.append(check_places)


class SecretForm(StepForm):
    secret = _secret_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["secret"].initial = signing_secret()


class HookMappingForm(forms.ModelForm):
    class Meta:
        model = HookMapping
        fields = ("source", "says", "means", "only_if", "sample", "minor_units")
        help_texts = {
            "sample": gettext_lazy(
                "The body of one of its calls, as JSON; names in it need not be real. Where you write the body "
                "yourself, as in a workflow of HubSpot, copy this one and put the system's own fields in."
            )
        }
        widgets = {
            "only_if": forms.Textarea(attrs={"rows": 2, "class": "words", "spellcheck": "false"}),
            "sample": forms.Textarea(attrs={"rows": 12, "class": "words", "spellcheck": "false"}),
        }

    def clean_only_if(self) -> str:
        check_conditions(self.cleaned_data["only_if"])
        text: str = self.cleaned_data["only_if"]
        return text

    def clean_sample(self) -> str:
        sample: str = self.cleaned_data["sample"]
        if sample:
            read_json(sample.encode())
        return sample

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        means = found.get("means", "")
        at = {name.removeprefix("at_"): found[name] for name in found if name.startswith("at_")}
        if at:
            names = facts_of(means) if means else ()
            self.instance.pointers = {name: place for name, place in at.items() if place and name in names}
        return found


def fact_fields(mapping: HookMapping) -> dict[str, Any]:
    """A box for each fact that calls of this meaning may tell, with the places of the sample to choose from."""
    places = _places(mapping.sample)
    fields: dict[str, Any] = {}
    for name in facts_of(mapping.means):
        needed = name in FACTS[mapping.means].needed
        chosen = mapping.pointers.get(name, "")
        label = NAMES[name] if needed else _("%(name)s (optional)") % {"name": NAMES[name]}
        more = {"label": label, "required": False, "initial": chosen}
        if places:
            known = {place for place, _shown in places}
            kept = [(chosen, chosen)] if chosen and chosen not in known else []
            fields[f"at_{name}"] = forms.ChoiceField(choices=[("", "–"), *kept, *places], **more)
        else:
            fields[f"at_{name}"] = forms.CharField(
                max_length=LONGEST_PLACE, validators=[check_places], **more
            )
    return fields


def _places(sample: str) -> list[tuple[str, str]]:
    try:
        payload = read_json(sample.encode()) if sample else None
    except ValidationError:
        return []
    payload = payload[0] if isinstance(payload, list) and payload else payload
    found = list(pointers_of(payload))[:MOST_PLACES]
    return [(place, f"{place} – {str(value)[:40]}") for place, value in found if len(place) <= LONGEST_PLACE]
