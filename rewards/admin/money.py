from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from referrals.models import Program
from referrals.money import to_major, to_minor


class MoneyForm(forms.ModelForm):
    """A form whose ``money`` field is typed and shown as people write money, and stored in minor units."""

    money = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        minor = getattr(self.instance, self.money) if self.instance.pk else None
        if minor is not None and self.money in self.fields:
            currency = self.instance.program.currency
            self.initial[self.money] = to_major(minor, currency)
            self.fields[self.money].help_text = _("In %(currency)s.") % {"currency": currency}

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        program = found.get("program") or (self.instance.program if self.instance.pk else None)
        if isinstance(program, Program) and found.get(self.money) is not None:
            found[self.money] = self._minor(found[self.money], program.currency)
        return found

    def _minor(self, amount: Any, currency: str) -> int | None:
        try:
            return to_minor(amount, currency)
        except ValueError:
            message = _("Write no more decimals than %(currency)s has.")
            self.add_error(self.money, ValidationError(message, params={"currency": currency}))
            return None


def money_field(label: Any, help_text: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=0, max_digits=12, initial=0, help_text=help_text)
