"""The form that builds a segment: a head, and a row for each condition, without a line of JavaScript."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from referrals.conditions import CONDITIONS, Condition, contradiction
from referrals.models import Segment
from referrals.roles import programs_granting

MOST_ROWS = 20


class HeadForm(forms.ModelForm):
    class Meta:
        model = Segment
        fields = ("name", "program", "match")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        program: Any = self.fields["program"]
        program.queryset = programs_granting(user, "change", Segment)
        # A segment of the whole company shows everyone: only who may see everyone makes one.
        program.required = not user.is_superuser


class RowForm(forms.Form):
    """One condition: how it compares, and with what."""

    def __init__(self, *args: Any, condition: Condition, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.condition = condition
        choices = [(key, self._words(comparison.words)) for key, comparison in condition.comparisons.items()]
        self.fields["is"] = forms.ChoiceField(
            choices=choices, label=condition.label, error_messages={"required": _("Choose how to compare.")}
        )
        value = condition.value.field(user)
        if value:
            value.required = self.takes_value
            value.label = _("value")
            self.fields["value"] = value
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{condition.label}: {field.label}"

    @staticmethod
    def _words(words: Any) -> str:
        return str(words) % {"value": "…"}

    @property
    def takes_value(self) -> bool:
        comparison = self.condition.comparisons.get(str(self.data.get(self.add_prefix("is"), "")))
        return comparison is None or comparison.takes_value

    def kept(self) -> dict[str, Any]:
        """The condition as the segment keeps it."""
        row = {"field": self.condition.key, "is": self.cleaned_data["is"]}
        if self.takes_value:
            row["value"] = self.condition.value.keep(self.cleaned_data["value"])
        return row


class SegmentForm:
    """Head and rows together, from what was posted or from a segment."""

    def __init__(self, segment: Segment, user: Any, data: Any = None) -> None:
        self.segment, self.user, self.data = segment, user, data
        self.head = HeadForm(data, instance=segment, user=user)
        self.rows = self._posted() if data is not None else self._stored()

    @property
    def offered(self) -> list[Condition]:
        return list(CONDITIONS.values()) if len(self.rows) < MOST_ROWS else []

    def add(self, key: str) -> None:
        """One more row, for this condition."""
        if key in CONDITIONS and len(self.rows) < MOST_ROWS:
            self.rows.append(self._row(len(self.rows), CONDITIONS[key]))

    def is_valid(self) -> bool:
        """Whether everything can be read, and somebody could be all that is asked."""
        if not all([self.head.is_valid(), *(row.is_valid() for row in self.rows)]):
            return False
        wrong = contradiction([row.kept() for row in self.rows]) if self.segment.match == "all" else None
        if wrong is None:
            return True
        self.rows[wrong].add_error(
            None, _("Nobody can be this and what stands above as well. Change or remove one of them.")
        )
        return False

    def result(self) -> Segment:
        """The segment as it was typed; not saved yet."""
        self.segment.conditions = [row.kept() for row in self.rows]
        return self.segment

    def _posted(self) -> list[RowForm]:
        """The rows that were posted, but for the one to be removed; numbered anew."""
        keys = self.data.getlist("row")[:MOST_ROWS]
        gone = self.data.get("_do", "").removeprefix("remove-")
        data = self.data.copy()
        found: list[Condition] = []
        for number, key in enumerate(keys):
            if key not in CONDITIONS or str(number) == gone:
                continue
            for name in ("is", "value"):
                data[f"row-{len(found)}-{name}"] = self.data.get(f"row-{number}-{name}", "")
            found.append(CONDITIONS[key])
        return [self._row(number, condition, data) for number, condition in enumerate(found)]

    def _stored(self) -> list[RowForm]:
        rows = []
        for number, kept in enumerate(self.segment.conditions):
            condition = CONDITIONS[kept["field"]]
            shown = {"is": kept["is"]}
            if "value" in kept:
                shown["value"] = condition.value.shown(kept["value"])
            rows.append(self._row(number, condition, initial=shown))
        return rows

    def _row(self, number: int, condition: Condition, data: Any = None, **more: Any) -> RowForm:
        return RowForm(data, condition=condition, user=self.user, prefix=f"row-{number}", **more)
