from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import status_word
from referrals.admin.scoped import HistoryAdmin, ProgramFilter
from rewards.admin.money import MoneyForm, money_field
from rewards.models import RewardRule


class RewardRuleForm(MoneyForm):
    money = "minimum"
    minimum = money_field(
        gettext_lazy("Smallest sale"),
        gettext_lazy("In the program's currency: 100 or 99.50. Zero for any sale."),
    )

    class Meta:
        model = RewardRule
        fields = (
            "program",
            "when",
            "side",
            "incentive",
            "minimum",
            "hold_days",
            "approval",
            "active",
            "ends_at",
        )


@admin.register(RewardRule)
class RewardRuleAdmin(HistoryAdmin):
    about = gettext_lazy("Who gets what, and when. Each rule gives once for each friend.")
    form = RewardRuleForm
    list_display = ("sentence", "state", "program")
    list_filter = (ProgramFilter, "active", "side", "when")
    list_select_related = ("program", "incentive")
    search_fields = ("incentive__name", "program__name")
    ordering = ("program__name", "when", "side")
    fieldsets = (
        (
            gettext_lazy("The promise"),
            {
                "description": gettext_lazy("When something happens, one side gets an incentive."),
                "fields": ("program", "when", "side", "incentive", "minimum"),
            },
        ),
        (
            gettext_lazy("Before it is handed out"),
            {
                "description": gettext_lazy(
                    "Time for the friend to change their mind, and for somebody to look at it."
                ),
                "fields": ("hold_days", "approval"),
            },
        ),
        (
            gettext_lazy("In force"),
            {
                "description": gettext_lazy("What has been promised is kept, also when the rule ends."),
                "fields": ("active", "ends_at"),
            },
        ),
    )

    def summary(self, obj: RewardRule) -> Sequence[Any]:
        return [obj.sentence, format_html("{}", self.state(obj))]

    @admin.display(description=gettext_lazy("what it does"))
    def sentence(self, rule: RewardRule) -> str:
        return rule.sentence

    @admin.display(description=gettext_lazy("in force"), ordering="active")
    def state(self, rule: RewardRule) -> Any:
        ended = rule.ends_at and rule.ends_at <= timezone.now()
        in_force = rule.active and rule.incentive.active and not ended
        return status_word("live", _("in force")) if in_force else status_word("", _("not in force"))
