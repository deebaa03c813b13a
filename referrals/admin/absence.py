from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import colleague, status_word
from referrals.admin.scoped import ScopedAdmin, asker
from referrals.models import Absence


class StateFilter(admin.SimpleListFilter):
    """Whoever plans looks ahead; what is over is one click away."""

    title = gettext_lazy("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("now", _("away today")), ("over", _("over")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("today and later")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = timezone.localdate()
        match self.value():
            case "now":
                return queryset.on(today)
            case "over":
                return queryset.filter(last_day__lt=today)
            case "all":
                return queryset
        return queryset.filter(last_day__gte=today)


@admin.register(Absence)
class AbsenceAdmin(ScopedAdmin):
    caller_fields = ("stand_in",)
    about = gettext_lazy(
        "Who is away, and who calls meanwhile. Calls that fall into these days are passed on."
    )
    list_display = ("person", "first_day", "last_day", "instead", "state")
    list_display_links = ("person",)
    list_filter = (StateFilter,)
    list_select_related = ("user", "stand_in")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    ordering = ("first_day", "pk")
    fields = ("user", ("first_day", "last_day"), "stand_in")

    def program_ids(self, obj: Any) -> set[int]:
        return set(obj.user.memberships.values_list("program_id", flat=True))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": asker(request).pk}

    def name_in_log(self, obj: Absence) -> str:
        return str(obj)

    @admin.display(description=gettext_lazy("person"), ordering="user__first_name")
    def person(self, absence: Absence) -> str:
        return colleague(absence.user)

    @admin.display(description=gettext_lazy("stand-in"), ordering="stand_in__first_name")
    def instead(self, absence: Absence) -> str:
        return colleague(absence.stand_in) or _("whoever is next")

    @admin.display(description=gettext_lazy("now"))
    def state(self, absence: Absence) -> Any:
        today = timezone.localdate()
        if absence.last_day < today:
            return status_word("over", _("over"))
        return (
            status_word("paused", _("away")) if absence.first_day <= today else status_word("live", _("here"))
        )
