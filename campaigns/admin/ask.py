from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.plan_steps import ask_state
from campaigns.models import Ask
from campaigns.services.asks import end
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepsAdmin
from referrals.transitions import Moved


def stop(rows: Any, *, now: datetime, by: Any) -> Moved:
    over = list(rows.exclude(ended_at=None).select_related("plan", "advocate", "referral"))
    return Moved(end(rows, Ask.End.STOPPED, now=now, by=by).moved, over)


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("waits for its moment")), ("running", _("going on")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "waiting":
                return queryset.open().filter(started_at=None)
            case "running":
                return queryset.running()
            case "over":
                return queryset.exclude(ended_at=None)
        return queryset


@admin.register(Ask)
class AskAdmin(FactsAdmin, StepsAdmin):
    when_empty = gettext_lazy("A live plan asks by itself; or ask somebody from their own page.")
    about = gettext_lazy("Who is being asked, how far it has come, and how it ended.")
    list_display = ("who", "plan_name", "state", "touches", "last", "next_look")
    list_display_links = ("who",)
    list_filter = (StateFilter, "end_reason", ProgramFilter)
    list_select_related = ("plan__program", "advocate", "referral")
    search_fields = ("advocate__name", "advocate__email", "plan__name")
    search_help_text = gettext_lazy("Name, e-mail or plan")
    ordering = ("-pk",)
    fields = (
        "plan", "advocate", "referral", "round", "since", "started_at", "touches", "clicked_at", "ended_at",
        "end_reason",
    )  # fmt: skip
    steps = (
        Step(
            name="stop", label=gettext_lazy("Stop this round"), carry_out=stop, danger=True,
            does=gettext_lazy("This person gets nothing more of it; what waits in the outbox is taken back."),
            fits=lambda row: row.ended_at is None,
        ),
    )  # fmt: skip

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "plan__id__exact" or super().lookup_allowed(lookup, value, request)

    def why_not(self, row: Ask) -> str:
        return _("%(row)s: over already") % {"row": row}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("plan__program", "advocate", "referral")

    def panels(self, request: HttpRequest, obj: Ask) -> list[Panel]:
        rows = [
            (
                link_to(row, row.get_purpose_display()), status_word(row.status, row.get_status_display()),
                row.reason, moment(row.sent_at or row.due_at, obj.plan.program.zone),
            )
            for row in obj.messages.order_by("pk").defer("text", "html")[:10]
        ]  # fmt: skip
        headers = (_("Message"), _("Status"), _("What happened"), _("When"))
        return [Panel(_("Messages of this round"), headers, rows, _("Nothing has been written yet."))]

    @admin.display(description=gettext_lazy("who"), ordering="advocate__name")
    def who(self, ask: Ask) -> Any:
        if ask.referral:
            return person(ask.referral, _("friend of %(advocate)s") % {"advocate": ask.advocate})
        return person(ask.advocate, ask.advocate.company)

    @admin.display(description=gettext_lazy("plan"), ordering="plan__name")
    def plan_name(self, ask: Ask) -> str:
        return str(ask.plan)

    @admin.display(description=gettext_lazy("state"), ordering="ended_at")
    def state(self, ask: Ask) -> Any:
        return ask_state(ask)

    @admin.display(description=gettext_lazy("last message"), ordering="touched_at")
    def last(self, ask: Ask) -> Any:
        return moment(ask.touched_at, ask.plan.program.zone)

    @admin.display(description=gettext_lazy("next look"), ordering="due_at")
    def next_look(self, ask: Ask) -> Any:
        return "" if ask.ended_at else moment(ask.due_at, ask.plan.program.zone)
