from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import colleague, moment
from referrals.admin.scoped import FactsAdmin, OwnerFilter, ProgramFilter, Rights
from referrals.models import ImportFile, Lead


class TalkedFilter(admin.SimpleListFilter):
    """Who still waits, and who was talked with."""

    title = gettext_lazy("talked with")
    parameter_name = "talked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("yes")), ("no", _("not yet"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return (
            queryset if self.value() is None else queryset.filter(contacted_at__isnull=self.value() == "no")
        )


@admin.register(Lead)
class LeadAdmin(FactsAdmin):
    about = gettext_lazy(
        "Who came otherwise than by a recommendation, without names: what “How fast we call” counts beside friends. "
        "Your systems report them by POST /api/v1/leads, or bring in a file. What should not count can be deleted."
    )
    brought_in_as = ImportFile.LEADS
    list_display = ("external_id", "from_where", "caller", "came", "first_talk", "waited", "program")
    list_filter = (ProgramFilter, OwnerFilter, TalkedFilter, "submitted_at")
    list_select_related = ("program", "owner")
    search_fields = ("=external_id", "source", "owner__first_name", "owner__last_name", "=owner__email")
    ordering = ("-submitted_at", "-pk")
    fields = ("program", "external_id", "from_where", "caller", "came", "first_talk", "waited")
    readonly_fields = ("from_where", "caller", "came", "first_talk", "waited")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Rights.has_delete_permission(self, request, obj)

    @admin.display(description=gettext_lazy("source"), ordering="source")
    def from_where(self, lead: Lead) -> str:
        return lead.source or _("unknown")

    @admin.display(description=gettext_lazy("who calls"), ordering="owner__first_name")
    def caller(self, lead: Lead) -> str:
        return colleague(lead.owner)

    @admin.display(description=gettext_lazy("received"), ordering="submitted_at")
    def came(self, lead: Lead) -> Any:
        return moment(lead.submitted_at, lead.program.zone)

    @admin.display(description=gettext_lazy("first talked with"), ordering="contacted_at")
    def first_talk(self, lead: Lead) -> Any:
        return moment(lead.contacted_at, lead.program.zone) or _("not yet")

    @admin.display(description=gettext_lazy("business hours"), ordering="contact_minutes")
    def waited(self, lead: Lead) -> str:
        return "" if lead.contact_minutes is None else f"{lead.contact_minutes / 60:.1f} h"
