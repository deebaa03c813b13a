from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Avg, Count, Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import Survey, SurveyText
from referrals.admin.cells import person, status_word
from referrals.admin.scoped import ProgramFilter, ScopedInline
from rewards.admin.setup import SetupAdmin


class TextInline(ScopedInline):
    model = SurveyText
    fields = ("place", "language", "text")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj else 2


@admin.register(Survey)
class SurveyAdmin(SetupAdmin):
    about = gettext_lazy(
        "What you ask your customers, by a link that needs no account. The usual questions are there in six "
        "languages; change their words, or add questions of your own, below. A plan sends them out."
    )
    follows_scheme = False
    list_display = ("survey", "state", "answers", "average", "program")
    list_display_links = ("survey",)
    list_filter = ("kind", "is_open", ProgramFilter)
    list_select_related = ("program",)
    search_fields = ("name",)
    ordering = ("name",)
    inlines = (TextInline,)
    fieldsets = ((None, {"fields": ("program", "name", "kind", "is_open", ("valid_days", "change_days"))}),)

    def get_queryset(self, request: HttpRequest) -> Any:
        answered = Q(responses__answered_at__isnull=False)
        return (
            super()
            .get_queryset(request)
            .select_related("program")
            .annotate(
                asked_count=Count("responses"),
                answered_count=Count("responses", filter=answered),
                average_score=Avg("responses__score"),
            )
        )

    def why_keep(self, obj: Survey) -> str:
        if obj.responses.exists():
            return _("People were asked, and their answers refer to it. Close it instead.")
        if obj.steps.exists():
            return _("A plan sends this survey. Take it out of the plan first.")
        return ""

    def summary(self, obj: Survey) -> Sequence[Any]:
        return [self.state(obj), *([] if obj.is_open else [_("Its links say that it is closed.")])]

    @admin.display(description=gettext_lazy("survey"), ordering="name")
    def survey(self, survey: Survey) -> Any:
        return person(survey, survey.get_kind_display())

    @admin.display(description=gettext_lazy("state"), ordering="is_open")
    def state(self, survey: Survey) -> Any:
        return status_word("live", _("open")) if survey.is_open else status_word("ended", _("closed"))

    @admin.display(description=gettext_lazy("answers"), ordering="answered_count")
    def answers(self, survey: Any) -> str:
        words = ngettext("%(count)d of %(asked)d asked", "%(count)d of %(asked)d asked", survey.asked_count)
        return words % {"count": survey.answered_count, "asked": survey.asked_count}

    @admin.display(description=gettext_lazy("of 10, on average"), ordering="average_score")
    def average(self, survey: Any) -> str:
        return "" if survey.average_score is None else f"{survey.average_score:.1f}"
