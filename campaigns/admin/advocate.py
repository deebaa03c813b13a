from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.advocate_form import AdvocateForm
from campaigns.admin.advocate_steps import ERASE, PEOPLE_STEPS
from campaigns.admin.asking import ASK_NOW
from campaigns.admin.contact_preference import choices_panel
from campaigns.admin.held_back import held_panel
from campaigns.admin.message import messages_panel
from campaigns.admin.personal import PersonalAdmin
from campaigns.admin.timeline import messages_of, timeline_page, timeline_panel, who_they_are
from campaigns.models import Message, Suppression
from campaigns.services.personal_data import everything_about
from referrals.admin.cells import count_of, full_link, link_to, moment, person, status_word
from referrals.admin.history import NEWEST
from referrals.admin.scoped import Panel, asker
from referrals.admin.steps import Step, StepForm
from referrals.models import Advocate, Enrolment, ImportFile, Program, Referral, Segment, Tag
from referrals.roles import grants, programs_granting, roles_of
from referrals.services.enrolment import enrol
from referrals.transitions import Moved
from rewards.admin.reward import rewards_panel
from rewards.models import Reward

MOST_CHOICES = 50


class TagFilter(admin.SimpleListFilter):
    """By a tag that somebody bears."""

    title = gettext_lazy("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Tag.objects.values_list("pk", "name")[:MOST_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not (self.value() or "").isdecimal():
            return queryset
        return queryset.filter(taggings__tag=self.value())


class SegmentFilter(admin.SimpleListFilter):
    """By a segment, as it is now."""

    title = gettext_lazy("segment")
    parameter_name = "segment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = Segment.objects.for_staff(asker(request)).select_related("program")
        return [(str(row.pk), f"{row.name} · {row.program}" if row.program else row.name)
                for row in mine[:MOST_CHOICES]]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        mine = Segment.objects.for_staff(asker(request))
        asked = self.value() or ""
        segment = mine.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 12 else None
        return queryset.in_segment(segment, timezone.now()) if segment else queryset


class EnrolForm(StepForm):
    program = forms.ModelChoiceField(Program.objects.none(), label=gettext_lazy("Program"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["program"].queryset = programs_granting(self.user, "add", Enrolment)  # type: ignore[attr-defined]


def enrol_many(rows: Any, *, program: Program, now: datetime, by: Any) -> Moved:
    already = set(program.enrolments.filter(advocate__in=rows).values_list("advocate_id", flat=True))
    advocates = list(rows)
    fresh = [advocate for advocate in advocates if advocate.pk not in already]
    for advocate in fresh:
        enrol(advocate, program, now=now)
    return Moved(fresh, [advocate for advocate in advocates if advocate.pk in already])


def _may_be_enrolled(advocate: Advocate) -> bool:
    return Program.objects.exclude(enrolments__advocate=advocate).exists()


@admin.register(Advocate)
class AdvocateAdmin(PersonalAdmin):
    # The account manager gets the friends where the program says so.
    caller_fields = ("owner",)
    about = gettext_lazy("Everyone who may recommend you: customers, partners, people who know you.")
    brought_in_as = ImportFile.PEOPLE
    form = AdvocateForm
    list_display = ("who", "kind", "external_id", "programs", "referrals", "known_since")
    list_display_links = ("who",)
    list_filter = (TagFilter, SegmentFilter, "kind", "language", "created_at")
    search_fields = ("name", "email", "phone", "=external_id", "company")
    search_help_text = gettext_lazy("Name, e-mail, phone, company or customer number")
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": ("name", "kind", "external_id", "company")}),
        (
            gettext_lazy("How to reach them"),
            {
                "description": gettext_lazy("Their language is the language of what we send them."),
                "fields": ("email", "phone", ("language", "timezone")),
            },
        ),
        (
            gettext_lazy("What else you know"),
            {
                "description": gettext_lazy("Segments and plans can go by these."),
                "fields": (("country", "owner"), "attributes"),
            },
        ),
        (gettext_lazy("Privacy"), {"fields": ("show_name",)}),
    )
    steps = (
        Step(
            name="enrol",
            label=gettext_lazy("Enrol in a program"),
            does=gettext_lazy("They get a code, a share link and a personal link. Nothing is sent."),
            carry_out=enrol_many,
            form=EnrolForm,
            fits=_may_be_enrolled,
            leads=lambda row: not row.enrolments.exists(),
        ),
        ASK_NOW,
        *PEOPLE_STEPS,
        ERASE,
    )

    def may_step(self, request: HttpRequest, step: Step, obj: Any = None) -> bool:
        if step is not ERASE or asker(request).is_superuser:
            return super().may_step(request, step, obj)
        # Whoever may put a mailbox on the list of those that want nothing: in each of this person's programs.
        roles, programs = roles_of(asker(request)), self.program_ids(obj) if obj else set()
        return bool(programs) and all(
            pk in roles and grants(roles[pk], "add", Suppression) for pk in programs
        )

    def program_ids(self, obj: Any) -> set[int]:
        # Somebody in no program yet may be looked after by the staff of any.
        return set(
            obj.enrolments.values_list("program_id", flat=True)
            or Program.objects.values_list("pk", flat=True)
        )

    def within(self, rows: Any, programs: Any) -> Any:
        return (super().within(rows, programs) | rows.filter(enrolments=None)).distinct()

    def why_not(self, row: Any) -> str:
        if getattr(row, "refusal", ""):
            return super().why_not(row)
        return _("%(row)s was so already") % {"row": row}

    def get_queryset(self, request: HttpRequest) -> Any:
        # Counted for the rows that are shown: joined, all referrals there are would be read and sorted.
        places = Enrolment.objects.filter(advocate=OuterRef("pk"))
        friends = Referral.objects.filter(enrolment__advocate=OuterRef("pk"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                program_count=count_of(places, by="advocate"),
                referral_count=count_of(friends, by="enrolment__advocate"),
            )
        )

    def summary(self, obj: Any) -> Sequence[Any]:
        return [*who_they_are(obj)]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.timeline_view)
        return [
            path("<int:object_id>/timeline/", view, name="referrals_advocate_timeline"),
            path(
                "<int:object_id>/data/",
                self.admin_site.admin_view(self.data_view),
                name="referrals_advocate_data",
            ),
            *super().get_urls(),
        ]

    def timeline_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        obj = self.get_object(request, str(object_id))
        if obj is None or not self.may(request, "view", obj):
            raise Http404
        return timeline_page(request, obj)

    def data_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """What the person may ask for: all that we know about them. For those who may also delete it."""
        obj = self.get_object(request, str(object_id))
        if obj is None or not self.may_step(request, ERASE, obj):
            raise Http404
        self.log_change(request, obj, _("Gave out all that is known about them"))
        answer = JsonResponse(everything_about(obj), json_dumps_params={"ensure_ascii": False, "indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="person-{obj.pk}.json"'
        return answer

    def panels(self, request: HttpRequest, obj: Any) -> list[Panel]:
        scope = {"enrolment__in": Enrolment.objects.for_staff(asker(request)).filter(advocate=obj)}
        return [
            self._enrolments(request, obj),
            referrals_panel(Referral.objects.filter(**scope)),
            rewards_panel(Reward.objects.filter(**scope)),
            choices_panel(obj),
            *([_data_panel(obj)] if self.may_step(request, ERASE, obj) else []),
            messages_panel(messages_of(obj, asker(request)), None),
            held_panel(Message.objects.for_staff(asker(request)).filter(advocate=obj), None),
            timeline_panel(obj, asker(request)),
        ]

    def _enrolments(self, request: HttpRequest, obj: Advocate) -> Panel:
        rows = Enrolment.objects.for_staff(asker(request)).filter(advocate=obj).select_related("program")
        return Panel(
            _("Programs"),
            (_("Program"), _("Code"), _("Share link"), _("Personal link"), _("Joined")),
            [
                (
                    link_to(row, row.program), row.code, full_link(settings.BASE_URL + row.share_path),
                    full_link(settings.BASE_URL + row.personal_path), moment(row.joined_at, row.program.zone),
                )
                for row in rows[:NEWEST]
            ],
            _("In no program yet. Enrol them to give them a link."),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("who"), ordering="name")
    def who(self, advocate: Advocate) -> Any:
        return person(advocate, " · ".join(filter(None, (advocate.company, advocate.email))))

    @admin.display(description=gettext_lazy("programs"), ordering="program_count")
    def programs(self, advocate: Any) -> int:
        return int(advocate.program_count)

    @admin.display(description=gettext_lazy("referrals"), ordering="referral_count")
    def referrals(self, advocate: Any) -> int:
        return int(advocate.referral_count)

    @admin.display(description=gettext_lazy("known since"), ordering="created_at")
    def known_since(self, advocate: Advocate) -> Any:
        return moment(advocate.created_at)


def _data_panel(advocate: Advocate) -> Panel:
    url = reverse("admin:referrals_advocate_data", args=[advocate.pk])
    link = format_html('<a href="{}">{}</a>', url, _("All that we know about them (JSON)"))
    words = _("For whoever asks what is kept about them. Friends they named stand in it by their first name.")
    return Panel(_("Their data"), (_("File"), _("What it is")), [(link, words)], "")


def referrals_panel(referrals: Any) -> Panel:
    """The newest friends somebody named."""
    newest = referrals.select_related("program").order_by("-submitted_at")[:NEWEST]
    return Panel(
        _("Referrals"),
        (_("Friend"), _("Status"), _("Why"), _("Program"), _("Received")),
        [
            (
                link_to(row), status_word(row.status, row.get_status_display()),
                dict(Referral.Reason.choices).get(row.status_reason, row.status_reason), row.program,
                moment(row.submitted_at, row.program.zone),
            )
            for row in newest
        ],
        _("No friend named yet."),
    )  # fmt: skip
