from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Survey, SurveyResponse
from campaigns.services.survey import revoke
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepsAdmin

State = SurveyResponse.State
LOOKS = {State.OPEN: "pending", State.ANSWERED: "live", State.SETTLED: "live"}


class SurveyFilter(admin.SimpleListFilter):
    """By survey, those of one's own programs."""

    title = gettext_lazy("survey")
    parameter_name = "survey"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = Survey.objects.all().for_staff(asker(request)).order_by("name")
        return [(str(pk), name) for pk, name in mine.values_list("pk", "name")[:50]]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(survey=self.value()) if (self.value() or "").isdecimal() else queryset


class AnswerFilter(admin.SimpleListFilter):
    """By what they answered."""

    title = gettext_lazy("answer")
    parameter_name = "answer"
    ranges = {"9-10": (9, 10), "7-8": (7, 8), "0-6": (0, 6)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*((name, name) for name in self.ranges), ("none", _("no answer yet"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "none":
            return queryset.filter(answered_at=None)
        found = self.ranges.get(self.value() or "")
        return queryset.filter(score__range=found) if found else queryset


@admin.register(SurveyResponse)
class SurveyResponseAdmin(StepsAdmin, FactsAdmin):
    when_empty = gettext_lazy(
        "A plan that sends a survey, or a colleague who writes personally, asks for answers."
    )
    about = gettext_lazy("Who was sent a survey, and what they answered. Nothing here is changed by staff.")
    list_display = ("who", "state", "said", "answered", "survey_name", "program")
    list_display_links = ("who",)
    list_filter = (ProgramFilter, SurveyFilter, AnswerFilter, "may_quote", "source", "answered_at")
    list_select_related = ("survey__program", "enrolment__advocate")
    search_fields = ("enrolment__advocate__name", "enrolment__advocate__email")
    ordering = ("-answered_at", "-pk")
    fields = ("customer", "survey", "answered", "asked", "source", "may_quote", "quote_words")
    readonly_fields = ("customer", "answered", "asked")
    steps = (
        Step(
            name="revoke", label=gettext_lazy("Take the link back"), carry_out=revoke, danger=True,
            does=gettext_lazy("The link leads nowhere from now on. What was answered stays."),
            fits=lambda row: row.revoked_at is None,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def why_not(self, row: SurveyResponse) -> str:
        return _("the link of %(row)s was taken back before") % {"row": row}

    def panels(self, request: HttpRequest, obj: SurveyResponse) -> list[Panel]:
        rows = [(obj.questions.get(place, place), text) for place, text in obj.answers.items()]
        if obj.score is not None:
            rows.insert(0, (obj.questions.get("recommend", "recommend"), obj.score))
        return [Panel(_("Answers"), (_("Question"), _("Answer")), rows, _("No answer yet."))]

    def summary(self, obj: SurveyResponse) -> Sequence[Any]:
        return [self.state(obj)]

    @admin.display(description=gettext_lazy("customer"), ordering="enrolment__advocate__name")
    def who(self, row: SurveyResponse) -> Any:
        return person(row.enrolment.advocate, row.enrolment.advocate.company)

    @admin.display(description=gettext_lazy("customer"))
    def customer(self, row: SurveyResponse) -> Any:
        return link_to(row.enrolment.advocate)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: SurveyResponse) -> Any:
        state = State(row.state(timezone.now()))
        return status_word(LOOKS.get(state, "ended"), state.label)

    @admin.display(description=gettext_lazy("answer"), ordering="score")
    def said(self, row: SurveyResponse) -> str:
        words = Truncator(next(iter(row.answers.values()), "")).chars(80)
        return words if row.score is None else f"{row.score} · {words}".rstrip(" ·")

    @admin.display(description=gettext_lazy("answered"), ordering="answered_at")
    def answered(self, row: SurveyResponse) -> Any:
        return moment(row.answered_at, row.survey.program.zone)

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def asked(self, row: SurveyResponse) -> Any:
        return moment(row.asked_at, row.survey.program.zone)

    @admin.display(description=gettext_lazy("survey"), ordering="survey__name")
    def survey_name(self, row: SurveyResponse) -> str:
        return row.survey.name

    @admin.display(description=gettext_lazy("program"), ordering="survey__program__name")
    def program(self, row: SurveyResponse) -> Any:
        return row.survey.program
