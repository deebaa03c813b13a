from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, Subquery, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.message import messages_panel
from campaigns.admin.referral_steps import STEPS
from referrals.admin.attribution import attribution_panel
from referrals.admin.cells import colleague, due, link_to, moment, person, status_word
from referrals.admin.history import history_panel
from referrals.admin.risk import risk_panel
from referrals.admin.scoped import FactsAdmin, OwnerFilter, Panel, ProgramFilter, asker
from referrals.admin.steps import StepsAdmin
from referrals.contacts import (
    clean_email,
    clean_line,
    clean_name,
    clean_phone,
    clean_text,
    email_key,
    phone_key,
)
from referrals.models import Conversion, Enrolment, Event, FollowUp, Referral
from referrals.money import format_money
from referrals.services.referral import Friend, already_named, submit_referrals
from referrals.services.same_sale import Doubt, doubts_of
from referrals.transitions import Refused
from rewards.admin.reward import rewards_panel

FRIEND = ("name", "company", "email", "phone_link", "relation", "told_by", "note", "answered", "fit_score")
REASON = dict(Referral.Reason.choices)


class FitFilter(admin.SimpleListFilter):
    title = gettext_lazy("fit")
    parameter_name = "fit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("good", _("70 and more")),
            ("fair", _("40 to 69")),
            ("poor", _("below 40")),
            ("none", _("not known")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted: dict[str | None, dict[str, Any]] = {
            "good": {"fit__gte": 70}, "fair": {"fit__gte": 40, "fit__lt": 70},
            "poor": {"fit__lt": 40}, "none": {"fit": None},
        }  # fmt: skip
        return queryset.filter(**wanted.get(self.value(), {}))


class NewReferralForm(forms.Form):
    """A friend whom an advocate named on the phone, at a fair, in a mail."""

    enrolment = forms.ModelChoiceField(Enrolment.objects.none(), label=gettext_lazy("Recommended by"))
    name = forms.CharField(label=gettext_lazy("Friend's name"), max_length=60)
    email = forms.CharField(label=gettext_lazy("E-mail"), max_length=254, required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=40, required=False)
    company = forms.CharField(label=gettext_lazy("Company"), max_length=80, required=False)
    relation = forms.CharField(label=gettext_lazy("How they know each other"), max_length=120, required=False)
    agreement = forms.CharField(
        label=gettext_lazy("How the friend agreed"), max_length=300,
        help_text=gettext_lazy("Kept as the record of consent, such as: “Anna asked Ben, and told us on the phone.”"),
    )  # fmt: skip

    def __init__(self, *args: Any, enrolments: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enrolment"].queryset = enrolments  # type: ignore[attr-defined]
        widget = AutocompleteSelect(Referral._meta.get_field("enrolment"), admin.site)
        widget.choices = self.fields["enrolment"].choices  # type: ignore[attr-defined]
        self.fields["enrolment"].widget = widget

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"]) if self.cleaned_data["email"] else ""

    def clean_company(self) -> str:
        return clean_line(self.cleaned_data["company"], 80)

    def clean_relation(self) -> str:
        return clean_text(self.cleaned_data["relation"], 120)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        enrolment = found.get("enrolment")
        if not enrolment or self.errors:
            return found
        if found["phone"]:
            try:
                found["phone"] = clean_phone(found["phone"], enrolment.program.country)
            except forms.ValidationError as error:
                self.add_error("phone", error)
        if not found.get("email") and not found.get("phone"):
            self.add_error(
                "email", _("Give an e-mail address or a phone number: otherwise nobody reaches them.")
            )
        elif not self.errors:
            self._check_the_friend(enrolment, found)
        return found

    def _check_the_friend(self, enrolment: Enrolment, found: dict[str, Any]) -> None:
        advocate, keys = enrolment.advocate, {email_key(found["email"]), phone_key(found["phone"])} - {""}
        if keys & {advocate.email_key, advocate.phone_key}:
            self.add_error("email", _("This is the advocate's own address. Whom do they recommend?"))
        elif already_named(enrolment, [self.friend(found)]):
            self.add_error(
                "email", _("This advocate has named this person before. Open that referral instead.")
            )

    def friend(self, found: dict[str, Any]) -> Friend:
        return Friend(**{name: found[name] for name in ("name", "email", "phone", "company", "relation")})


def _doubt(doubt: Doubt) -> Any:
    """Two sales that may be one: a person looks."""
    return format_html(
        _("Perhaps the same sale twice: {} recorded by hand without a number, and {} as order {}, within a week. "
          "If so, take back what was recorded by hand; if not, say there that they are two."),
        link_to(doubt.by_hand, format_money(doubt.by_hand.amount, doubt.by_hand.currency)),
        link_to(doubt.other, format_money(doubt.other.amount, doubt.other.currency)), doubt.other.external_id,
    )  # fmt: skip


@admin.register(Referral)
class ReferralAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy("What came in, and what became of it.")
    list_display = (
        "friend",
        "recommended_by",
        "state",
        "fit_score",
        "received",
        "next_call",
        "caller",
        "sold",
        "program",
    )
    list_display_links = ("friend",)
    list_filter = ("status", OwnerFilter, ProgramFilter, FitFilter, "source", "submitted_at")
    list_select_related = ("enrolment__advocate", "owner", "program", "channel")
    search_fields = (
        "name",
        "email",
        "phone",
        "company",
        "enrolment__advocate__name",
        "=conversions__external_id",
    )
    search_help_text = gettext_lazy("Friend, company, e-mail, phone, advocate or order number")
    autocomplete_fields = ("enrolment",)
    steps = STEPS
    fieldsets = (
        (gettext_lazy("The friend"), {"fields": FRIEND}),
        (
            gettext_lazy("How they came"),
            {"fields": ("program", "advocate", "source", "channel", "received", "said_yes", "caller", "next_call")},
        ),
    )  # fmt: skip
    readonly_fields = (
        "phone_link",
        "answered",
        "fit_score",
        "advocate",
        "received",
        "said_yes",
        "caller",
        "next_call",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        calls = FollowUp.objects.open().filter(referral=OuterRef("pk")).values("due_at")[:1]
        sales = Conversion.objects.filter(referral=OuterRef("pk"), currency=OuterRef("program__currency"))
        total = (
            sales.order_by()
            .values("referral")
            .annotate(total=Sum(F("amount") - F("refunded")))
            .values("total")
        )
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.annotate(call_due=Subquery(calls), sold_total=Subquery(total))

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        return (F("submitted_at").desc(), "-pk")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "add", obj)

    def summary(self, obj: Referral) -> Sequence[Any]:
        why = " · ".join(
            filter(None, (str(REASON.get(obj.status_reason, obj.status_reason)), obj.status_note))
        )
        since = format_html("{} {}", _("since"), moment(obj.status_at, obj.program.zone))
        first = format_html("{} {}{}", self.state(obj), since, format_html(" – {}", why) if why else "")
        named = _("%(advocate)s recommends %(friend)s.") % {"advocate": obj.enrolment.advocate, "friend": obj}
        return [first, named, *map(_doubt, doubts_of(obj))]

    def panels(self, request: HttpRequest, obj: Referral) -> list[Panel]:
        zone = obj.program.zone
        return [
            history_panel(Event.objects.filter(referral=obj), zone, limit=100),
            self._calls(obj, zone),
            attribution_panel(obj),
            risk_panel(obj),
            rewards_panel(obj.rewards.all()),
            messages_panel(obj.messages.all(), zone),
            Panel(
                _("Consent"),
                (_("Who"), _("Words"), _("When")),
                [
                    (c.get_who_display(), c.words, moment(c.given_at, zone))
                    for c in obj.consents.order_by("given_at")[:20]
                ],
                _("No record of consent."),
            ),
        ]

    def _calls(self, obj: Referral, zone: Any) -> Panel:
        calls = obj.follow_ups.select_related("done_by", "owner").order_by("-due_at")[:20]
        return Panel(
            _("Calls"),
            (_("When"), _("Outcome"), _("Note"), _("Who")),
            [
                (
                    link_to(call, moment(call.done_at, zone) if call.done_at else due(call.due_at, zone)),
                    call.get_outcome_display() or _("to do"), call.note,
                    colleague(call.done_by or call.owner) or _("nobody"),
                )
                for call in calls
            ],
            _("No call planned."),
        )  # fmt: skip

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        enrolments = Enrolment.objects.for_staff(asker(request)).select_related("advocate", "program")
        mine = enrolments.filter(
            program__in=self.choices_of(Enrolment._meta.get_field("program").remote_field.model, request)
        )
        initial = {"enrolment": request.GET.get("enrolment")}
        form = NewReferralForm(request.POST or None, enrolments=mine, initial=initial)
        if request.method == "POST" and form.is_valid():
            try:
                return self._submit(request, form)
            except Refused as refusal:
                form.add_error(None, str(refusal))
        context = {
            **self.admin_site.each_context(request), "title": _("Add a referral"), "opts": self.opts, "form": form,
            "media": self.media + form.media, "back": reverse("admin:referrals_referral_changelist"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/add_referral.html", context)

    def _submit(self, request: HttpRequest, form: NewReferralForm) -> HttpResponse:
        found = form.cleaned_data
        [referral] = submit_referrals(
            found["enrolment"], [form.friend(found)], now=timezone.now(), agreement=found["agreement"],
            source=Referral.Source.STAFF, by=request.user,
        )  # fmt: skip
        self.log_addition(request, referral, _("Added by hand"))
        self.message_user(
            request, _("%(friend)s is in. Read below what happens next.") % {"friend": referral}
        )
        return HttpResponseRedirect(reverse("admin:referrals_referral_change", args=[referral.pk]))

    @admin.display(description=gettext_lazy("friend"), ordering="name")
    def friend(self, referral: Referral) -> Any:
        return person(referral, referral.company or referral.email or referral.phone)

    @admin.display(description=gettext_lazy("recommended by"), ordering="enrolment__advocate__name")
    def recommended_by(self, referral: Referral) -> Any:
        return referral.enrolment.advocate

    @admin.display(description=gettext_lazy("recommended by"))
    def advocate(self, referral: Referral) -> Any:
        return link_to(referral.enrolment.advocate)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, referral: Referral) -> Any:
        return status_word(referral.status, referral.get_status_display())

    @admin.display(description=gettext_lazy("fit"), ordering="fit")
    def fit_score(self, referral: Referral) -> Any:
        return "" if referral.fit is None else format_html("{} %", referral.fit)

    @admin.display(description=gettext_lazy("received"), ordering="submitted_at")
    def received(self, referral: Referral) -> Any:
        return moment(referral.submitted_at, referral.program.zone)

    @admin.display(description=gettext_lazy("friend said yes"))
    def said_yes(self, referral: Referral) -> Any:
        return moment(referral.accepted_at, referral.program.zone) or _("not yet")

    @admin.display(description=gettext_lazy("next call"), ordering="call_due")
    def next_call(self, referral: Any) -> Any:
        return due(referral.call_due, referral.program.zone) if referral.call_due else ""

    @admin.display(description=gettext_lazy("who calls"), ordering="owner__first_name")
    def caller(self, referral: Referral) -> str:
        return colleague(referral.owner)

    @admin.display(description=gettext_lazy("sold"), ordering="sold_total")
    def sold(self, referral: Any) -> str:
        return format_money(referral.sold_total, referral.program.currency) if referral.sold_total else ""

    @admin.display(description=gettext_lazy("phone"))
    def phone_link(self, referral: Referral) -> Any:
        return (
            format_html('<a href="tel:{}">{}</a>', referral.phone, referral.phone) if referral.phone else ""
        )

    @admin.display(description=gettext_lazy("answers"))
    def answered(self, referral: Referral) -> Any:
        lines = [f"{item.get('question', '')} {item.get('answer', '')}" for item in referral.answers]
        return "\n".join(lines) or _("none asked")
