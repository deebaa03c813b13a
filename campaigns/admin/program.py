from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Q
from django.forms import Textarea, TextInput
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.other_languages import coverage_rows, page_of
from referrals.admin.cells import colleague, full_link, link_to, status_word
from referrals.admin.risk import SignalInline
from referrals.admin.scoped import HistoryAdmin, Panel, ScopedInline
from referrals.models import Caller, Channel, Program
from referrals.models.program import ProgramQuerySet
from referrals.services.program import open_program


class ChannelInline(ScopedInline):
    model = Channel
    fields = ("position", "name", "slug", "active")


class OfThisProgram:
    """Who calls is chosen among those who can in this very program; before it exists, among all colleagues."""

    def calling_programs(self, request: HttpRequest) -> Any:
        match = request.resolver_match
        pk = match.kwargs.get("object_id") if match else None
        return Program.objects.filter(pk=pk) if pk else super().calling_programs(request)  # type: ignore[misc]


class CallerInline(OfThisProgram, ScopedInline):
    model = Caller
    caller_fields = ("user",)
    fields = ("user", "countries", "languages", "postcodes")
    verbose_name = gettext_lazy("person who calls in turn or by territory")
    verbose_name_plural = gettext_lazy("People who call, in turn or by territory")

    def rows_of_page(self, pk: str) -> Any:
        return Caller.objects.filter(program__in=Program.objects.filter(pk=pk))


