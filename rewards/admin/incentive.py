from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import status_word
from referrals.admin.scoped import HistoryAdmin, ProgramFilter
from rewards.admin.money import MoneyForm, money_field
from rewards.models import Incentive


class IncentiveForm(MoneyForm):
    money = "value"
    value = money_field(
        gettext_lazy("Value"),
        gettext_lazy("To the recipient, in the program's currency: 40 or 12.50. Zero for a letter."),
    )

    class Meta:
        model = Incentive
        fields = ("program", "name", "kind", "value", "how_to_use", "active")


@admin.register(Incentive)
class IncentiveAdmin(HistoryAdmin):
    about = gettext_lazy("What people can get. A rule says who gets it, and when.")
    form = IncentiveForm
    list_display = ("name", "kind", "value_in_words", "state", "program")
    list_filter = (ProgramFilter, "kind", "active")
    list_select_related = ("program",)
    search_fields = ("name", "how_to_use")
    ordering = ("program__name", "name")
    fieldsets = (
        (None, {"fields": ("program", "name", "kind", "value")}),
        (
            gettext_lazy("When it is handed out"),
            {"description": gettext_lazy("Stands in the mail, after the code."), "fields": ("how_to_use",)},
        ),
        (
            gettext_lazy("In use"),
            {
                "description": gettext_lazy("What is not active is promised to nobody new."),
                "fields": ("active",),
            },
        ),
    )

    def summary(self, obj: Incentive) -> Sequence[Any]:
        rules = [rule.sentence for rule in obj.rules.select_related("program", "incentive")]
        return rules or [_("No rule gives this to anybody yet.")]

    @admin.display(description=gettext_lazy("value"), ordering="value")
    def value_in_words(self, incentive: Incentive) -> str:
        return incentive.worth or "–"

    @admin.display(description=gettext_lazy("in use"), ordering="active")
    def state(self, incentive: Incentive) -> Any:
        return status_word("live", _("active")) if incentive.active else status_word("", _("not active"))
