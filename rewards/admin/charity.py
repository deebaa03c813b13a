from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import status_word
from referrals.admin.scoped import ProgramFilter
from referrals.money import format_money
from rewards.admin.money import MoneyForm
from rewards.admin.setup import SetupAdmin
from rewards.models import Charity
from rewards.models.reward import HANDED_OUT


class CharityForm(MoneyForm):
    class Meta(MoneyForm.Meta):
        model = Charity
        fields = ("program", "name", "about", "active")


@admin.register(Charity)
class CharityAdmin(SetupAdmin):
    about = gettext_lazy("The causes that advocates may give a reward to.")
    form = CharityForm
    keeps_versions = False
    list_display = ("name", "what_it_does", "state", "program")
    list_filter = (ProgramFilter, "active")
    list_select_related = ("program",)
    search_fields = ("name", "about")
    ordering = ("program__name", "name")
    fieldsets = (
        (
            gettext_lazy("Charity"),
            {
                "description": gettext_lazy("As advocates read it when they choose."),
                "fields": ("program", "name", "about", "active"),
            },
        ),
    )  # fmt: skip

    def summary(self, obj: Charity) -> Sequence[Any]:
        given = obj.rewards.filter(status__in=HANDED_OUT)
        total = given.filter(currency=obj.program.currency).aggregate(total=Sum("amount", default=0))["total"]
        return [_("%(amount)s given so far.") % {"amount": format_money(total, obj.program.currency)}]

    def why_keep(self, obj: Charity) -> str:
        return _("People gave to it. Set it to “not active” instead.") if obj.rewards.exists() else ""

    @admin.display(description=gettext_lazy("what it does"))
    def what_it_does(self, charity: Charity) -> str:
        return charity.about

    @admin.display(description=gettext_lazy("in use"), ordering="active")
    def state(self, charity: Charity) -> Any:
        return status_word("live", _("offered")) if charity.active else status_word("", _("not offered"))
