from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.call_steps import AROUND, OUTCOMES
from campaigns.models import Ask
from campaigns.services.script import sales_script
from referrals.admin.cells import colleague, due, link_to, moment, person, status_word
from referrals.admin.history import history_panel
from referrals.admin.scoped import FactsAdmin, OwnerFilter, Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepsAdmin
from referrals.fit import reasons
from referrals.hours import times_to_call
from referrals.models import Event, FollowUp, Program
from referrals.money import format_money

A_WEEK = 7


class WhenFilter(admin.SimpleListFilter):
    """The queue is what is open; what was done is one click away."""

    title = gettext_lazy("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("overdue", _("overdue")), ("today", _("due today")), ("done", _("done")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("to do")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now, mine = timezone.now(), Program.objects.for_staff(asker(request))
        match self.value():
            case "overdue":
                return queryset.overdue(now)
            case "today":
                return queryset.open().filter(queryset.due_today(mine, now), due_at__gte=now)
            case "done":
                return queryset.filter(done_at__isnull=False)
            case "all":
                return queryset
        return queryset.open()


@admin.register(FollowUp)
class FollowUpAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy("Whom to call next, the most urgent first.")
    change_form_template = "admin/follow_up.html"
    list_display = ("call_by", "friend", "recommended_by", "fit", "caller", "result", "program")
    list_display_links = ("friend",)
    list_filter = (WhenFilter, OwnerFilter, ProgramFilter, "outcome")
    list_select_related = ("referral__program__profile", "referral__enrolment__advocate", "owner")
    search_fields = ("referral__name", "referral__phone", "referral__email", "referral__company")
    fields = ("referral_link", "call_by", "caller", "result", "note")
    readonly_fields = fields
    steps = (*OUTCOMES, *AROUND)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).for_queue()
        return rows.select_related(*self.list_select_related).most_urgent_first()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("due_at", "pk")

    def more_context(self, request: HttpRequest, obj: FollowUp) -> dict[str, Any]:
        referral, program = obj.referral, obj.referral.program
        found = super().more_context(request, obj)
        offered = {shown["step"].name: shown for shown in found["steps"]}
        profile = getattr(program, "profile", None)
        if obj.owner_id == asker(request).pk:
            offered.pop("take-over", None)
        return found | {
            "follow_up": obj,
            "may_call": self.may(request, "change", obj),
            "nurtures": Ask.objects.open().filter(referral=referral).select_related("plan"),
            "referral": referral,
            "due": due(obj.due_at, program.zone),
            "worth": format_money(round(obj.worth), program.currency) if obj.worth else "",  # type: ignore[attr-defined]
            "reasons": reasons(referral.answers, list(profile.questions.all()) if profile else []),
            "criteria": profile.criteria_lines if profile else [],
            "script": sales_script(referral, caller=colleague(request.user)),
            "not_reached": offered.pop("no-answer", None),
            "times": [(at, _when(at, program)) for at in times_to_call(program, timezone.now())],
            "outcomes": [offered[step.name] for step in OUTCOMES if step.name in offered],
            "around": [offered[step.name] for step in AROUND if step.name in offered],
        }

    def panels(self, request: HttpRequest, obj: FollowUp) -> list[Panel]:
        return [history_panel(Event.objects.filter(referral=obj.referral_id), obj.referral.program.zone)]

    def take_step(self, request: HttpRequest, step: Step, rows: Any, back: str, obj: Any) -> HttpResponse:
        # What is logged is done, and a friend of somebody else has a call of their own: on to the next one.
        on = reverse("admin:calls") if obj and (step in OUTCOMES or step.name == "attach") else back
        return super().take_step(request, step, rows, on, obj)

    def what_follows(self, moved: Sequence[Any]) -> str:
        if len(moved) > 1:
            return ""
        referral = getattr(moved[0], "referral_id", moved[0].pk)
        calls = FollowUp.objects.open().filter(referral=referral).select_related("owner", "referral__program")
        call = calls.order_by("due_at", "pk").first()
        meanwhile = [
            _("Until they answer we write to them: “%(plan)s”.") % {"plan": ask.plan}
            for ask in Ask.objects.open().filter(referral=referral).select_related("plan")
        ]
        return " ".join([self._next_call(call), *meanwhile])

    def _next_call(self, call: FollowUp | None) -> str:
        if call is None:
            return _("No call is planned.")
        words = (
            _("The next call is due %(when)s: %(who)s.")
            if call.owner
            else _("The next call is due %(when)s.")
        )
        return words % {"when": _when(call.due_at, call.referral.program), "who": colleague(call.owner)}

    def why_not(self, row: FollowUp) -> str:
        return _("the call with %(row)s has been logged already") % {"row": row}

    @admin.display(description=gettext_lazy("call"), ordering="due_at")
    def call_by(self, follow_up: FollowUp) -> Any:
        zone = follow_up.referral.program.zone
        return moment(follow_up.done_at, zone) if follow_up.done_at else due(follow_up.due_at, zone)

    @admin.display(description=gettext_lazy("friend"), ordering="referral__name")
    def friend(self, follow_up: FollowUp) -> Any:
        referral = follow_up.referral
        return person(
            referral, " · ".join(filter(None, (referral.company, referral.phone or referral.email)))
        )

    @admin.display(description=gettext_lazy("referral"))
    def referral_link(self, follow_up: FollowUp) -> Any:
        return link_to(follow_up.referral)

    @admin.display(description=gettext_lazy("recommended by"), ordering="referral__enrolment__advocate__name")
    def recommended_by(self, follow_up: FollowUp) -> Any:
        return follow_up.referral.enrolment.advocate

    @admin.display(description=gettext_lazy("who calls"), ordering="owner__first_name")
    def caller(self, follow_up: FollowUp) -> str:
        return colleague(follow_up.owner)

    @admin.display(description=gettext_lazy("fit"), ordering="referral__fit")
    def fit(self, follow_up: FollowUp) -> Any:
        return "" if follow_up.referral.fit is None else format_html("{} %", follow_up.referral.fit)

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def result(self, follow_up: FollowUp) -> Any:
        if not follow_up.done_at:
            return status_word(follow_up.referral.status, follow_up.referral.get_status_display())
        return status_word(follow_up.outcome, follow_up.get_outcome_display())

    @admin.display(description=gettext_lazy("program"))
    def program(self, follow_up: FollowUp) -> Any:
        return follow_up.referral.program


def _when(at: datetime, program: Program) -> str:
    """“Today, 14:00”, “Thursday, 10:00”, “4 Mar, 10:00”."""
    local, today = program.local(at), program.local(timezone.now()).date()
    is_near = abs((local.date() - today).days) < A_WEEK
    day = _("Today") if local.date() == today else date_format(local, "l" if is_near else "j M")
    return f"{day}, {date_format(local, 'H:i')}"
