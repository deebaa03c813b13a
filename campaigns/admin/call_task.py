from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.personal_form import write_url
from campaigns.models import CallTask
from campaigns.services.call_task import log_call_task
from campaigns.services.scripts import script_of
from referrals.admin.cells import colleague, due, moment, person, status_word
from referrals.admin.history import history_panel
from referrals.admin.scoped import FactsAdmin, OwnerFilter, Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.models import Event
from referrals.transitions import Moved

WEEKS = (
    (1, gettext_lazy("in a week")),
    (4, gettext_lazy("in four weeks")),
    (13, gettext_lazy("in three months")),
)


class WhenFilter(admin.SimpleListFilter):
    """The queue is what is open; what was done is one click away."""

    title = gettext_lazy("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("due", _("due")), ("done", _("done")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("to do")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "due":
                return queryset.due(timezone.now())
            case "done":
                return queryset.filter(done_at__isnull=False)
            case "all":
                return queryset
        return queryset.open()


class NoteForm(StepForm):
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=300,
        help_text=gettext_lazy("For whoever calls next. They may ask to read it."),
    )  # fmt: skip


class LaterForm(NoteForm):
    weeks = forms.TypedChoiceField(label=gettext_lazy("Call again"), choices=WEEKS, coerce=int, initial=4)


def _log(outcome: str, rows: Any, *, now: datetime, by: Any, note: str, weeks: int | None = None) -> Moved:
    [task] = rows.select_related("program", "advocate")
    again = now + timedelta(weeks=weeks) if weeks else None
    log_call_task(task, outcome, now=now, by=by, note=note, next_at=again)
    task.refresh_from_db()
    return Moved([task], [])


def _is_open(task: CallTask) -> bool:
    return task.done_at is None


def _is_to_ask(task: CallTask) -> bool:
    return _is_open(task) and task.origin != CallTask.Origin.UNHAPPY


def _is_to_hear(task: CallTask) -> bool:
    return _is_open(task) and task.origin == CallTask.Origin.UNHAPPY


def _outcome(
    outcome: CallTask.Outcome,
    does: Any,
    form: type[StepForm] = NoteForm,
    fits: Callable[[CallTask], bool] = _is_open,
) -> Step:
    carry_out: Callable[..., Moved] = partial(_log, outcome)
    return Step(
        name=outcome.value.replace("_", "-"), label=outcome.label, does=does, carry_out=carry_out, form=form,
        bulk=False, fits=fits,
    )  # fmt: skip


@admin.register(CallTask)
class CallTaskAdmin(StepsAdmin, FactsAdmin):
    when_empty = gettext_lazy("“Ten to call today”, beside whom to ask next, and plans put people here.")
    about = gettext_lazy(
        "Customers and partners to ask for a recommendation by phone, and those to hear out because they are not "
        "satisfied; the most urgent first."
    )
    change_form_template = "admin/call_task.html"
    list_display = ("call_by", "whom", "reason", "caller", "result", "program")
    list_display_links = ("whom",)
    list_filter = (WhenFilter, OwnerFilter, ProgramFilter, "outcome", "origin")
    list_select_related = ("program", "advocate", "owner")
    search_fields = ("advocate__name", "advocate__phone", "advocate__email", "advocate__company")
    fields = ("call_by", "caller", "reason", "result", "note")
    readonly_fields = fields
    steps = (
        _outcome(CallTask.Outcome.AGREED, gettext_lazy("They recommend. Send them their link, or name the friend."),
                 fits=_is_to_ask),
        _outcome(CallTask.Outcome.HEARD, gettext_lazy("Write down what is wrong and who sees to it."),
                 fits=_is_to_hear),
        _outcome(CallTask.Outcome.NOT_NOW, gettext_lazy("A new call is put on the list."), LaterForm),
        _outcome(CallTask.Outcome.NO_ANSWER, gettext_lazy("A new call is due when the office opens next.")),
        _outcome(CallTask.Outcome.DECLINED, gettext_lazy("Remembered: nobody asks them again."), fits=_is_to_ask),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("due_at", "pk")

    def more_context(self, request: HttpRequest, obj: CallTask) -> dict[str, Any]:
        return super().more_context(request, obj) | {
            "task": obj,
            "advocate": obj.advocate,
            "due": due(obj.due_at, obj.program.zone),
            "script": script_of(obj, colleague(request.user)),
            "weeks": WEEKS,
            "write_url": write_url(obj.advocate, obj.program, asker(request)),
        }

    def panels(self, request: HttpRequest, obj: CallTask) -> list[Panel]:
        events = Event.objects.filter(advocate=obj.advocate_id, program=obj.program_id)
        return [history_panel(events, obj.program.zone)]

    def why_not(self, row: CallTask) -> str:
        return _("the call with %(row)s has been logged already") % {"row": row}

    def after_step(self, obj: CallTask) -> str:
        return reverse("admin:campaigns_calltask_changelist")

    @admin.display(description=gettext_lazy("call"), ordering="due_at")
    def call_by(self, task: CallTask) -> Any:
        zone = task.program.zone
        return moment(task.done_at, zone) if task.done_at else due(task.due_at, zone)

    @admin.display(description=gettext_lazy("whom"), ordering="advocate__name")
    def whom(self, task: CallTask) -> Any:
        row = task.advocate
        return person(row, " · ".join(filter(None, (row.company, row.phone or row.email))))

    @admin.display(description=gettext_lazy("who calls"), ordering="owner__first_name")
    def caller(self, task: CallTask) -> str:
        return colleague(task.owner)

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def result(self, task: CallTask) -> Any:
        return status_word(task.outcome, task.get_outcome_display()) if task.done_at else ""
