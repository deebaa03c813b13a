from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from liquid.exceptions import LiquidError

from campaigns.admin.plan_form import LiveForm, PlanForm
from campaigns.admin.plan_steps import StepInline, ask_state, steps_panel, words_panel
from campaigns.models import Ask, OutreachPlan, PlanStep, SurveyResponse
from campaigns.sentences import plan_sentences, step_sentence, when_sentence
from campaigns.services.funnel import WaitingByHand, funnel, waiting_by_hand, were_asked
from campaigns.services.hold_out import WINDOW, what_asking_brought
from campaigns.services.plan import finish, go_live, pause, why_not_live
from campaigns.services.preview import counts, lines
from campaigns.services.prospects import Hindrance
from campaigns.services.step_words import read_as, repetitions
from campaigns.services.words import NoWords
from campaigns.starters import STARTERS, begin_with
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.scoped import Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepsAdmin
from referrals.models import Advocate, Finder
from referrals.roles import programs_granting
from referrals.transitions import Moved
from rewards.admin.setup import SetupAdmin
from rewards.services.report import Effect

NEWEST = 20
PREVIEW = gettext_lazy("Preview: who gets what and when, and who does not")
Status, Trigger, Audience = OutreachPlan.Status, OutreachPlan.Trigger, OutreachPlan.Audience
Aim = OutreachPlan.Aim


def start(rows: Any, *, number: int | None, now: datetime, by: Any) -> Moved:
    [plan] = rows.select_related("program", "segment")
    return go_live(plan, typed=number, now=now, by=by)