@admin.register(Program)
class ProgramAdmin(OfThisProgram, HistoryAdmin):
    caller_fields = ("owner", "lead")
    about = gettext_lazy("What a program is called, how it speaks, who calls and by when.")
    list_display = (
        "name_and_company",
        "state",
        "ideal_customer",
        "advocates",
        "open_referrals",
        "customers",
        "caller",
    )
    list_display_links = ("name_and_company",)
    list_filter = ("status",)
    list_select_related = ("profile", "owner")
    search_fields = ("name", "company", "slug")
    ordering = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("public_link", "ideal_customer_link")
    inlines = (CallerInline, ChannelInline, SignalInline)
    fieldsets = (
        (
            gettext_lazy("The promise"),
            {
                "description": gettext_lazy("What customers read when they consider recommending you."),
                "fields": ("name", "slug", "company", "headline", "about", "site_url", "ideal_customer_link",
                           "public_link"),
            },
        ),
        (
            gettext_lazy("Who calls, and by when"),
            {
                "description": gettext_lazy("A new referral is due within so many hours of office time."),
                "fields": (
                    "owner", "contact_within_hours", "assign_by", "lead", "escalate_after_hours",
                ),
            },
        ),
        (
            gettext_lazy("When the office is open"),
            {
                "description": gettext_lazy("Only this time counts, for calls and for alerts."),
                "fields": (
                    "timezone", ("opens_at", "closes_at"), "working_days", ("holiday_country", "holiday_region"),
                    "closed_days",
                ),
            },
        ),
        (
            gettext_lazy("What the advocate is told"),
            {
                "description": gettext_lazy(
                    "Beside the thanks for recommending and for the sale: a mail at each of these steps. It names "
                    "the friend by first name and says nothing that is theirs to say."
                ),
                "fields": ("tell_contacted", "tell_qualified", "tell_lost"),
            },
        ),
        (
            gettext_lazy("Other leads, to compare with"),
            {
                "description": gettext_lazy("How fast you call leads that nobody recommended, if you know."),
                "fields": ("others_hours", "others_share"),
            },
        ),
        (
            gettext_lazy("How it looks and speaks"),
            {
                "description": gettext_lazy("Language, money and colour of every page and mail."),
                "fields": (("language", "country", "currency"), "brand_color"),
            },
        ),
        (
            gettext_lazy("Who writes the mail"),
            {
                "description": gettext_lazy("The law wants the sender and a postal address in every mail."),
                "fields": ("sender_name", "reply_to", "postal_address", "privacy_url"),
            },
        ),
        (
            gettext_lazy("Limits"),
            {
                "description": gettext_lazy("Keep these unless you have a reason."),
                "fields": ("invitations_a_day",),
            },
        ),
        (
            gettext_lazy("Whom a sale counts for"),
            {
                "description": gettext_lazy(
                    "A code beats being named by the advocate, that beats a visit, and a visit beats a mention "
                    "by name. Whoever was a customer before, or recommends themselves, does not count."
                ),
                "fields": ("attribution_days", "click_days", "which_touch", "tie_rule"),
            },
        ),
        (
            gettext_lazy("What looks suspicious"),
            {
                "description": gettext_lazy(
                    "Nothing is refused for it: a person looks first, and nothing is paid meanwhile. What each "
                    "sign weighs stands on a page of its own."
                ),
                "fields": ("review_from", "reject_from", "least_sale"),
            },
        ),
        (
            gettext_lazy("Open or closed"),
            {
                "description": gettext_lazy("A live program is open to everyone who has its address."),
                "fields": ("status",),
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: ProgramQuerySet = super().get_queryset(request)
        return rows.annotate(
            advocate_count=Count("enrolments", distinct=True),
            open_count=Count(
                "referrals", distinct=True,
                filter=Q(referrals__status__in=("submitted", "contacted", "qualified")),
            ),
            customer_count=Count("referrals", distinct=True, filter=Q(referrals__status="converted")),
        )  # fmt: skip

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "brand_color":
            kwargs["widget"] = TextInput(attrs={"type": "color"})
        if db_field.name in ("privacy_url", "site_url"):
            kwargs["assume_scheme"] = "https"
        if db_field.name in ("about", "closed_days"):
            kwargs["widget"] = Textarea(attrs={"rows": 4})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            open_program(obj, by=request.user)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # A new program gets the usual channels; they can be changed once they exist.
        return self.inlines if obj else ()

    def summary(self, obj: Program) -> Sequence[Any]:
        """What these settings do: who calls by when, what is given, and where the program stands."""
        rules = obj.reward_rules.select_related("incentive", "program").in_force(timezone.now())
        call = self._call(obj)
        closed = self._next_holidays(obj)
        promised = [rule.sentence for rule in rules] or [_("Nobody gets a reward: no rule is in force.")]
        return [format_html("{} {}", self.state(obj), self.public_link(obj)), call, *closed, *promised]

    def _call(self, obj: Program) -> str:
        words = {
            "owner": colleague(obj.owner) or _("Nobody"), "rule": obj.get_assign_by_display(),
            "hours": obj.contact_within_hours, "zone": obj.timezone,
        }  # fmt: skip
        if obj.assign_by == Program.Assign.OWNER:
            return _("%(owner)s calls every new friend within %(hours)d office hours (%(zone)s).") % words
        return _("Called within %(hours)d office hours (%(zone)s) by %(rule)s.") % words

    def _next_holidays(self, obj: Program) -> list[str]:
        today = obj.local(timezone.now()).date()
        days = [today + timedelta(days=n) for n in range(60)]
        named = [f"{date_format(day, 'j F')} ({why})" for day in days if (why := obj.closed_because(day))]
        return [_("Closed next: %(days)s.") % {"days": ", ".join(named[:3])}] if named else []

    def panels(self, request: HttpRequest, obj: Program) -> list[Panel]:
        members = obj.memberships.select_related("user").order_by("role", "user__username")[:50]
        return [
            Panel(
                _("Who works on it"),
                (_("Person"), _("Role")),
                [(link_to(member, colleague(member.user)), member.get_role_display()) for member in members],
                _("Nobody yet: only superusers see this program. Invite your colleagues."),
                f"{reverse('admin:referrals_membership_changelist')}?program={obj.pk}",
            ),
            Panel(
                _("In other languages"),
                (_("Language"), _("Translated")),
                [
                    (format_html('<a href="{}">{}</a>', url, name), said)
                    for name, said, url in coverage_rows(obj)
                ],
                more_url=page_of(obj),
                more=_("translate"),
            ),
        ]

    @admin.display(description=gettext_lazy("program"), ordering="name")
    def name_and_company(self, program: Program) -> Any:
        return format_html('<span class="who">{} <small>{}</small></span>', program.name, program.company)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, program: Program) -> Any:
        return status_word(program.status, program.get_status_display())

    @admin.display(description=gettext_lazy("ideal customer"))
    def ideal_customer(self, program: Program) -> Any:
        return getattr(program, "profile", None) or status_word("paused", _("not described yet"))

    @admin.display(description=gettext_lazy("ideal customer"))
    def ideal_customer_link(self, program: Program) -> Any:
        if profile := getattr(program, "profile", None):
            return link_to(profile)
        url = reverse("admin:referrals_idealcustomerprofile_add")
        return format_html(
            '<a href="{}?program={}">{}</a>', url, program.pk or "", _("Describe the ideal customer")
        )

    @admin.display(description=gettext_lazy("public page"))
    def public_link(self, program: Program) -> Any:
        try:
            return full_link(settings.BASE_URL + program.get_absolute_url())
        except NoReverseMatch:
            return _("It gets its address when it is saved.")

    @admin.display(description=gettext_lazy("who calls"), ordering="owner__first_name")
    def caller(self, program: Program) -> str:
        return colleague(program.owner)

    @admin.display(description=gettext_lazy("advocates"), ordering="advocate_count")
    def advocates(self, program: Any) -> int:
        return int(program.advocate_count)

    @admin.display(description=gettext_lazy("open referrals"), ordering="open_count")
    def open_referrals(self, program: Any) -> int:
        return int(program.open_count)

    @admin.display(description=gettext_lazy("customers won"), ordering="customer_count")
    def customers(self, program: Any) -> int:
        return int(program.customer_count)
