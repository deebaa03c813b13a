from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import ContactPolicy
from referrals.admin.scoped import HistoryAdmin
from referrals.models import Program

A_MONDAY = date(2024, 1, 1)


@admin.register(ContactPolicy)
class ContactPolicyAdmin(HistoryAdmin):
    about = gettext_lazy(
        "How much one person gets from us at most, all programs together, and when we leave them in peace."
    )
    list_display = ("name", "often", "when")
    fieldsets = (
        (
            gettext_lazy("How often"),
            {
                "description": gettext_lazy(
                    "Counts what we send of our own accord: asks, reminders, news, surveys. Thanks, reward "
                    "notices and what somebody asked for always arrive, and do not count."
                ),
                "fields": ("per_week", "per_month"),
            },
        ),
        (
            gettext_lazy("When not"),
            {
                "description": gettext_lazy(
                    "By the clock where the person is; where we do not know that, by the program's. "
                    "What is due then waits until the morning."
                ),
                "fields": (("quiet_from", "quiet_until"), "quiet_days"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return admin.ModelAdmin.get_queryset(self, request)

    def program_ids(self, obj: Any) -> set[int]:
        return set(Program.objects.values_list("pk", flat=True))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def summary(self, obj: ContactPolicy) -> Sequence[Any]:
        return [_("One person gets %(often)s.") % {"often": often(obj)}, when(obj)]

    @admin.display(description=gettext_lazy("what"))
    def name(self, policy: ContactPolicy) -> str:
        return str(policy)

    @admin.display(description=gettext_lazy("how often"))
    def often(self, policy: ContactPolicy) -> str:
        return often(policy)

    @admin.display(description=gettext_lazy("when not"))
    def when(self, policy: ContactPolicy) -> str:
        return when(policy)


def often(policy: ContactPolicy) -> str:
    """The caps in words."""
    week = ngettext("%d message", "%d messages", policy.per_week) % policy.per_week
    return _("at most %(week)s a week and %(month)d a month that they did not ask for") % {
        "week": week, "month": policy.per_month
    }  # fmt: skip


def when(policy: ContactPolicy) -> str:
    """The quiet hours in words."""
    names = [date_format(A_MONDAY + timedelta(days=int(day) - 1), "l") for day in sorted(policy.quiet_days)]
    words = {
        "start": f"{policy.quiet_from:%H:%M}", "end": f"{policy.quiet_until:%H:%M}",
        "days": get_text_list(names, _("and")),
    }  # fmt: skip
    if policy.quiet_from == policy.quiet_until:
        return _("Not on %(days)s.") % words if names else _("At any time of any day.")
    if names:
        return _("Not between %(start)s and %(end)s, and not on %(days)s, where they are.") % words
    return _("Not between %(start)s and %(end)s, where they are.") % words
