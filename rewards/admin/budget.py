from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import status_word
from referrals.admin.scoped import ProgramFilter
from referrals.money import format_money
from rewards.admin.money import MoneyForm, money_field
from rewards.admin.setup import SetupAdmin, labelled, promise_what_waited
from rewards.models import Budget
from rewards.services.budget import ending_budgets
from rewards.services.supply import Spending, spending

NEARLY_GONE = 90


class BudgetForm(MoneyForm):
    money = ("amount",)
    amount = money_field(
        gettext_lazy("Budget"), gettext_lazy("What promised rewards may cost: 5000."), initial=None
    )

    class Meta(MoneyForm.Meta):
        model = Budget
        fields = ("program", "starts_on", "ends_on", "amount", "afterwards")

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        starts, ends, amount = found.get("starts_on"), found.get("ends_on"), found.get("amount")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("The last day must not be before the first."))
        # Locked until it is saved, so that nothing is promised in between.
        rows = Budget.objects.select_for_update().filter(pk=self.instance.pk)
        used = rows.values_list("used", flat=True).first() or 0
        if amount is not None and amount < used:
            words = _("%(used)s has been promised or spent already. The budget cannot be smaller.")
            money = format_money(used, self.instance.program.currency)
            self.add_error("amount", ValidationError(words, params={"used": money}))
        return found


class SpendingList(ChangeList):
    """Budgets, each with what it promised and spent; one more query for a page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        found = spending(Budget.objects.filter(pk__in=[row.pk for row in rows]))
        by_budget = {one.budget.pk: one for one in found}
        for row in rows:
            row.spending = by_budget[row.pk]
        self.result_list = rows


@admin.register(Budget)
class BudgetAdmin(SetupAdmin):
    about = gettext_lazy(
        "What rewards promised within a period may cost. A program that never had one has no limit. Once it has, "
        "nothing is spent unawares: when one is used up, or over with none to follow, the rule says what happens."
    )
    form = BudgetForm
    list_display = ("period", "total", "promised", "spent", "free", "used_bar", "follows", "program")
    list_filter = (ProgramFilter, "starts_on")
    list_select_related = ("program",)
    ordering = ("-starts_on",)
    fieldsets = (
        (
            gettext_lazy("How much, and for how long"),
            {
                "description": gettext_lazy(
                    "Both days count. More money lets the waiting list move up; less than is used is refused."
                ),
                "fields": ("program", "starts_on", "ends_on", "amount"),
            },
        ),
        (
            gettext_lazy("And then"),
            {
                "description": gettext_lazy(
                    "One that begins anew is there a week ahead, to be looked at. Without any, managers are warned."
                ),
                "fields": ("afterwards",),
            },
        ),
    )  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return SpendingList

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            promise_what_waited(request, obj.program)

    def why_keep(self, obj: Budget) -> str:
        if obj.rewards.exists():
            return _("Rewards were promised from this budget. Set it to what they cost instead.")
        return ""

    def summary(self, obj: Budget) -> Sequence[Any]:
        [found] = spending(Budget.objects.filter(pk=obj.pk))
        currency = obj.program.currency
        words = _("%(promised)s promised, %(spent)s spent, %(free)s free.") % {
            "promised": format_money(found.promised, currency),
            "spent": format_money(found.spent, currency),
            "free": format_money(found.free, currency),
        }
        return [words, bar(found), *_what_follows(obj)]

    def _cell(self, budget: Any, label: Any, amount: int) -> Any:
        return labelled(label, format_money(amount, budget.program.currency))

    @admin.display(description=gettext_lazy("period"), ordering="starts_on")
    def period(self, budget: Budget) -> Any:
        first, last = (date_format(day, "j M Y") for day in (budget.starts_on, budget.ends_on))
        words = _("%(first)s to %(last)s") % {"first": first, "last": last}
        today = budget.program.local(timezone.now()).date()
        in_force = budget.starts_on <= today <= budget.ends_on
        return status_word("live", words) if in_force else status_word("", words)

    @admin.display(description=gettext_lazy("budget"), ordering="amount")
    def total(self, budget: Any) -> Any:
        return self._cell(budget, _("budget"), budget.amount)

    @admin.display(description=gettext_lazy("promised"))
    def promised(self, budget: Any) -> Any:
        return self._cell(budget, _("promised"), budget.spending.promised)

    @admin.display(description=gettext_lazy("spent"))
    def spent(self, budget: Any) -> Any:
        return self._cell(budget, _("spent"), budget.spending.spent)

    @admin.display(description=gettext_lazy("free"))
    def free(self, budget: Any) -> Any:
        return self._cell(budget, _("free"), budget.spending.free)

    @admin.display(description=gettext_lazy("after the last day"), ordering="afterwards")
    def follows(self, budget: Budget) -> Any:
        return labelled(_("then"), budget.get_afterwards_display())

    @admin.display(description=gettext_lazy("so far"))
    def used_bar(self, budget: Any) -> Any:
        return bar(budget.spending)


def _what_follows(budget: Budget) -> Iterable[Any]:
    """What happens after the last day, where that is soon or was."""
    for ending in ending_budgets([budget.program_id], now=timezone.now()):
        if ending.budget == budget:
            yield status_word("overdue" if not ending.days_left else "paused", f"{ending.sentence}.")


def bar(found: Spending) -> SafeString:
    """How much of a budget is used: a bar, and the same as a number."""
    total = found.budget.amount
    share = 100 * found.budget.used // total if total else 100
    tone = "warn" if share >= NEARLY_GONE else "good"
    return format_html(
        '<span class="used"><svg class="used-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="bar-of" width="100" height="8" rx="1"/><rect class="bar-is bar-{}" width="{}" height="8" rx="1"/>'
        "</svg> {}</span>",
        tone, share, _("%(percent)d %% used") % {"percent": share},
    )  # fmt: skip
