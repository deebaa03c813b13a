"""What a segment may ask about a person: each condition knows its words, what may be written, and its query.

``referrals/facts.py`` names those of this app; apps above add theirs with ``register()`` when they are ready.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.cells import read_amount, read_currency
from referrals.contacts import clean_text
from referrals.money import format_money, to_major


class Value:
    """What stands behind the comparison: how it is typed, kept in JSON and said."""

    def field(self, user: Any) -> forms.Field | None:
        return None

    def keep(self, typed: Any) -> Any:
        return typed

    def shown(self, kept: Any) -> Any:
        return kept

    def say(self, kept: Any) -> str:
        return str(kept)


@dataclass(frozen=True)
class Number(Value):
    """A whole number, such as days or a count."""

    most: int = 1_000_000
    least: int = 0

    def field(self, user: Any) -> forms.Field:
        return forms.IntegerField(
            min_value=self.least,
            max_value=self.most,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 8}),
            error_messages={
                "invalid": _("Write a whole number here."),
                "required": _("Write a number here."),
                "min_value": _("Write %(limit_value)d or more."),
                "max_value": _("Write %(limit_value)d or less."),
            },
        )


@dataclass(frozen=True)
class Choice(Value):
    """One of a few words that are known beforehand."""

    choices: Callable[[], Sequence[tuple[str, Any]]]

    def field(self, user: Any) -> forms.Field:
        return forms.ChoiceField(
            choices=[("", _("choose")), *self.choices()], error_messages={"required": _("Choose one.")}
        )

    def say(self, kept: Any) -> str:
        return str(dict(self.choices()).get(kept, kept))


@dataclass(frozen=True)
class Row(Value):
    """A row of the database, such as a tag; ``rows(user)`` are those that this person may name."""

    rows: Callable[[Any], QuerySet[Any]]
    label: Callable[[Any], str] = str

    def field(self, user: Any) -> forms.Field:
        found = forms.ModelChoiceField(
            self.rows(user), empty_label=_("choose"), error_messages={"required": _("Choose one.")}
        )
        found.label_from_instance = self.label  # type: ignore[method-assign,assignment]
        return found

    def keep(self, typed: Any) -> Any:
        return typed.pk

    def say(self, kept: Any) -> str:
        row = self.rows(None).filter(pk=kept).first()
        return self.label(row) if row else _("something that was deleted")


@dataclass(frozen=True)
class Text(Value):
    """A few words, however they are written: capitals make no difference."""

    def field(self, user: Any) -> forms.Field:
        return forms.CharField(
            max_length=100,
            widget=forms.TextInput(attrs={"autocomplete": "off", "size": 20}),
            error_messages={"required": _("Write a word or two here.")},
        )

    def keep(self, typed: Any) -> Any:
        return clean_text(typed, 100)


class MoneyField(forms.CharField):
    """An amount and its currency on one line, such as 500 EUR."""

    def clean(self, value: Any) -> Any:
        amount, _space, currency = super().clean(value).strip().rpartition(" ")
        if not amount:
            raise ValidationError(_("Write an amount and its currency, such as 500 EUR."))
        code = read_currency(currency)
        return [read_amount(amount, code), code]


@dataclass(frozen=True)
class Money(Value):
    def field(self, user: Any) -> forms.Field:
        widget = forms.TextInput(attrs={"autocomplete": "off", "size": 12})
        message = _("Write an amount and its currency, such as 500 EUR.")
        return MoneyField(max_length=30, widget=widget, error_messages={"required": message})

    def shown(self, kept: Any) -> Any:
        return f"{to_major(*kept)} {kept[1]}"

    def say(self, kept: Any) -> str:
        return format_money(*kept)


class PairField(forms.CharField):
    """A field's name and a value with a colon between them, such as plan: gold."""

    def clean(self, value: Any) -> Any:
        name, colon, rest = clean_text(super().clean(value), 200).partition(":")
        if not (name.strip() and colon and rest.strip()):
            raise ValidationError(_("Write the field's name, a colon and the value, such as plan: gold."))
        return [name.strip(), rest.strip()]


