from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.attribution import WhyForm, touches_panel
from referrals.admin.cells import colleague, link_to, moment
from referrals.admin.history import NEWEST
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepsAdmin
from referrals.models import Attribution, Conversion, Refund
from referrals.money import format_money, to_minor
from referrals.services.conversion import reverse_conversion
from referrals.services.explanation import answer_of
from referrals.services.recorded import recorded
from referrals.services.refund import take_refund
from referrals.services.same_sale import doubts_of, joined_as
from referrals.services.two_sales import tell_apart
from referrals.transitions import Moved


class TakeBackForm(WhyForm):
    amount = forms.DecimalField(
        label=gettext_lazy("How much was paid back"), min_value=0, max_digits=12, required=False,
        help_text=gettext_lazy("Empty: all of it."),
    )  # fmt: skip
    field_order = ("amount", "note")

    def clean_amount(self) -> int | None:
        amount = self.cleaned_data["amount"]
        if amount is None:
            return None
        try:
            return to_minor(amount, self.rows.get().currency)
        except ValueError as error:
            raise forms.ValidationError(_("Write no more decimals than the currency has.")) from error


def _take_back(rows: Any, *, now: datetime, by: Any, amount: int | None, note: str) -> Moved:
    sale = rows.select_related("program", "referral").get()
    if amount is None:
        reverse_conversion(sale, reason=note[:120], now=now, by=by)
    else:
        take_refund(sale.program, external_id=sale.external_id, amount=amount, reason=note, now=now, by=by)
    return Moved([sale], [])


def _tell_apart(rows: Any, *, now: datetime, by: Any, note: str) -> Moved:
    return tell_apart(rows.get(), now=now, by=by, note=note)


def _may_be_two(sale: Conversion) -> bool:
    doubts = doubts_of(sale.referral) if sale.has_no_number else []
    return any(doubt.by_hand == sale for doubt in doubts) or joined_as(sale) is not None


@admin.register(Conversion)
class ConversionAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy("What friends bought, each order once. Sales are recorded on the referral's page.")
    list_display = ("external_id", "friend", "worth", "sold", "program")
    list_filter = (ProgramFilter, "occurred_at")
    list_select_related = ("referral", "program")
    search_fields = ("=external_id", "referral__name", "referral__email")
    ordering = ("-occurred_at",)
    fields = ("program", "friend", "external_id", "worth", "sold", "recorded")
    readonly_fields = ("friend", "worth", "sold", "recorded")
    steps = (
        Step(
            name="take-back", label=gettext_lazy("Refund or take back"), form=TakeBackForm, carry_out=_take_back,
            bulk=False, danger=True, fits=lambda row: row.reversed_at is None,
            does=gettext_lazy(
                "What was paid back counts no more. Rewards for which the rest is too little are taken back, and what "
                "was handed out becomes a claim that you may waive."
            ),
        ),
        Step(
            name="two-sales", label=gettext_lazy("These are two sales"), form=WhyForm, carry_out=_tell_apart,
            bulk=False, fits=_may_be_two,
            does=gettext_lazy(
                "What a colleague recorded without a number and what was reported with one count both. Where they "
                "were taken for one, the second is recorded now, with its rewards."
            ),
        ),
    )  # fmt: skip

    def summary(self, obj: Conversion) -> Sequence[Any]:
        row = self._answer(obj)
        said = answer_of(row) if row else recorded(obj)[1]
        return [*said, _taken_for_one(obj)] if joined_as(obj) else said

    def why_not(self, row: Any) -> str:
        if row.reversed_at:
            return _("%(row)s was taken back before") % {"row": row}
        return _("nothing was taken to be the same as %(row)s") % {"row": row}

    def panels(self, request: HttpRequest, obj: Conversion) -> list[Panel]:
        row = self._answer(obj) or recorded(obj)[0]
        return [touches_panel(row), _refunds_panel(obj)]

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("program", "referral__enrolment__advocate")

    def _answer(self, obj: Conversion) -> Attribution | None:
        rows = Attribution.objects.select_related(
            "program", "enrolment__advocate", "rightful__advocate", "conversion"
        )
        return rows.filter(conversion=obj).first()

    @admin.display(description=gettext_lazy("friend"), ordering="referral__name")
    def friend(self, conversion: Conversion) -> Any:
        return link_to(conversion.referral)

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def worth(self, conversion: Conversion) -> str:
        worth = format_money(conversion.amount, conversion.currency)
        if conversion.reversed_at:
            return _("%(worth)s, taken back") % {"worth": worth}
        if conversion.refunded:
            left = format_money(conversion.left, conversion.currency)
            return _("%(worth)s, of which %(left)s is left") % {"worth": worth, "left": left}
        return worth

    @admin.display(description=gettext_lazy("sold"), ordering="occurred_at")
    def sold(self, conversion: Conversion) -> Any:
        return moment(conversion.occurred_at, conversion.program.zone)

    @admin.display(description=gettext_lazy("recorded"))
    def recorded(self, conversion: Conversion) -> Any:
        return moment(conversion.recorded_at, conversion.program.zone)


def _taken_for_one(sale: Conversion) -> str:
    return _("A colleague recorded it without a number, and order %(order)s is taken for the same sale.") % {
        "order": sale.external_id
    }


def _refunds_panel(sale: Conversion) -> Panel:
    rows = Refund.objects.filter(program=sale.program_id, order=sale.external_id).select_related(
        "recorded_by"
    )
    zone = sale.program.zone
    return Panel(
        _("Refunds"),
        (_("When"), _("Amount"), _("Number"), _("Reason"), _("Who")),
        [
            (
                moment(row.recorded_at, zone), format_money(row.amount, sale.currency), row.number, row.reason,
                colleague(row.recorded_by),
            )
            for row in rows.order_by("-pk")[:NEWEST]
        ],
        _("Nothing was paid back."),
    )  # fmt: skip
