from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, F
from django.forms import Textarea
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.scoped import HistoryAdmin, ProgramFilter, ScopedInline
from referrals.models import IdealCustomerProfile, Question


class QuestionInline(ScopedInline):
    model = Question
    fields = ("position", "text", "kind", "choices", "points", "required")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "choices":
            kwargs["widget"] = Textarea(attrs={"rows": 3, "cols": 28})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(IdealCustomerProfile)
class IdealCustomerProfileAdmin(HistoryAdmin):
    about = gettext_lazy(
        "Who is a good fit. It stands at the top of the form, on the landing page and in the mail."
    )
    list_display = ("headline", "program", "question_count", "version")
    list_filter = (ProgramFilter,)
    list_select_related = ("program",)
    search_fields = ("headline", "description", "criteria", "program__name")
    ordering = ("program__name",)
    inlines = (QuestionInline,)
    fieldsets = (
        (None, {"fields": ("program", "headline", "description")}),
        (
            gettext_lazy("Criteria"),
            {
                "description": gettext_lazy("Short lines that a customer can check a friend against."),
                "fields": ("criteria",),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(questions_total=Count("questions"))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and (form.has_changed() or any(formset.has_changed() for formset in formsets)):
            # Answers given before belong to the version before.
            self.model.objects.filter(pk=form.instance.pk).update(version=F("version") + 1)

    def summary(self, obj: IdealCustomerProfile) -> Sequence[Any]:
        questions = list(obj.questions.all())
        points = sum(question.most_points for question in questions)
        asked = ngettext("Version %(version)d, with %(count)d question.",
                         "Version %(version)d, with %(count)d questions.", len(questions))  # fmt: skip
        fit = (
            _("%(points)d points are a fit of 100.") % {"points": points}
            if points
            else _("No answer gives points, so referrals get no fit score.")
        )
        return [asked % {"version": obj.version, "count": len(questions)}, fit]

    @admin.display(description=gettext_lazy("questions"), ordering="questions_total")
    def question_count(self, profile: Any) -> int:
        return int(profile.questions_total)
