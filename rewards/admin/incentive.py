from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.cells import link_to, person, status_word
from referrals.admin.scoped import Panel, ProgramFilter, asker
from referrals.admin.steps import Step, StepsAdmin
from referrals.money import format_money
from referrals.transitions import Moved
from referrals.webhooks import secret_of
from rewards.admin.codes import CodesForm
from rewards.admin.money import MoneyForm, money_field
from rewards.admin.setup import SetupAdmin, labelled, promise_what_waited
from rewards.models import Incentive, MysteryBox
from rewards.models.incentive import POINTS
from rewards.services.codes import import_codes
from rewards.services.supply import Supply, supplies

Kind, Fulfilment = Incentive.Kind, Incentive.Fulfilment
# Nobody types a code for these: they are credited, drawn, or opened.
WITHOUT_CODE = (Kind.POINTS, Kind.CONTEST_ENTRY, Kind.MYSTERY)


class IncentiveForm(MoneyForm):
    money = ("value", "cost")
    value = money_field(
        gettext_lazy("Value"),
        gettext_lazy("To whoever gets it, as you write it: 40 or 12.50. Points in whole numbers. Zero for a letter."),
    )  # fmt: skip
    cost = money_field(
        gettext_lazy("Cost"),
        gettext_lazy("To the company; the budget counts this. Empty: the same as the value."),
        required=False, initial=None,
    )  # fmt: skip
    webhook_url = forms.URLField(
        label=gettext_lazy("Address to call"),
        help_text=gettext_lazy(
            "For “another system”: called with a signature; answers 2xx, with the code as JSON if there is one."
        ),
        required=False,
        assume_scheme="https",
    )
    link = forms.URLField(
        label=gettext_lazy("Link to the content"),
        help_text=gettext_lazy("For exclusive content: where it is found. Read by whoever gets the reward."),
        required=False,
        assume_scheme="https",
    )

    class Meta(MoneyForm.Meta):
        model = Incentive
        fields = (
            "program", "name", "kind", "value", "cost", "fulfilment", "webhook_url", "link", "how_to_use",
            "expires_after_days", "stock", "active",
        )  # fmt: skip

    def unit_of(self, name: str, found: dict[str, Any]) -> str | None:
        kind = found.get("kind", self.instance.kind)
        return POINTS if kind == Kind.POINTS else super().unit_of(name, found)

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if found.get("kind") in WITHOUT_CODE and found.get("fulfilment") == Fulfilment.CODE:
            self.add_error("fulfilment", _("This has no code to hand out. Choose another way."))
        return found


