from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import F, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.advocate import referrals_panel
from campaigns.admin.goodwill import GIVE
from referrals.admin.cells import count_of, full_link, link_to, moment, person
from referrals.admin.history import history_panel
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.models import Click, Enrolment, Event, Referral
from referrals.roles import programs_granting
from referrals.services.deed import DEEDS, note_deed
from referrals.services.enrolment import renew_personal_links
from rewards.admin.reward import rewards_panel
from rewards.models import Reward
from rewards.services.tax import note_papers


class DeedForm(StepForm):
    deed = forms.ChoiceField(label=gettext_lazy("What"), choices=[(kind.value, kind.label) for kind in DEEDS])


@admin.register(Enrolment)
class EnrolmentAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy(
        "An advocate in a program: the code friends use, the link to share, the personal link."
    )
    list_display = ("who", "code", "visits", "referrals", "joined", "program")
    list_display_links = ("who",)
    list_filter = (ProgramFilter, "advocate__kind", "joined_at")
    list_select_related = ("advocate", "program")
    search_fields = ("advocate__name", "advocate__email", "=advocate__external_id", "code")
    search_help_text = gettext_lazy("Name, e-mail, customer number or code")
    ordering = ("-joined_at",)
    fields = (
        "advocate_link",
        "program",
        "code",
        "share_link",
        "personal_link",
        "visits",
        "joined",
        "tax_cleared_year",
    )
    readonly_fields = ("advocate_link", "share_link", "personal_link", "visits", "joined")
    steps = (
        Step(
            name="deed", label=gettext_lazy("They did something for you"), carry_out=note_deed, form=DeedForm,
            does=gettext_lazy("Goes into their history, and rules and contests answer to it. Once a day each."),
        ),
        GIVE,
        Step(
            name="renew-link", label=gettext_lazy("Give a new personal link"), carry_out=renew_personal_links,
            does=gettext_lazy("The old personal link stops working at once. Share link and code stay as they are."),
            danger=True,
        ),
        Step(
            name="tax-papers", label=gettext_lazy("Tax papers are in"), carry_out=note_papers,
            does=gettext_lazy("For this calendar year. Rewards above the reportable amount can be approved from now "
                              "on; nothing is approved by this."),
            fits=lambda row: row.tax_cleared_year != timezone.now().year,
        ),
    )  # fmt: skip

    def may_step(self, request: HttpRequest, step: Step, obj: Any = None) -> bool:
        if step is not GIVE or asker(request).is_superuser:
            return super().may_step(request, step, obj)
        mine = programs_granting(asker(request), "add", Reward)
        return bool(obj and mine.filter(pk=obj.program_id).exists())

    def get_queryset(self, request: HttpRequest) -> Any:
        visits = Click.objects.filter(enrolment=OuterRef("pk"), is_bot=False)
        friends = Referral.objects.filter(enrolment=OuterRef("pk"))
        rows = super().get_queryset(request).select_related("advocate", "program")
        return rows.annotate(
            visit_count=count_of(visits, by="enrolment"),
            people_count=count_of(visits.filter(confirmed_at__isnull=False), by="enrolment"),
            referral_count=count_of(friends, by="enrolment"),
        )

    def why_not(self, row: Enrolment) -> str:
        return _("of %(row)s, that was written down already") % {"row": row}

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        found, distinct = super().get_search_results(request, queryset, search_term)
        return found.order_by(F("joined_at").desc(), "pk"), distinct

    def summary(self, obj: Enrolment) -> Sequence[Any]:
        url = f"{reverse('admin:referrals_referral_add')}?enrolment={obj.pk}"
        named = _("%(advocate)s recommends you in %(program)s.") % {
            "advocate": obj.advocate,
            "program": obj.program,
        }
        return [named, format_html('<a href="{}">{}</a>', url, _("Add a friend whom they named to you"))]

    def panels(self, request: HttpRequest, obj: Enrolment) -> list[Panel]:
        events = Event.objects.filter(advocate=obj.advocate_id, program=obj.program_id)
        return [
            referrals_panel(obj.referrals.all()),
            rewards_panel(obj.rewards.all()),
            history_panel(events, obj.program.zone),
        ]

    @admin.display(description=gettext_lazy("advocate"), ordering="advocate__name")
    def who(self, enrolment: Enrolment) -> Any:
        return person(enrolment.advocate, enrolment.advocate.company or enrolment.advocate.email)

    @admin.display(description=gettext_lazy("advocate"))
    def advocate_link(self, enrolment: Enrolment) -> Any:
        return link_to(enrolment.advocate)

    @admin.display(description=gettext_lazy("visits by people"), ordering="people_count")
    def visits(self, enrolment: Any) -> Any:
        words = _("%(people)d of %(visits)d")
        return words % {"people": enrolment.people_count or 0, "visits": enrolment.visit_count or 0}

    @admin.display(description=gettext_lazy("referrals"), ordering="referral_count")
    def referrals(self, enrolment: Any) -> int:
        return int(enrolment.referral_count)

    @admin.display(description=gettext_lazy("joined"), ordering="joined_at")
    def joined(self, enrolment: Enrolment) -> Any:
        return moment(enrolment.joined_at, enrolment.program.zone)

    @admin.display(description=gettext_lazy("share link"))
    def share_link(self, enrolment: Enrolment) -> Any:
        return full_link(settings.BASE_URL + enrolment.share_path)

    @admin.display(description=gettext_lazy("personal link"))
    def personal_link(self, enrolment: Enrolment) -> Any:
        return full_link(settings.BASE_URL + enrolment.personal_path)
