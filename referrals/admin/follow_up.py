from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import colleague, due, link_to, moment, person, status_word
from referrals.admin.history import history_panel
from referrals.admin.scoped import FactsAdmin, OwnerFilter, Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.models import Event, FollowUp, Program
from referrals.services.follow_up import log_call
from referrals.transitions import Moved


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


class NoteForm(StepForm):
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=300,
        help_text=gettext_lazy("For whoever calls next. The friend may ask to read it."),
    )  # fmt: skip


def _log(outcome: str, rows: Any, *, now: datetime, by: Any, note: str) -> Moved:
    [follow_up] = rows.select_related("referral__program", "referral__enrolment")
    log_call(follow_up, outcome, now=now, by=by, note=note)
    follow_up.refresh_from_db()
    return Moved([follow_up], [])


def _outcome(outcome: FollowUp.Outcome, does: Any) -> Step:
    carry_out: Callable[..., Moved] = partial(_log, outcome)
    return Step(
        name=outcome.value.replace("_", "-"), label=outcome.label, does=does, carry_out=carry_out,
        form=NoteForm, bulk=False, fits=lambda row: row.done_at is None,
    )  # fmt: skip


@admin.register(FollowUp)
class FollowUpAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy("Whom to call next, the most urgent first.")
    change_form_template = "admin/follow_up.html"
    list_display = ("call_by", "friend", "recommended_by", "fit", "caller", "result", "program")
    list_display_links = ("friend",)
    list_filter = (WhenFilter, OwnerFilter, ProgramFilter, "outcome")
    list_select_related = ("referral__program", "referral__enrolment__advocate", "owner")
    search_fields = ("referral__name", "referral__phone", "referral__email", "referral__company")
    fields = ("referral_link", "call_by", "caller", "result", "note")
    readonly_fields = fields
    steps = (
        _outcome(FollowUp.Outcome.REACHED, gettext_lazy("The referral becomes “contacted”.")),
        _outcome(FollowUp.Outcome.QUALIFIED, gettext_lazy("The referral becomes “qualified”.")),
        _outcome(FollowUp.Outcome.NO_ANSWER, gettext_lazy("A new call is due when the office opens next.")),
        _outcome(FollowUp.Outcome.NOT_INTERESTED, gettext_lazy("The referral is lost; nobody calls again.")),
        _outcome(FollowUp.Outcome.WRONG_PERSON, gettext_lazy("The referral is lost; nobody calls again.")),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.most_urgent_first()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("due_at", "pk")

    def more_context(self, request: HttpRequest, obj: FollowUp) -> dict[str, Any]:
        referral = obj.referral
        words = {
            "friend": referral.first_name or _("there"),
            "me": colleague(request.user),
            "company": referral.program.company,
            "advocate": referral.enrolment.advocate,
        }
        return super().more_context(request, obj) | {
            "follow_up": obj,
            "referral": referral,
            "due": due(obj.due_at, referral.program.zone),
            "script": [
                _("Hello %(friend)s, this is %(me)s from %(company)s.") % words,
                _("%(advocate)s thought that we could help you. Do you have two minutes?") % words,
                _("What takes most of your time there today? What have you tried?"),
                _(
                    "If it fits: shall we agree on a next step? If not: thank you, and we will not call again."
                ),
            ],
        }

    def panels(self, request: HttpRequest, obj: FollowUp) -> list[Panel]:
        return [history_panel(Event.objects.filter(referral=obj.referral_id), obj.referral.program.zone)]

    def why_not(self, row: FollowUp) -> str:
        return _("the call with %(row)s has been logged already") % {"row": row}

    def after_step(self, obj: FollowUp) -> str:
        return reverse("admin:referrals_followup_changelist")

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
