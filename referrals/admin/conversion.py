from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.attribution import touches_panel
from referrals.admin.cells import link_to, moment
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.models import Attribution, Conversion
from referrals.money import format_money
from referrals.services.explanation import answer_of


@admin.register(Conversion)
class ConversionAdmin(FactsAdmin):
    about = gettext_lazy("What friends bought, each order once. Sales are recorded on the referral's page.")
    list_display = ("external_id", "friend", "worth", "sold", "program")
    list_filter = (ProgramFilter, "occurred_at")
    list_select_related = ("referral", "program")
    search_fields = ("=external_id", "referral__name", "referral__email")
    ordering = ("-occurred_at",)
    fields = ("program", "friend", "external_id", "worth", "sold", "recorded")
    readonly_fields = ("friend", "worth", "sold", "recorded")

    def summary(self, obj: Conversion) -> Sequence[Any]:
        row = self._answer(obj)
        return answer_of(row) if row else [_("A colleague recorded it on the friend's page.")]

    def panels(self, request: HttpRequest, obj: Conversion) -> list[Panel]:
        row = self._answer(obj)
        return [touches_panel(row)] if row else []

    def _answer(self, obj: Conversion) -> Attribution | None:
        rows = Attribution.objects.select_related("program", "enrolment__advocate", "rightful__advocate")
        return rows.filter(conversion=obj).first()

    @admin.display(description=gettext_lazy("friend"), ordering="referral__name")
    def friend(self, conversion: Conversion) -> Any:
        return link_to(conversion.referral)

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def worth(self, conversion: Conversion) -> str:
        return format_money(conversion.amount, conversion.currency)

    @admin.display(description=gettext_lazy("sold"), ordering="occurred_at")
    def sold(self, conversion: Conversion) -> Any:
        return moment(conversion.occurred_at, conversion.program.zone)

    @admin.display(description=gettext_lazy("recorded"))
    def recorded(self, conversion: Conversion) -> Any:
        return moment(conversion.recorded_at, conversion.program.zone)