@dataclass(frozen=True)
class Pair(Value):
    def field(self, user: Any) -> forms.Field:
        message = _("Write the field's name, a colon and the value, such as plan: gold.")
        return PairField(max_length=200, error_messages={"required": message})

    def shown(self, kept: Any) -> Any:
        name, value = tuple(kept) if isinstance(kept, list) else (None, None)
        if not name:
            raise ValueError(kept)
        return f"{name}: {value}"

    def say(self, kept: Any) -> str:
        return "{}: {}".format(*kept)


@dataclass(frozen=True)
class Comparison:
    """One way to ask: ``words`` hold the value as %(value)s; ``allows`` is the span of numbers that fit."""

    words: Any
    asks: Callable[[Any, datetime], Q]
    allows: Callable[[Any], tuple[float, float]] | None = None
    takes_value: bool = True


@dataclass(frozen=True)
class Condition:
    """Something that can be asked about a person."""

    key: str
    label: Any
    comparisons: dict[str, Comparison]
    value: Value = field(default_factory=Value)
    # A person has one of these: two different ones at once fit nobody.
    single: bool = False

    def asks(self, row: dict[str, Any], now: datetime) -> Q:
        """The query of one row of a segment."""
        return self.comparisons[row["is"]].asks(row.get("value"), now)

    def say(self, row: dict[str, Any]) -> str:
        """The row as part of a sentence about people."""
        comparison = self.comparisons[row["is"]]
        value = self.value.say(row["value"]) if comparison.takes_value else ""
        return str(comparison.words) % {"value": value}


CONDITIONS: dict[str, Condition] = {}


def register(*conditions: Condition) -> None:
    """Offer these conditions in every segment; the order is that of the list one chooses from."""
    CONDITIONS.update({condition.key: condition for condition in conditions})


def check_rows(rows: Any, user: Any = None) -> None:
    """Raises ValidationError with a sentence unless these are conditions as a segment keeps them."""
    wrong = gettext_lazy("Row %(row)d is no condition: write field, is and value as the form does.")
    if not isinstance(rows, list):
        raise ValidationError(_("Conditions are a list."))
    for number, row in enumerate(rows, start=1):
        condition = CONDITIONS.get(row.get("field", "")) if isinstance(row, dict) else None
        if condition is None or row.get("is") not in condition.comparisons:
            raise ValidationError(wrong, params={"row": number})
        typed = condition.value.field(user)
        if typed and condition.comparisons[row["is"]].takes_value:
            try:
                typed.clean(condition.value.shown(row.get("value")))
            except (TypeError, ValueError, AttributeError) as error:
                raise ValidationError(wrong, params={"row": number}) from error


def contradiction(rows: Sequence[dict[str, Any]]) -> int | None:
    """The first of rows that must all be true which leaves nobody, by what stands before it."""
    spans: dict[str, tuple[float, float]] = {}
    chosen: dict[str, Any] = {}
    for number, row in enumerate(rows):
        condition = CONDITIONS[row["field"]]
        comparison = condition.comparisons[row["is"]]
        if comparison.allows:
            low, high = spans.get(condition.key, (0, float("inf")))
            new_low, new_high = comparison.allows(row.get("value"))
            spans[condition.key] = low, high = max(low, new_low), min(high, new_high)
            if low > high:
                return number
        value, before = row.get("value"), rows[:number]
        opposite = {"is": "is_not", "is_not": "is", "yes": "no", "no": "yes"}.get(row["is"])
        if any((r["field"], r["is"], r.get("value")) == (row["field"], opposite, value) for r in before):
            return number
        if condition.single and row["is"] == "is" and chosen.setdefault(condition.key, value) != value:
            return number
    return None
