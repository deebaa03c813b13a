from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Experiment, ExperimentArm, MessageTemplate, OutreachPlan, PlanStep
from campaigns.models.experiment import ways_of
from campaigns.services.experiment import ArmResult, end, needed, results, start
from referrals.admin.cells import moment, status_word
from referrals.admin.scoped import CardInline, HistoryAdmin, NamedFormSet, Panel
from referrals.admin.steps import Step, StepsAdmin

Status = Experiment.Status
TONES = {Status.DRAFT: "draft", Status.RUNNING: "live", Status.ENDED: "ended"}


class ArmFormSet(NamedFormSet):
    def clean(self) -> None:
        super().clean()
        program = self.instance.plan.program if self.instance.plan_id else None
        for form in self.forms:
            gift = getattr(form, "cleaned_data", {}).get("incentive")
            if gift and program and gift.program_id != program.pk:
                raise ValidationError(_("A way can only promise what its program has."))
            variant = getattr(form, "cleaned_data", {}).get("variant")
            if variant and not self._is_written(variant):
                raise ValidationError(
                    _("There is no wording called “%(name)s” for this step. Write it under Templates first.")
                    % {"name": variant}
                )

    def _is_written(self, variant: str) -> bool:
        steps = PlanStep.objects.filter(plan=self.instance.plan_id, position=self.instance.position)
        purposes = steps.values("purpose")
        return MessageTemplate.objects.filter(purpose__in=purposes, variant=variant).exists()


class ArmInline(CardInline):
    model = ExperimentArm
    formset = ArmFormSet
    fields = (("name", "share"), ("variant", "channel"), ("hour", "days_later"), ("incentive", "tag"))

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 2

    def _is_open(self, obj: Any) -> bool:
        return obj is None or obj.status == Status.DRAFT

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_delete_permission(request, obj)


@admin.register(Experiment)
class ExperimentAdmin(StepsAdmin, HistoryAdmin):
    about = gettext_lazy(
        "Try two ways of asking at once, and let chance decide who gets which. Words, subject, channel, hour, day or "
        "what is promised may differ. You are told when there is enough to say something, and not before."
    )
    list_display = ("name", "state", "plan", "measure", "people", "begun")
    list_filter = ("status", "plan__program")
    list_select_related = ("plan__program",)
    search_fields = ("name",)
    inlines = (ArmInline,)
    actions = None
    fieldsets = (
        (None, {"fields": ("name", "plan", "position")}),
        (
            gettext_lazy("What counts"),
            {
                "description": gettext_lazy(
                    "Decided beforehand, or chance will find you something. From these follows how many it takes."
                ),
                "fields": ("measure", "window_days", "baseline", "smallest"),
            },
        ),
    )
    steps = (
        Step(
            name="start", label=gettext_lazy("Begin"), carry_out=start, bulk=False,
            does=gettext_lazy("From now on everyone who takes this step joins, and keeps their way. Nothing can be "
                              "changed while it runs."),
            fits=lambda row: row.status == Status.DRAFT,
        ),
        Step(
            name="end", label=gettext_lazy("End"), carry_out=end, bulk=False, danger=True,
            does=gettext_lazy("Nobody else joins; everyone gets what the plan says again. What was seen stays."),
            fits=lambda row: row.status == Status.RUNNING,
        ),
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def choices_of(self, model: Any, request: HttpRequest) -> Any:
        rows = super().choices_of(model, request)
        return rows.with_steps() if model is OutreachPlan else rows

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(subject_count=Count("subjects", distinct=True))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or obj.status == Status.DRAFT:
            return ("plan",) if obj else ()
        return ("plan", "position", "measure", "window_days", "baseline", "smallest")

    def summary(self, obj: Experiment) -> Sequence[Any]:
        arms = max(obj.arms.count(), 2)
        words = _(
            "To see a difference of %(points)s points from %(baseline)s %%, it takes %(count)s people a way: one "
            "difference in five is missed, and one in twenty is chance."
        ) % {"points": obj.smallest, "baseline": obj.baseline, "count": f"{needed(obj, arms):,}"}
        return [self.state(obj), words]

    def panels(self, request: HttpRequest, obj: Experiment) -> list[Panel]:
        rows = [_row(row) for row in results(obj, now=timezone.now())]
        headers = (
            _("Way"), _("What differs"), _("People"), _("Of whom %(did)s") % {"did": obj.get_measure_display()},
            _("Share (95 %)"), _("Against the first, in points"), _("What it says"),
        )  # fmt: skip
        return [Panel(_("Results"), headers, rows, _("Add the ways first."))]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "name":
            kwargs["widget"] = forms.TextInput(attrs={"class": "vLargeTextField"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, experiment: Experiment) -> Any:
        return status_word(TONES[Status(experiment.status)], experiment.get_status_display())

    @admin.display(description=gettext_lazy("people"))
    def people(self, experiment: Any) -> int:
        return int(experiment.subject_count)

    @admin.display(description=gettext_lazy("begun"), ordering="started_at")
    def begun(self, experiment: Experiment) -> Any:
        return moment(experiment.started_at, experiment.plan.program.zone)


def _row(row: ArmResult) -> tuple[Any, ...]:
    low, high = row.effect.interval
    people = str(row.effect.named)
    if row.too_fresh:
        people += _(" (and %(fresh)d too fresh to tell)") % {"fresh": row.too_fresh}
    share = "–"
    if row.effect.named:
        share = f"{row.effect.share:.1%} ({low:.1%} – {high:.1%})"
    points = "–"
    if row.points and row.effect.named:
        points = f"{row.points[0]:+.1f} ({row.points[1]:+.1f} – {row.points[2]:+.1f})"
    differs = ", ".join(str(words) for words in ways_of(row.arm))
    return (row.arm.name, differs, people, row.effect.bought, share, points, row.verdict)
