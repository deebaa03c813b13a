from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Avg, Count, Q
from django.forms import Textarea
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import Survey, SurveyText
from campaigns.services.survey import close
from campaigns.services.survey_report import ENOUGH, Result, result_of, table_of
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.scoped import CardInline, Panel, ProgramFilter
from referrals.exports import csv_lines
from rewards.admin.setup import SetupAdmin

NEWEST = 20


class TextInline(CardInline):
    model = SurveyText
    fields = (("place", "language"), "text")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "text":
            kwargs["widget"] = Textarea(attrs={"rows": 2, "cols": 50})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

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
        url = reverse("admin:campaigns_survey_export", args=[obj.pk])
        return [
            self.state(obj),
            *([] if obj.is_open else [_("Its links say that it is closed.")]),
            format_html('<a href="{}">{}</a>', url, _("All answers as a table (CSV)")),
        ]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export_view)
        return [
            path("<path:object_id>/export/", view, name="campaigns_survey_export"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.is_open:
            close(obj, now=timezone.now())

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponse | StreamingHttpResponse:
        survey = self.get_object(request, object_id)
        if survey is None or not self.has_view_permission(request, survey):
            raise Http404
        self.log_change(request, survey, _("Exported the answers"))
        return StreamingHttpResponse(
            csv_lines(table_of(survey)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="answers.csv"'},
        )

    def panels(self, request: HttpRequest, obj: Survey) -> list[Panel]:
        return [_result_panel(obj), _newest_panel(obj)]

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


def _result_panel(survey: Survey) -> Panel:
    found = result_of(survey)
    rows: list[tuple[Any, ...]] = [
        (_("Asked"), found.asked, ""), (_("Answered"), found.answered, _share(found.answered, found.asked))
    ]  # fmt: skip
    if found.scored:
        rows += [
            (
                _("9 or 10: would gladly recommend you"),
                found.promoters,
                _share(found.promoters, found.scored),
            ),
            (_("7 or 8"), found.passives, _share(found.passives, found.scored)),
            (_("0 to 6: not satisfied"), found.detractors, _share(found.detractors, found.scored)),
            (
                _("Net promoter score: the first share minus the last"),
                f"{found.score:+.0f}",
                _interval(found),
            ),
        ]
    headers = (_("What"), _("Number"), _("Share"))
    return Panel(
        _("What the answers come to"), headers, rows if found.asked else [], _("Nobody was asked yet.")
    )


def _interval(found: Result) -> str:
    if found.scored < ENOUGH:
        return _("too few answers to tell: %(enough)d are the least") % {"enough": ENOUGH}
    low, high = found.interval
    return _("%(low)+.0f to %(high)+.0f, with 95 %% certainty") % {"low": low, "high": high}


def _share(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else ""


def _newest_panel(survey: Survey) -> Panel:
    newest = survey.responses.answered().select_related("enrolment__advocate").order_by("-answered_at", "-pk")
    rows = [
        (link_to(row), "" if row.score is None else row.score, Truncator(" · ".join(row.answers.values())).chars(200),
         moment(row.answered_at, survey.program.zone))
        for row in newest[:NEWEST]
    ]  # fmt: skip
    more = f"{reverse('admin:campaigns_surveyresponse_changelist')}?survey={survey.pk}"
    headers = (_("Who"), _("Of 10"), _("Words"), _("When"))
    return Panel(_("Newest answers"), headers, rows, _("No answers yet."), more)
