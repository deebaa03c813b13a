from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.cells import full_link, link_to, moment, person, status_word
from referrals.admin.scoped import NamedFormSet, Panel, ProgramFilter, ScopedInline
from referrals.admin.steps import Step, StepsAdmin
from referrals.models import Enrolment
from referrals.transitions import Moved
from rewards.admin.setup import SetupAdmin
from rewards.models import Contest, ContestAction, ContestEntry, ContestPrize
from rewards.services.contest import draw

LEADERS = 20
When = ContestAction.When
# What a contest begins with; every number can be changed until somebody takes part.
USUAL = [
    {"when": When.FOLLOWED.value, "weight": 1},
    {"when": When.REVIEW.value, "weight": 2},
    {"when": When.SUBMITTED.value, "weight": 5},
]


def took_part(contest: Contest | None) -> bool:
    """Whether somebody has entered: from then on, what they entered for stays as it is."""
    return contest is not None and contest.pk is not None and contest.entries.exists()


def draw_one(rows: Any, *, now: datetime, by: Any) -> Moved:
    [contest] = rows
    if contest.drawn_at:
        return Moved([], [contest])
    draw(contest, now=now, by=by)
    return Moved([contest], [])


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("running", _("running")), ("to-draw", _("over: to draw")), ("drawn", _("drawn"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "running":
                return queryset.running(now)
            case "to-draw":
                return queryset.to_draw(now)
            case "drawn":
                return queryset.filter(drawn_at__isnull=False)
        return queryset


class ActionForm(forms.ModelForm):
    def has_changed(self) -> bool:
        # The usual actions stand there from the beginning, and count as typed.
        return super().has_changed() or bool(self.instance._state.adding and self["when"].value())


class FixedInline(ScopedInline):
    """Rows that nobody changes any more once somebody took part."""

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        return super().may(request, verb, obj) and (verb == "view" or not took_part(obj))

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj else 3


class ActionInline(FixedInline):
    model = ContestAction
    form = ActionForm
    fields = ("when", "weight")


class PrizeFormSet(NamedFormSet):
    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            gift = getattr(form, "cleaned_data", {}).get("incentive")
            if gift and gift.program_id != self.instance.program_id:
                form.add_error("incentive", _("Choose an incentive of the same program."))


class PrizeInline(FixedInline):
    model = ContestPrize
    formset = PrizeFormSet
    fields = ("place", "incentive")


@admin.register(Contest)
class ContestAdmin(SetupAdmin, StepsAdmin):
    about = gettext_lazy("Chances for what people do over a period, and a draw that anybody can re-check.")
    follows_scheme = False
    list_display = ("name", "state", "ends", "entered", "program")
    list_filter = (StateFilter, ProgramFilter)
    list_select_related = ("program",)
    search_fields = ("name",)
    ordering = ("-starts_at",)
    inlines = (ActionInline, PrizeInline)
    fieldsets = (
        (None, {"fields": ("program", "name", "about")}),
        (
            gettext_lazy("Period"),
            {
                "description": gettext_lazy("What happens from the start until the end counts, once each."),
                "fields": ("starts_at", "ends_at", "free_entry"),
            },
        ),
    )
    steps = (
        Step(
            name="draw", label=gettext_lazy("Draw the winners"), carry_out=draw_one, bulk=False,
            does=gettext_lazy("The seed decides, and is published with the list of chances. The prizes are promised to "
                              "the winners. This is done once and cannot be taken back."),
            fits=lambda row: row.drawn_at is None,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        entries = ContestEntry.objects.filter(contest=OuterRef("pk")).order_by().values("contest")
        count = entries.annotate(n=Count("pk")).values("n")
        people = entries.annotate(n=Count("enrolment", distinct=True)).values("n")
        rows = super().get_queryset(request).select_related("program")
        return rows.annotate(entry_count=Subquery(count), people_count=Subquery(people))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = ("starts_at", "ends_at", "free_entry") if took_part(obj) else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        usual = {"initial": USUAL} if isinstance(inline, ActionInline) and obj._state.adding else {}
        return super().get_formset_kwargs(request, obj, inline, prefix) | usual

    def why_not(self, row: Contest) -> str:
        return _("%(row)s was drawn before") % {"row": row}

    def why_keep(self, obj: Contest) -> str:
        if not took_part(obj):
            return ""
        return _("“%(contest)s” stays: people took part in it.") % {"contest": obj}

    def summary(self, obj: Any) -> Sequence[Any]:
        public = settings.BASE_URL + reverse("contest", args=[obj.program.slug, obj.pk])
        file = settings.BASE_URL + reverse("contest-draw", args=[obj.program.slug, obj.pk])
        lines: list[Any] = [
            format_html("{} {}", self.state(obj), self.entered(obj)),
            format_html("{} {}", _("What everybody sees:"), full_link(public)),
            format_html(
                "{} <code>{}</code>", _("Published from the start, the hash of the seed:"), obj.seed_hash
            ),
        ]
        if obj.drawn_at:
            check = _("Published since the draw, the seed:")
            lines.append(format_html("{} <code>{}</code>", check, obj.seed))
            lines.append(format_html("{} {}", _("For whoever wants to repeat the draw:"), full_link(file)))
        if took_part(obj):
            lines.append(
                _(
                    "People have taken part, so period, actions and prizes stay as they are. Name and text may change."
                )
            )
        return lines

    def panels(self, request: HttpRequest, obj: Contest) -> list[Panel]:
        return [*([_result(obj)] if obj.drawn_at else []), _leaderboard(obj)]

    @admin.display(description=gettext_lazy("state"), ordering="ends_at")
    def state(self, contest: Contest) -> Any:
        now = timezone.now()
        if contest.drawn_at:
            return status_word("sent", _("drawn"))
        if contest.ends_at <= now:
            return status_word("pending", _("over: to draw"))
        if contest.starts_at > now:
            return status_word("queued", _("begins %(day)s") % {"day": _day(contest, contest.starts_at)})
        return status_word("live", _("running until %(day)s") % {"day": _day(contest, contest.ends_at)})

    @admin.display(description=gettext_lazy("ends"), ordering="ends_at")
    def ends(self, contest: Contest) -> Any:
        return moment(contest.ends_at, contest.program.zone)

    @admin.display(description=gettext_lazy("who took part"), ordering="people_count")
    def entered(self, contest: Any) -> str:
        people, entries = contest.people_count or 0, contest.entry_count or 0
        if not people:
            return _("Nobody yet")
        words = ngettext(
            "%(people)d person, %(entries)d entries", "%(people)d people, %(entries)d entries", people
        )
        return words % {"people": people, "entries": entries}


def _leaderboard(contest: Contest) -> Panel:
    leaders = list(contest.entries.all().leaderboard()[:LEADERS])
    people = Enrolment.objects.select_related("advocate").in_bulk([row["enrolment"] for row in leaders])
    rows = []
    for place, row in enumerate(leaders, start=1):
        who = people[row["enrolment"]]
        shown = who.shown_name or _("no name, as they wish")
        rows.append(
            (
                place,
                person(link_to(who.advocate), _("others see: %(name)s") % {"name": shown}),
                row["chances"],
            )
        )
    return Panel(
        _("Who is ahead"),
        (_("Place"), _("Advocate"), _("Chances")),
        rows,
        _("Nobody has taken part yet."),
    )  # fmt: skip


def _result(contest: Contest) -> Panel:
    """Every prize, with the winner and what became of it."""
    prizes = contest.prizes.select_related("incentive", "winner__advocate")
    rewards = {r.inputs.get("place"): r for r in contest.program.rewards.filter(inputs__contest=contest.pk)}
    rows = []
    for prize in prizes:
        reward = rewards.get(prize.place)
        state = status_word(reward.status, reward.get_status_display()) if reward else "–"
        winner = link_to(prize.winner.advocate) if prize.winner else _("nobody: fewer people than prizes")
        gift = link_to(reward, prize.incentive) if reward else prize.incentive
        rows.append((prize.place, gift, winner, state))
    return Panel(_("Who won"), (_("Place"), _("Prize"), _("Winner"), _("State")), rows)


def _day(contest: Contest, at: datetime) -> str:
    return date_format(contest.program.local(at), "j M Y, H:i")
