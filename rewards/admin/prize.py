from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.cells import status_word
from referrals.admin.scoped import ProgramFilter
from rewards.admin.money import MoneyForm
from rewards.admin.setup import SetupAdmin, labelled
from rewards.models import Incentive, Prize
from rewards.models.incentive import POINTS, worth

# Points for points, and chances that no contest is behind.
NO_PRIZE = (Incentive.Kind.POINTS, Incentive.Kind.CONTEST_ENTRY)


class PrizeForm(MoneyForm):
    class Meta(MoneyForm.Meta):
        model = Prize
        fields = ("program", "incentive", "points", "active")

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        program, gift = self.program_in(found), found.get("incentive")
        if gift and program and gift.program_id != program.pk:
            self.add_error("incentive", _("Choose an incentive of the same program."))
        if gift and gift.kind in NO_PRIZE:
            self.add_error("incentive", _("Points buy something else than points or chances."))
        return found


@admin.register(Prize)
class PrizeAdmin(SetupAdmin):
    about = gettext_lazy("What advocates pick themselves, and how many points it takes.")
    form = PrizeForm
    list_display = ("gift", "price", "worth", "state", "program")
    list_filter = (ProgramFilter, "active")
    list_select_related = ("program", "incentive__program")
    search_fields = ("incentive__name",)
    ordering = ("program__name", "points")
    fieldsets = (
        (
            gettext_lazy("Prize"),
            {
                "description": gettext_lazy("It uses up stock, codes and budget like any reward."),
                "fields": ("program", "incentive", "points", "active"),
            },
        ),
    )  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj and (field := form.base_fields.get("incentive")):
            field.queryset = field.queryset.filter(program=obj.program_id)  # type: ignore[attr-defined]
        return form

    def summary(self, obj: Prize) -> Sequence[Any]:
        picked = obj.rewards.count()
        return [ngettext("Picked %(count)d time.", "Picked %(count)d times.", picked) % {"count": picked}]

    def why_keep(self, obj: Prize) -> str:
        return _("It has been picked. Set it to “not active” instead.") if obj.rewards.exists() else ""

    @admin.display(description=gettext_lazy("prize"), ordering="incentive__name")
    def gift(self, prize: Prize) -> str:
        return prize.incentive.name

    @admin.display(description=gettext_lazy("price"), ordering="points")
    def price(self, prize: Prize) -> str:
        return worth(prize.points, POINTS)

    @admin.display(description=gettext_lazy("worth"))
    def worth(self, prize: Prize) -> Any:
        return labelled(_("worth"), prize.incentive.worth or "–")

    @admin.display(description=gettext_lazy("in use"), ordering="active")
    def state(self, prize: Prize) -> Any:
        offered = prize.active and prize.incentive.active
        return status_word("live", _("offered")) if offered else status_word("", _("not offered"))