class SupplyFilter(admin.SimpleListFilter):
    """What somebody has to refill soon."""

    title = gettext_lazy("supply")
    parameter_name = "supply"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("low", _("runs out"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "low":
            return queryset
        scarce = [s.incentive.pk for s in supplies(queryset, now=timezone.now()) if s.runs_out]
        return queryset.filter(pk__in=scarce)


class SupplyList(ChangeList):
    """Incentives, each with what is left of it; two more queries for a page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        shown = Incentive.objects.filter(pk__in=[row.pk for row in rows])
        found = {supply.incentive.pk: supply for supply in supplies(shown, now=timezone.now())}
        for row in rows:
            row.supply = found.get(row.pk)
        self.result_list = rows


def add_codes(rows: Any, *, now: datetime, by: Any, codes: Any) -> Moved:
    [incentive] = rows.select_related("program")
    incentive.new_codes = import_codes(incentive, codes)
    return Moved([incentive], [])


@admin.register(Incentive)
class IncentiveAdmin(StepsAdmin, SetupAdmin):
    about = gettext_lazy("What people can get. A rule says who gets it, and when.")
    form = IncentiveForm
    list_display = ("name", "what", "value_in_words", "cost_in_words", "left", "state", "program")
    list_filter = (ProgramFilter, SupplyFilter, "kind", "fulfilment", "active")
    list_select_related = ("program",)
    search_fields = ("name", "how_to_use")
    ordering = ("program__name", "name")
    steps = (
        Step(
            name="codes", label=gettext_lazy("Add codes"), carry_out=add_codes, form=CodesForm, bulk=False,
            does=gettext_lazy("Adds codes to the pool. Each is given away once, in the order of the file."),
            fits=lambda row: row.fulfilment == Fulfilment.CODE,
        ),
    )  # fmt: skip
    fieldsets = (
        (
            gettext_lazy("What it is"),
            {
                "description": gettext_lazy("As people read it, and what it is worth to them and to you."),
                "fields": ("program", "name", "kind", "value", "cost"),
            },
        ),
        (
            gettext_lazy("How it is handed out"),
            {
                "description": gettext_lazy(
                    "By itself: as soon as it is approved. With a code: the next code of its pool goes out. By a "
                    "person: it stands on the work list. By another system: that is called, and may answer with a code."
                ),
                "fields": ("fulfilment", "webhook_url", "link", "how_to_use", "expires_after_days"),
            },
        ),
        (
            gettext_lazy("In use"),
            {
                "description": gettext_lazy(
                    "Each promise takes one from the stock. What is not active is promised to nobody new."
                ),
                "fields": ("stock", "active"),
            },
        ),
    )  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return SupplyList

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "how_to_use":
            kwargs["widget"] = forms.Textarea(attrs={"rows": 3})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.kind == Kind.MYSTERY:
            MysteryBox.objects.get_or_create(incentive=obj)
        if change and "stock" in form.changed_data:
            promise_what_waited(request, obj.program)

    def why_not(self, row: Incentive) -> str:
        return _("%(row)s is not handed out with codes") % {"row": row}

    def why_keep(self, obj: Incentive) -> str:
        if obj.rewards.exists() or obj.rules.exists() or obj.prizes.exists() or obj.codes.exists():
            return _("Rules, rewards or codes hang on this incentive. Set it to “not active” instead.")
        return ""

    def report(self, request: HttpRequest, step: Step, moved: Moved) -> None:
        [incentive] = moved.moved
        LogEntry.objects.log_actions(asker(request).pk, moved.moved, CHANGE, str(step.label))
        said = ngettext("%(count)s code is new.", "%(count)s codes are new.", incentive.new_codes)
        messages.success(request, said % {"count": f"{incentive.new_codes:,}"})
        promise_what_waited(request, incentive.program)

    def summary(self, obj: Incentive) -> Sequence[Any]:
        rules = [rule.sentence for rule in obj.rules.select_related("program", "incentive", "tier")]
        return [*self._level(obj), *(rules or [_("No rule gives this to anybody yet.")])]

    def panels(self, request: HttpRequest, obj: Incentive) -> list[Panel]:
        """How another system checks that a call is ours; for those who may change the incentive."""
        if obj.fulfilment != Fulfilment.WEBHOOK or not self.may(request, "change", obj):
            return []
        secret = format_html("<code>{}</code>", secret_of(f"incentive:{obj.pk}"))
        headers = (_("Address to call"), _("Signing secret (Standard Webhooks)"))
        return [Panel(_("The other system"), headers, [(obj.webhook_url, secret)])]

    def _level(self, obj: Incentive) -> Iterator[Any]:
        for supply in supplies(Incentive.objects.filter(pk=obj.pk), now=timezone.now()):
            yield level(supply)
        if obj.fulfilment == Fulfilment.CODE:
            url = f"{reverse('admin:rewards_couponcode_changelist')}?incentive__id__exact={obj.pk}"
            yield format_html('<a href="{}">{}</a>', url, _("See its codes"))
        if obj.kind == Kind.MYSTERY and hasattr(obj, "box"):
            yield link_to(obj.box, _("Say what the gift may turn out to be"))

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def what(self, incentive: Incentive) -> Any:
        return person(
            incentive.get_kind_display(), _("monetary") if incentive.is_monetary else _("not monetary")
        )

    @admin.display(description=gettext_lazy("worth"), ordering="value")
    def value_in_words(self, incentive: Incentive) -> Any:
        return labelled(_("worth"), incentive.worth or "–")

    @admin.display(description=gettext_lazy("cost"), ordering="cost")
    def cost_in_words(self, incentive: Incentive) -> Any:
        free = incentive.unit == POINTS or not incentive.charge
        return labelled(_("cost"), "–" if free else format_money(incentive.charge, incentive.unit))

    @admin.display(description=gettext_lazy("left"))
    def left(self, incentive: Any) -> Any:
        return level(incentive.supply) if incentive.supply else _("no limit")

    @admin.display(description=gettext_lazy("in use"), ordering="active")
    def state(self, incentive: Incentive) -> Any:
        return status_word("live", _("active")) if incentive.active else status_word("", _("not active"))


def level(supply: Supply) -> Any:
    """What is left, how long it lasts at the pace of late, and a warning when that is not long."""
    words = _("%(count)s left") % {"count": f"{supply.left:,}"}
    if supply.days_left is not None and supply.left:
        lasts = ngettext("lasts %(count)d day", "lasts %(count)d days", supply.days_left)
        words = f"{words}, {lasts % {'count': supply.days_left}}"
    if not supply.left:
        return status_word("failed", _("nothing left"))
    return status_word("overdue" if supply.runs_out else "live", words)