@admin.register(OutreachPlan)
class OutreachPlanAdmin(SetupAdmin, StepsAdmin):
    about = gettext_lazy(
        "Whom you ask for a recommendation, an answer or a review, after what, how often; and what came of it."
    )
    follows_scheme = False
    form = PlanForm
    list_display = ("plan", "state", "reached", "came_of_it", "program")
    list_display_links = ("plan",)
    list_filter = ("status", "aim", "audience", ProgramFilter)
    list_select_related = ("program", "segment")
    search_fields = ("name",)
    ordering = ("name",)
    inlines = (StepInline,)
    fieldsets_if_personal = (
        (
            None,
            {
                "description": gettext_lazy("What colleagues write themselves, on the pages of people."),
                "fields": ("name", ("touches", "rest_days")),
            },
        ),
    )
    fieldsets = (
        (None, {"fields": ("program", "name", "aim")}),
        (
            gettext_lazy("Whom"),
            {
                "description": gettext_lazy(
                    "People who may recommend you, or friends who are not ready yet."
                ),
                "fields": ("audience", "segment", "satisfied_from"),
            },
        ),
        (
            gettext_lazy("After what"),
            {
                "description": gettext_lazy(
                    "The best moment is soon after something good, and never at signing."
                ),
                "fields": ("trigger", "about", "value", "nth", "on_date", ("earliest_days", "latest_days")),
            },
        ),
        (
            gettext_lazy("Who asks, and how often"),
            {
                "description": gettext_lazy(
                    "What a person asks waits for them under “to send by hand”; the company's mail leaves by itself."
                ),
                "fields": ("sender", ("touches", "stretch"), "stops_on_click", "rest_days", "a_day"),
            },
        ),
        (
            gettext_lazy("To learn from it"),
            {
                "description": gettext_lazy(
                    "Without somebody to compare with, nobody knows what asking brought."
                ),
                "fields": ("hold_out",),
            },
        ),
    )
    steps = (
        Step(
            name="start", label=gettext_lazy("Go live"), carry_out=start, form=LiveForm, bulk=False,
            does=gettext_lazy("From now on it asks people by itself, at allowed hours and within everybody's budget. "
                              "Look at the preview first."),
            fits=lambda row: row.status in (Status.DRAFT, Status.PAUSED),
        ),
        Step(
            name="stop", label=gettext_lazy("STOP"), carry_out=pause, danger=True,
            does=gettext_lazy("Nothing of this plan leaves from now on; what waits in the outbox stays there. "
                              "“Go live” lets it go on."),
            fits=lambda row: row.status == Status.LIVE,
        ),
        Step(
            name="end", label=gettext_lazy("End for good"), carry_out=finish, danger=True,
            does=gettext_lazy("Its rounds go no further, and it cannot be started again. What it did stays on record."),
            fits=lambda row: row.status in (Status.LIVE, Status.PAUSED) and not row.is_personal,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        asks = Ask.objects.filter(plan=OuterRef("pk")).order_by().values("plan")
        asked = asks.annotate(n=Count("pk", filter=were_asked())).values("n")
        referred = Count("pk", filter=were_asked() & Q(end_reason=Ask.End.REFERRED))
        said = (
            SurveyResponse.objects.answered().filter(ask__plan=OuterRef("pk")).order_by().values("ask__plan")
        )
        rows = super().get_queryset(request).select_related("program", "segment")
        return rows.annotate(
            asked_count=Subquery(asked), referred_count=Subquery(asks.annotate(n=referred).values("n")),
            answered_count=Subquery(said.annotate(n=Count("pk")).values("n")),
        )  # fmt: skip

    def get_urls(self) -> list[Any]:
        def view(of: Any) -> Any:
            return self.admin_site.admin_view(of)

        return [
            path("starters/", view(self.starters_view), name="campaigns_outreachplan_starters"),
            path(
                "<path:object_id>/words/<int:step>/",
                view(self.words_view),
                name="campaigns_outreachplan_words",
            ),
            path("<path:object_id>/preview/", view(self.preview_view), name="campaigns_outreachplan_preview"),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets_if_personal if obj and obj.is_personal else super().get_fieldsets(request, obj)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj and obj.is_personal else super().get_inlines(request, obj)

    def notices(self, programs: Any) -> list[Any]:
        url = reverse("admin:campaigns_outreachplan_starters")
        return [format_html('<a href="{}">{}</a>', url, _("Begin with a ready plan"))]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # Whoever makes no plans is not led to a page that is closed to them.
        about = {} if self.has_add_permission(request) else {"about": self.about}
        return super().changelist_view(request, about | (extra_context or {}))

    def more_context(self, request: HttpRequest, obj: OutreachPlan) -> dict[str, Any]:
        # What the list says above its rows is not said on the page of each.
        return super().more_context(request, obj) | {"summary": self.summary(obj)}

    def starters_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        programs = programs_granting(asker(request), "add", OutreachPlan)
        if request.method == "POST":
            starter = next((one for one in STARTERS if one.slug == request.POST.get("starter")), None)
            chosen = request.POST.get("program", "")
            program = programs.filter(pk=chosen).first() if chosen.isdecimal() else None
            if starter is None or program is None:
                raise Http404
            plan = begin_with(starter, program, now=timezone.now(), by=request.user)
            self.log_addition(request, plan, "")
            messages.success(
                request, _("A draft of your own. Change what you like, look at the preview, go live.")
            )
            return HttpResponseRedirect(self.page_of(plan))
        shown = {
            "title": _("Begin with a ready plan"),
            "starters": STARTERS,
            "programs": programs,
            "opts": self.opts,
        }
        return TemplateResponse(
            request, "admin/plan_starters.html", self.admin_site.each_context(request) | shown
        )

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        plan = self.get_object(request, object_id)
        if plan is None or not self.has_view_permission(request, plan):
            raise Http404
        now, why = timezone.now(), request.GET.get("why", "")
        number = request.GET.get("page", "0")
        page = int(number) if number.isdecimal() and len(number) < 6 else 0
        totals = counts(plan, now=now)
        found, more = lines(plan, why if why in Hindrance.values else "", now=now, page=page)
        reasons = [
            (value, label, totals.get(value, 0)) for value, label in Hindrance.choices if totals.get(value)
        ]
        shown = {
            "title": _("Preview: %(plan)s") % {"plan": plan}, "plan": plan, "opts": self.opts,
            "summary": plan_sentences(plan), "asked": totals.get("", 0), "reasons": reasons, "why": why,
            "lines": found, "page": page, "next_page": page + 1 if more else None, "zone": plan.program.timezone,
            "finder": self._finder(plan) if totals.get(Hindrance.NOT_WARM) else None,
        }  # fmt: skip
        return TemplateResponse(
            request, "admin/plan_preview.html", self.admin_site.each_context(request) | shown
        )

    @staticmethod
    def _finder(plan: OutreachPlan) -> Finder | None:
        """Where it is said from how many points on plans ask by themselves."""
        return Finder.objects.filter(program=plan.program_id).first()

    def words_view(self, request: HttpRequest, object_id: str, step: int) -> HttpResponse:
        plan = self.get_object(request, object_id)
        chosen = plan.steps.filter(pk=step, kind=PlanStep.Kind.MESSAGE).first() if plan else None
        if plan is None or chosen is None or not self.has_view_permission(request, plan):
            raise Http404
        people, typed = Advocate.objects.for_staff(asker(request)), request.GET.get("reader", "")
        known = people.filter(pk=typed) if typed.isdecimal() and len(typed) < 18 else people.none()
        reader = known.first() or people.filter(enrolments__program=plan.program_id).order_by("-pk").first()
        shown: dict[str, Any] = {
            "title": step_sentence(chosen), "plan": plan, "opts": self.opts, "reader": reader,
            "mail_title": _("What they read"),
        }  # fmt: skip
        try:
            shown["mail"] = read_as(plan, chosen, reader or Advocate(name=_("Anna Example")))
        except (NoWords, LiquidError) as missing:
            shown["mail_empty"] = str(missing)
        return TemplateResponse(
            request, "admin/plan_words.html", self.admin_site.each_context(request) | shown
        )

    def save_model(self, request: HttpRequest, obj: OutreachPlan, form: Any, change: bool) -> None:
        if not change:
            obj.status_at = timezone.now()
        super().save_model(request, obj, form, change)

    def why_keep(self, obj: OutreachPlan) -> str:
        if obj.asks.exists():
            return _(
                "People were asked by this plan, and their history refers to it. End it for good instead."
            )
        return ""

    def summary(self, obj: OutreachPlan) -> Sequence[Any]:
        url = reverse("admin:campaigns_outreachplan_preview", args=[obj.pk])
        by_hand = waiting_by_hand(obj)
        refusal = why_not_live(obj) if obj.status in (Status.DRAFT, Status.PAUSED) else ""
        return [
            self.state(obj),
            *([self.so_far(obj)] if obj.asked_count else []),  # type: ignore[attr-defined]
            *plan_sentences(obj),
            *([refusal] if refusal else []),
            *repetitions(obj),
            *([_by_hand_link(obj, by_hand)] if by_hand.messages else []),
            *([] if obj.is_personal else [format_html('<a href="{}">{}</a>', url, PREVIEW)]),
        ]

    def so_far(self, plan: OutreachPlan) -> str:
        words = {"asked": self.reached(plan), "came": self.came_of_it(plan)}
        return (
            _("Asked so far: %(asked)s; %(came)s.") if words["came"] else _("Asked so far: %(asked)s.")
        ) % words

    def panels(self, request: HttpRequest, obj: OutreachPlan) -> list[Panel]:
        if obj.is_personal:
            return [_funnel_panel(obj), _newest_panel(obj)]
        compared = [_brought_panel(obj)] if obj.hold_out else []
        return [_funnel_panel(obj), *compared, words_panel(obj), steps_panel(obj), _newest_panel(obj)]

    @admin.display(description=gettext_lazy("plan"), ordering="name")
    def plan(self, plan: OutreachPlan) -> Any:
        return person(plan, when_sentence(plan))

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, plan: OutreachPlan) -> Any:
        return status_word(plan.status, plan.get_status_display())

    @admin.display(description=gettext_lazy("asked"), ordering="asked_count")
    def reached(self, plan: Any) -> str:
        asked = plan.asked_count or 0
        return ngettext("%d person", "%d people", asked) % asked if asked else _("Nobody yet")

    @admin.display(description=gettext_lazy("came of it"), ordering="referred_count")
    def came_of_it(self, plan: Any) -> str:
        if not (asked := plan.asked_count or 0):
            return ""
        if plan.aim == Aim.RECOMMENDATION:
            return _("%s recommended somebody") % _part(plan.referred_count or 0, asked)
        return _("%s answered") % _part(plan.answered_count or 0, asked) if plan.aim == Aim.SURVEY else ""


def _by_hand_link(plan: OutreachPlan, found: WaitingByHand) -> Any:
    words = ngettext(
        "%(count)d message waits for a colleague to send it by hand, since %(day)s.",
        "%(count)d messages wait for colleagues to send them by hand, the first since %(day)s.",
        found.messages,
    )
    since = date_format(plan.program.local(found.since).date(), "j F") if found.since else ""
    url = f"{reverse('admin:campaigns_byhand_changelist')}?ask__plan__id__exact={plan.pk}"
    return format_html('<a href="{}">{}</a>', url, words % {"count": found.messages, "day": since})


def _share(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else "–"


def _part(part: int, whole: int) -> str:
    return f"{part} ({_share(part, whole)})"


def _funnel_panel(plan: OutreachPlan) -> Panel:
    found = funnel(plan)
    stages = [
        (_("Asked"), found.asked), (_("Reached by a message"), found.delivered), (_("Opened the link"), found.opened)
    ]  # fmt: skip
    if plan.aim == Aim.SURVEY:
        stages.append((_("Answered"), found.answered))
    elif plan.aim == Aim.RECOMMENDATION:
        stages += [(_("Recommended somebody"), found.referred), (_("Brought a customer"), found.customers)]
    rows = [(label, number, _share(number, found.asked)) for label, number in stages]
    if found.held_out:
        rows.append((_("Left out, to compare"), found.held_out, ""))
    return Panel(_("What came of it"), (_("Stage"), _("People"), _("Of those asked")), rows if found.asked else [],
                 _("Nobody has been asked yet. The preview says who would be."))  # fmt: skip


def _brought_panel(plan: OutreachPlan) -> Panel:
    found = what_asking_brought(plan, now=timezone.now())
    rows: list[tuple[Any, ...]] = [
        (group.label, group.named, group.bought, share_with_interval(group)) for group in found[:2]
    ]
    rows.append((found.words, "", "", ""))
    if found.too_fresh:
        words = _("Not counted yet: within the last %(days)d days") % {"days": WINDOW.days}
        rows.append((words, found.too_fresh, "", ""))
    headers = (_("Whose turn had come"), _("People"), _("Recommended somebody"), _("Share"))
    return Panel(_("What asking brought"), headers, rows)


def share_with_interval(group: Effect) -> str:
    """A share and its 95 % interval, in percent."""
    if not group.named:
        return "–"
    low, high = group.interval
    return f"{group.share:.1%} ({low:.1%} – {high:.1%})"


def _newest_panel(plan: OutreachPlan) -> Panel:
    newest = plan.asks.select_related("advocate", "referral").order_by("-pk")[:NEWEST]
    rows = [
        (link_to(ask, ask.referral or ask.advocate), ask_state(ask), moment(ask.touched_at, plan.program.zone),
         moment(ask.due_at, plan.program.zone) if ask.ended_at is None else "")
        for ask in newest
    ]  # fmt: skip
    more = f"{reverse('admin:campaigns_ask_changelist')}?plan__id__exact={plan.pk}"
    headers = (_("Who"), _("State"), _("Last message"), _("Next look"))
    return Panel(_("People in it"), headers, rows, _("Nobody is in it yet."), more)
