"""Amounts in forms: typed and shown as people write them, stored in minor units."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.models import Program
from referrals.money import to_major, to_minor
from rewards.models.incentive import POINTS

# The unit of what is counted whole: friends.
COUNT = ""
WHOLE = (POINTS, COUNT)


class MoneyForm(forms.ModelForm):
    """A form whose ``money`` fields are typed and shown in major units, and stored in minor ones."""

    money: ClassVar[tuple[str, ...]] = ()

    class Meta:
        error_messages: ClassVar[dict[str, Any]] = {
            NON_FIELD_ERRORS: {
                "unique_together": gettext_lazy("There is one like this already. Change that one instead.")
            }
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in set(self.money) & set(self.fields):
                self._show(name)

    def _show(self, name: str) -> None:
        unit = self.unit_of(name, {})
        if (minor := getattr(self.instance, name)) is not None:
            self.initial[name] = minor if unit in WHOLE else to_major(minor, str(unit))
        if unit and unit != POINTS:
            self.fields[
                name
            ].help_text = f"{_('In %(currency)s.') % {'currency': unit}} {self.fields[name].help_text}"

    def program_in(self, found: dict[str, Any]) -> Program | None:
        """The program that this row is for, once it is known."""
        return found.get("program") or (self.instance.program if self.instance.program_id else None)

    def unit_of(self, name: str, found: dict[str, Any]) -> str | None:
        """What the field counts in: a currency, POINTS or COUNT; None as long as nobody can say."""
        program = self.program_in(found)
        return program.currency if program else None

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for name in self.money:
            unit = self.unit_of(name, found)
            if found.get(name) is not None and unit is not None:
                try:
                    found[name] = minor_of(found[name], unit)
                except ValueError:
                    self.add_error(name, _refusal(unit))
        return found

    def _get_validation_exclusions(self) -> set[str]:
        # The program stays what it was, yet what must be unique within it is checked all the same.
        kept = {"program"} if self.instance.pk else set()
        excluded: set[str] = super()._get_validation_exclusions() - kept  # type: ignore[misc]
        return excluded


def minor_of(amount: Decimal, unit: str) -> int:
    """The amount as it is stored. Raises ValueError if that cannot be exact."""
    if unit not in WHOLE:
        return to_minor(amount, unit)
    if amount != amount.to_integral_value():
        raise ValueError(amount)
    return int(amount)


def _refusal(unit: str) -> ValidationError:
    if unit in WHOLE:
        return ValidationError(_("This is counted in whole numbers."))
    return ValidationError(_("Write no more decimals than %(currency)s has."), params={"currency": unit})


def money_field(label: Any, help_text: Any, **options: Any) -> forms.DecimalField:
    """A box for an amount that is never negative."""
    refusal = {
        "min_value": gettext_lazy("An amount is never negative. Write 0 or more."),
        "max_digits": gettext_lazy("No amount is that large."),
    }
    return forms.DecimalField(
        label=label, help_text=help_text, min_value=0, max_digits=12, error_messages=refusal,
        **{"initial": 0} | options,
    )  # fmt: skip
