from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import colleague, link_to, moment, status_word
from referrals.admin.history import NEWEST
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.contacts import clean_text
from referrals.models import Attribution, Referral
from referrals.models.attribution import Way
from referrals.money import format_money
from referrals.services.attribution import Rule
from referrals.services.dispute import keep, move
from referrals.services.explanation import answer_of, lines_of

Standing = Attribution.Standing


class WhyForm(StepForm):
    note = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("Stands with the answer.")
    )

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])


def _is_disputed(row: Attribution) -> bool:
    return row.standing == Standing.DISPUTED


@admin.register(Attribution)
class AttributionAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy(
        "For whom each reported sale counts, and why not for somebody else. Sales that nobody recommended are here "
        "too: a fact that comes late may still change the answer."
    )
    list_display = ("external_id", "counts_for", "state", "because", "worth", "sold", "program")
    list_filter = ("standing", ProgramFilter, "source", "received_at")
    list_select_related = ("program", "enrolment__advocate", "conversion__referral")
    search_fields = ("=external_id", "enrolment__advocate__name")
    search_help_text = gettext_lazy("Order number or advocate")
    ordering = ("-received_at", "-pk")
    fields = (
        "program",
        "external_id",
        "counts_for",
        "friend",
        "worth",
        "sold",
        "reported",
        "source",
        "decider",
    )
    readonly_fields = ("counts_for", "friend", "worth", "sold", "reported", "decider")
    steps = (
        Step(
            name="keep", label=gettext_lazy("Let it stay"), form=WhyForm, carry_out=keep, fits=_is_disputed,
            does=gettext_lazy("The sale goes on counting for whoever was rewarded. No later fact moves it."),
        ),
        Step(
            name="move", label=gettext_lazy("Move it"), form=WhyForm, carry_out=move, fits=_is_disputed, danger=True,
            does=gettext_lazy(
                "The sale counts for whoever has it by the rule, with its rewards. What was handed out becomes a "
                "claim that you may waive."
            ),
        ),
    )  # fmt: skip

    def why_not(self, row: Any) -> str:
        return _("%(row)s is “%(status)s”") % {"row": row, "status": row.get_standing_display()}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related(*self.list_select_related, "rightful__advocate", "decided_by")

    def summary(self, obj: Attribution) -> Sequence[Any]:
        return answer_of(obj)

    def panels(self, request: HttpRequest, obj: Attribution) -> list[Panel]:
        return [touches_panel(obj)]

    @admin.display(description=gettext_lazy("counts for"), ordering="enrolment__advocate__name")
    def counts_for(self, row: Attribution) -> Any:
        return link_to(row.enrolment.advocate) if row.enrolment else "–"

    @admin.display(description=gettext_lazy("standing"), ordering="standing")
    def state(self, row: Attribution) -> Any:
        return status_word(row.standing, row.get_standing_display())

    @admin.display(description=gettext_lazy("because"))
    def because(self, row: Attribution) -> str:
        ways = [Way(touch["way"]).label for touch in row.touches if touch["verdict"] == "counts"]
        return str(ways[0] if ways else Rule(row.rule).label if row.rule in Rule.values else "")

    @admin.display(description=gettext_lazy("friend"))
    def friend(self, row: Attribution) -> Any:
        return link_to(row.conversion.referral) if row.conversion else "–"

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def worth(self, row: Attribution) -> str:
        return format_money(row.amount, row.currency) if row.amount is not None else ""

    @admin.display(description=gettext_lazy("sold"), ordering="occurred_at")
    def sold(self, row: Attribution) -> Any:
        return moment(row.occurred_at, row.program.zone)

    @admin.display(description=gettext_lazy("reported"))
    def reported(self, row: Attribution) -> Any:
        return moment(row.received_at, row.program.zone)

    @admin.display(description=gettext_lazy("decided by"))
    def decider(self, row: Attribution) -> str:
        return colleague(row.decided_by) or _("the rule")


def touches_panel(row: Attribution) -> Panel:
    """What brought the buyer, and why each touch counts or not."""
    return Panel(
        _("What brought them"),
        (_("Advocate"), _("How"), _("When"), _("What was said to it")),
        [(line.who, line.how, moment(line.at, row.program.zone), line.verdict) for line in lines_of(row)],
        _("Nothing is known that brought them."),
    )


def attribution_panel(referral: Referral) -> Panel:
    """For whom the sales to this friend count, in a sentence each; in three queries."""
    rows = Attribution.objects.filter(conversion__referral=referral).order_by("occurred_at", "pk")
    people = rows.select_related("program", "enrolment__advocate", "rightful__advocate", "conversion")
    by_hand = referral.conversions.filter(attribution=None).order_by("occurred_at", "pk")
    told = _("It counts for %(who)s: a colleague recorded it. Open it to see what the rule says.")
    return Panel(
        _("Whom the sales count for"),
        (_("Order"), _("Answer")),
        [
            *((link_to(row), answer_of(row)[0]) for row in people[:NEWEST]),
            *((link_to(row), told % {"who": referral.enrolment.advocate}) for row in by_hand[:NEWEST]),
        ],
        _("Nothing was sold yet."),
    )
