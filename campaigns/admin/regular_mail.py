from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import RegularMail
from referrals.admin.scoped import HistoryAdmin, ProgramFilter, asker
from referrals.roles import programs_granting


@admin.register(RegularMail)
class RegularMailAdmin(HistoryAdmin):
    about = gettext_lazy(
        "What a program writes to its advocates by the calendar. One that chose nothing writes what is usual. All of "
        "it counts in the contact budget, and people can have less of it."
    )
    list_display = ("program_name", "progress_days", "remind_after_days", "anniversaries", "letter_at")
    list_filter = (ProgramFilter,)
    list_select_related = ("program",)
    ordering = ("program__name",)
    fieldsets = (
        (None, {"fields": ("program",)}),
        (
            gettext_lazy("News"),
            {
                "description": gettext_lazy("So that nobody has to ask what became of it."),
                "fields": ("progress_days", "remind_after_days"),
            },
        ),
        (
            gettext_lazy("Thanks"),
            {
                "description": gettext_lazy("Without asking for anything."),
                "fields": ("anniversaries", "letter_at"),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("program",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        mine = programs_granting(asker(request), "add", RegularMail).filter(regular_mail=None)[:2]
        first: dict[str, Any] = {"program": mine[0].pk} if len(mine) == 1 else {}
        return first | super().get_changeform_initial_data(request)

    def summary(self, obj: RegularMail) -> Sequence[Any]:
        return list(_sentences(obj)) or [_("Nothing is written by the calendar.")]

    @admin.display(description=gettext_lazy("program"), ordering="program__name")
    def program_name(self, mail: RegularMail) -> str:
        return mail.program.name


def _sentences(mail: RegularMail) -> Iterator[str]:
    if mail.progress_days:
        yield _("After a recommendation, news goes out on day %(days)s, if there is any.") % {
            "days": mail.progress_days
        }
    if days := mail.remind_after_days:
        yield ngettext(
            "Whoever has not used a reward after %(days)d day is reminded once.",
            "Whoever has not used a reward after %(days)d days is reminded once.",
            days,
        ) % {"days": days}
    if mail.anniversaries:
        yield _("Each year in the program is thanked for.")
    if mail.letter_at:
        yield _("A personal letter thanks for customer number %(marks)s.") % {"marks": mail.letter_at}
