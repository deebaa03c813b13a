from typing import Any

from django.contrib import admin
from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, moment
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter, asker
from referrals.money import format_money
from rewards.models import Account, LedgerEntry, LedgerTransaction


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(FactsAdmin):
    about = gettext_lazy(
        "Where the money of every reward stands. Entries are never changed; balances are their sums."
    )
    change_list_template = "admin/ledger.html"
    list_display = ("recorded", "moved", "amount", "reward_link", "program")
    list_display_links = ("recorded",)
    list_filter = (ProgramFilter, "recorded_at")
    list_select_related = (
        "program",
        "reward__incentive",
        "reward__referral",
        "reward__enrolment__advocate",
        "event",
    )
    search_fields = ("reward__enrolment__advocate__name", "reward__referral__name")
    ordering = ("-recorded_at", "-pk")
    fields = ("program", "reward_link", "event", "recorded")
    readonly_fields = ("reward_link", "recorded")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.prefetch_related("entries")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"balances": self.balances(request)} | (extra_context or {}))

    def balances(self, request: HttpRequest) -> list[tuple[Any, str]]:
        """What stands in each account, in each currency."""
        entries = LedgerEntry.objects.for_staff(asker(request)).values("account", "currency")
        names = dict(Account.choices)
        return [
            (names[row["account"]], format_money(row["total"], row["currency"]))
            for row in entries.annotate(total=Sum("amount")).order_by("currency", "account")
        ]

    def panels(self, request: HttpRequest, obj: Any) -> list[Panel]:
        rows = [
            (e.get_account_display(), format_money(e.amount, e.currency))
            for e in obj.entries.order_by(F("amount"))
        ]
        return [Panel(_("Entries"), (_("Account"), _("Amount")), rows)]

    @admin.display(description=gettext_lazy("recorded"), ordering="recorded_at")
    def recorded(self, booked: LedgerTransaction) -> Any:
        return moment(booked.recorded_at, booked.program.zone)

    @admin.display(description=gettext_lazy("from → to"))
    def moved(self, booked: Any) -> str:
        entries = sorted(booked.entries.all(), key=lambda entry: entry.amount)
        return " → ".join(str(entry.get_account_display()) for entry in entries)

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, booked: Any) -> str:
        largest = max(booked.entries.all(), key=lambda entry: entry.amount)
        return format_money(largest.amount, largest.currency)

    @admin.display(description=gettext_lazy("reward"))
    def reward_link(self, booked: LedgerTransaction) -> Any:
        return link_to(booked.reward)
