"""Something for an advocate without a rule, because it is fair: for a claim, or by itself."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.referral_steps import NoteForm
from referrals.admin.steps import Step
from referrals.contacts import clean_text
from referrals.models import Enrolment, Program
from referrals.money import format_money
from referrals.transitions import Moved
from rewards.models import Incentive
from rewards.services.goodwill import give_goodwill, goodwill_left


class GoodwillForm(NoteForm):
    incentive = forms.ModelChoiceField(Incentive.objects.none(), label=gettext_lazy("What they get"))
    field_order: tuple[str, ...] = ("incentive", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        programs = list(self.rows.order_by().values_list("program", flat=True).distinct()[:2])
        field: Any = self.fields["incentive"]
        field.queryset = Incentive.objects.filter(program__in=programs[:1], active=True).order_by("name")
        left = goodwill_left(programs[0], now=timezone.now()) if programs else None
        if left is not None:
            currency = Program.objects.get(pk=programs[0]).currency
            field.help_text = _("%(left)s is left of what is set aside for goodwill.") % {
                "left": format_money(max(left, 0), currency)
            }
        if len(programs) > 1:
            field.queryset = Incentive.objects.none()
            field.help_text = _("Choose claims of one program at a time.")


class GiftForm(GoodwillForm):
    # Pressed twice, it is one gift.
    once = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["once"].initial = uuid4().hex
        self.fields["note"].required = True
        self.fields["note"].label = gettext_lazy("Why")

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


def _give(rows: Any, *, incentive: Incentive, note: str, once: str, now: Any, by: Any) -> Moved:
    place: Enrolment = rows.select_related("program", "advocate").get()
    give_goodwill(place, incentive, key=f"place:{place.pk}:{once}", note=note, now=now, by=by)
    return Moved([place], [])


GIVE = Step(
    name="goodwill", label=gettext_lazy("Give goodwill"), done=gettext_lazy("Goodwill promised"), form=GiftForm,
    carry_out=_give, bulk=False,
    does=gettext_lazy(
        "They get something without a rule, because it is fair. It takes from the budget, and a second look "
        "approves it."
    ),
)  # fmt: skip
