from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.scoped import HistoryAdmin, ProgramFilter
from referrals.models import Finder
from referrals.services.finder import FACTORS


@admin.register(Finder)
class FinderAdmin(HistoryAdmin):
    about = gettext_lazy("Points for what people said and did: they put “Whom to ask next” in order.")
    list_display = ("program", "automatic_from", "by_hand_from")
    list_display_links = ("program",)
    list_filter = (ProgramFilter,)
    list_select_related = ("program",)

    def get_list_display(self, request: HttpRequest) -> Any:
        # The program is the row's name: it stays where somebody has only one.
        return self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("program",) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        # Asked for late: apps above have their factors too.
        factors = tuple(factor.name for factor in FACTORS)
        points = _("0 leaves a reason out. Whoever gave 6 of 10 or less, or said no, is never proposed.")
        return (
            (None, {"fields": ("program",)}),
            (_("Points"), {"description": points, "fields": (*factors, "lately_days")}),
            (_("From how many points on"), {"fields": ("automatic_from", "by_hand_from")}),
        )

    def summary(self, obj: Finder) -> Sequence[Any]:
        words = {"auto": obj.automatic_from, "hand": obj.by_hand_from, "days": obj.lately_days}
        return [
            _("Plans ask by themselves from %(auto)s points on.") % words,
            _("Somebody is proposed for a call from %(hand)s points on.") % words,
            _("“Lately” is within the last %(days)s days.") % words,
        ]

    def save_model(self, request: HttpRequest, obj: Finder, form: Any, change: bool) -> None:
        obj.scored_at = None
        super().save_model(request, obj, form, change)
        messages.info(request, _("Everyone is scored anew within five minutes."))
