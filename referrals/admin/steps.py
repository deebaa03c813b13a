"""Decisions about rows: each is a small page that says what it will do, asks, and calls one service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from referrals.admin.fresh import ask_again
from referrals.admin.scoped import ScopedAdmin, asker
from referrals.roles import programs_granting
from referrals.transitions import Moved, Refused

NAMED = 5


class StepForm(forms.Form):
    """What a decision needs to know; gets the rows it is about and who decides. ``said`` stands above its fields."""

    said: Any = ""

    def __init__(self, *args: Any, rows: Any, user: Any, **kwargs: Any) -> None:
        self.rows, self.user = rows, user
        super().__init__(*args, **kwargs)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One decision. ``carry_out(rows, now=…, by=…, **what the form asked)`` returns what moved."""

    name: str
    label: Any
    does: Any
    carry_out: Callable[..., Moved]
    form: type[StepForm] = StepForm
    verb: str = "change"
    fits: Callable[[Any], bool] = bool
    bulk: bool = True
    danger: bool = False
    # Whether it is what one would do next with such a row: the first such step is the page's main button.
    leads: Callable[[Any], bool] = bool
    # Whoever takes it is asked again who they are.
    fresh: bool = False
    # What is said when it is done, where the label would read like something still to do.
    done: Any = ""


def beside(row: Any) -> bool:
    """Of a step that is there when it is needed, and is never what comes next."""
    return False


class StepsAdmin(ScopedAdmin):
    """An admin class whose rows move by steps, one on its page or many from the list."""

    steps: ClassVar[Sequence[Step]] = ()

    def why_not(self, row: Any) -> str:
        """Why a step left this row where it was."""
        if getattr(row, "refusal", ""):
            return f"{row}: {row.refusal}"
        return _("%(row)s is “%(status)s”") % {"row": row, "status": row.get_status_display()}

    def may_step(self, request: HttpRequest, step: Step, obj: Any = None) -> bool:
        return self.may(request, step.verb, obj)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_step"
        view = self.admin_site.admin_view(self.step_view)
        return [path("<path:object_id>/step/<slug:name>/", view, name=name), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {
            step.name: (_bulk(step), step.name, step.label)
            for step in self.steps
            if step.bulk and self.may_step(request, step)
        }

    def more_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        offered = [s for s in self.steps if s.fits(obj) and self.may_step(request, s, obj)]
        main = next((step for step in offered if step.leads(obj) and not step.danger), None)
        shown = [
            {"step": step, "url": self.step_url(obj, step.name), "is_main": step is main} for step in offered
        ]
        return super().more_context(request, obj) | {"steps": shown}

    def step_url(self, obj: Any, name: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_step", args=[obj.pk, name])

    def step_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        step = next((step for step in self.steps if step.name == name), None)
        obj = self.get_object(request, unquote(object_id))
        if step is None or obj is None:
            raise Http404
        if not self.may_step(request, step, obj):
            raise PermissionDenied
        if request.method == "GET" and not step.fits(obj):
            messages.warning(request, _("Not now: %(why)s.") % {"why": self.why_not(obj)})
            return HttpResponseRedirect(self.after_step(obj))
        if step.fresh:
            ask_again(request)
        rows = self.model._default_manager.filter(pk=obj.pk)
        return self.take_step(request, step, rows, self.after_step(obj), obj)

    def after_step(self, obj: Any) -> str:
        """Where one goes when a row's step is done."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def step_many(self, request: HttpRequest, step: Step, rows: Any) -> HttpResponse:
        """The step for the rows chosen in the list, as far as the person's role reaches."""
        if not self.may_step(request, step):
            raise PermissionDenied
        mine = programs_granting(asker(request), step.verb, self.model)
        keys = list(rows.values_list("pk", flat=True))
        allowed = self.model._default_manager.filter(pk__in=keys)
        if not asker(request).is_superuser:
            allowed = self.within(allowed, mine)
        return self.take_step(request, step, allowed, request.get_full_path(), None)

    def within(self, rows: Any, programs: Any) -> Any:
        """Those of the rows that belong to these programs."""
        return rows.filter(**{f"{rows.program_path}__in": programs})

    def take_step(self, request: HttpRequest, step: Step, rows: Any, back: str, obj: Any) -> HttpResponse:
        confirmed = request.method == "POST" and "_do" in request.POST
        typed = (request.POST, request.FILES) if confirmed else (None, None)
        form = step.form(*typed, rows=rows, user=request.user)
        if confirmed and form.is_valid():
            try:
                moved = step.carry_out(rows, now=timezone.now(), by=request.user, **form.cleaned_data)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                self.report(request, step, moved)
                return HttpResponseRedirect(back)
        return self.ask(request, step, form, rows, back, obj)

    def ask(
        self, request: HttpRequest, step: Step, form: StepForm, rows: Any, back: str, obj: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(str(step.label)),
            "opts": self.opts,
            "step": step,
            "form": form,
            "object": obj,
            "summary": self.summary(obj) if obj else [],
            "count": rows.count(),
            "sample": rows[:NAMED],
            "selected": request.POST.getlist("_selected_action"),
            "across": request.POST.get("select_across", ""),
            "back": back,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/step.html", context)

    def what_follows(self, moved: Sequence[Any]) -> str:
        """A sentence on what comes next for these rows, said when a step is done."""
        return ""

    def report(self, request: HttpRequest, step: Step, moved: Moved) -> None:
        """Say what moved and what did not, and write it into the log."""
        if moved.moved:
            self.write_log(request, CHANGE, moved.moved, str(step.label))
            words = {
                "step": capfirst(str(step.done or step.label)),
                "count": len(moved.moved),
                "row": moved.moved[0],
            }
            done = ngettext("%(step)s: %(row)s.", "%(step)s: %(count)d moved.", len(moved.moved))
            messages.success(request, f"{done % words} {self.what_follows(moved.moved)}".rstrip())
        if moved.refused:
            left = ngettext("%(count)d was left as it is: %(why)s.", "%(count)d were left as they are: %(why)s.",
                            len(moved.refused))  # fmt: skip
            why = "; ".join(self.why_not(row) for row in moved.refused[:NAMED])
            more = "…" if len(moved.refused) > NAMED else ""
            messages.warning(request, left % {"count": len(moved.refused), "why": why + more})


def _bulk(step: Step) -> Callable[..., HttpResponse]:
    def act(model_admin: StepsAdmin, request: HttpRequest, queryset: Any) -> HttpResponse:
        return model_admin.step_many(request, step, queryset)

    return act
