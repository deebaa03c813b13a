from collections.abc import Sequence
from typing import Any

from babel import Locale
from babel.numbers import is_currency
from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from referrals.admin.scoped import ScopedAdmin
from referrals.money import format_money
from rewards.admin.money import MoneyForm, money_field
from rewards.models import TaxThreshold


class TaxThresholdForm(MoneyForm):
    money = ("amount",)
    amount = money_field(
        gettext_lazy("Threshold"), gettext_lazy("What somebody may get in a year, as you write it: 600."),
        initial=None,
    )  # fmt: skip
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=2000, max_value=2100)
    warn_at_percent = forms.IntegerField(
        label=gettext_lazy("Warn at (%)"), min_value=1, max_value=100, initial=80,
        help_text=gettext_lazy("You are warned at so much of it; at all of it, rewards wait for a person."),
    )  # fmt: skip

    class Meta(MoneyForm.Meta):
        model = TaxThreshold
        fields = ("country", "year", "amount", "currency", "warn_at_percent", "source")

    def program_in(self, found: dict[str, Any]) -> None:
        # A law holds for every program.
        return None

    def unit_of(self, name: str, found: dict[str, Any]) -> str | None:
        return found.get("currency") or self.instance.currency or None

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if country not in _territories():
            raise forms.ValidationError(_("No country has this code. Write two letters, such as US."))
        return country

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].upper()
        if not is_currency(currency):
            raise forms.ValidationError(_("No currency has this code. Write three letters, such as USD."))
        return currency


def _territories() -> dict[str, str]:
    """Countries by their two letters, named in the language of the page."""
    names = Locale.parse(get_language() or "en", sep="-").territories
    return {code: name for code, name in names.items() if len(code) == 2 and code.isalpha()}


@admin.register(TaxThreshold)
class TaxThresholdAdmin(ScopedAdmin):
    """The same for every program: whoever manages one may keep them."""

    about = gettext_lazy(
        "From which value of rewards in a year a country wants to be told. Rewards beyond it wait, and say why. "
        "This is data, not advice: note where each number is from."
    )
    form = TaxThresholdForm
    list_display = ("land", "year", "threshold", "warning", "source")
    list_filter = ("year",)
    search_fields = ("country", "source")
    ordering = ("-year", "country")
    fields = ("country", "year", "currency", "amount", "warn_at_percent", "source")
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return admin.ModelAdmin.get_queryset(self, request)

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        return super().may(request, verb)

    def summary(self, obj: TaxThreshold) -> Sequence[Any]:
        words = _("In %(country)s, rewards of %(amount)s or more in %(year)d wait for a person.")
        return [words % {"country": self.land(obj), "amount": self.threshold(obj), "year": obj.year}]

    @admin.display(description=gettext_lazy("country"), ordering="country")
    def land(self, row: TaxThreshold) -> str:
        return _territories().get(row.country, row.country)

    @admin.display(description=gettext_lazy("threshold"), ordering="amount")
    def threshold(self, row: TaxThreshold) -> str:
        return format_money(row.amount, row.currency)

    @admin.display(description=gettext_lazy("warns at"), ordering="warn_at_percent")
    def warning(self, row: TaxThreshold) -> str:
        return _("%(percent)d %%") % {"percent": row.warn_at_percent}
