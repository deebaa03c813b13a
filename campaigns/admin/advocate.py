from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.contact_preference import choices_panel
from campaigns.admin.held_back import held_panel
from campaigns.models import Message
from referrals.admin.cells import full_link, link_to, moment, person, status_word
from referrals.admin.history import NEWEST, history_panel
from referrals.admin.scoped import Panel, asker
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.contacts import clean_email, clean_name, clean_phone
from referrals.models import Advocate, Enrolment, Event, Program, Referral
from referrals.roles import programs_granting
from referrals.services.enrolment import enrol
from referrals.transitions import Moved
from rewards.admin.reward import rewards_panel
from rewards.models import Reward


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


class AdvocateForm(forms.ModelForm):
    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"]) if self.cleaned_data["email"] else ""

    def clean_phone(self) -> str:
        return clean_phone(self.cleaned_data["phone"]) if self.cleaned_data["phone"] else ""

    def clean(self) -> Any:
        found = super().clean() or {}
        if not any(found.get(name) for name in ("name", "email", "external_id")) and not self.errors:
            raise ValidationError(
                _("Give a name, an e-mail address or a customer number: otherwise nobody finds them.")
            )
        # The hash is what must be unique; the form checks it before the database does.
        others = Advocate.objects.known_as(found.get("email", "")).exclude(pk=self.instance.pk)
        if found.get("email") and others.exists():
            self.add_error("email", _("Somebody with this e-mail address is already here."))
        return found


@admin.register(Advocate)
class AdvocateAdmin(StepsAdmin):
    about = gettext_lazy("Everyone who may recommend you: customers, partners, people who know you.")
    form = AdvocateForm
    list_display = ("who", "kind", "external_id", "programs", "referrals", "known_since")
    list_display_links = ("who",)
    list_filter = ("kind", "language", "created_at")
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
        (gettext_lazy("Privacy"), {"fields": ("show_name",)}),
    )
    steps = (
        Step(
            name="enrol",
            label=gettext_lazy("Enrol in a program"),
            does=gettext_lazy("They get a code, a share link and a personal link. Nothing is sent."),
            carry_out=enrol_many,
            form=EnrolForm,
        ),
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
        return _("%(row)s is in this program already") % {"row": row}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.annotate(
            program_count=Count("enrolments", distinct=True),
            referral_count=Count("enrolments__referrals", distinct=True),
        )

    def panels(self, request: HttpRequest, obj: Any) -> list[Panel]:
        scope = {"enrolment__in": Enrolment.objects.for_staff(asker(request)).filter(advocate=obj)}
        events = Event.objects.for_staff(asker(request)).filter(advocate=obj)
        log = f"{reverse('admin:referrals_event_changelist')}?q={obj.name}"
        return [
            self._enrolments(request, obj),
            referrals_panel(Referral.objects.filter(**scope)),
            rewards_panel(Reward.objects.filter(**scope)),
            choices_panel(obj),
            held_panel(Message.objects.for_staff(asker(request)).filter(advocate=obj), None),
            history_panel(events, None, log),
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
