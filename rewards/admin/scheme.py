from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.scoped import ProgramFilter
from referrals.money import format_money
from rewards.admin.money import MoneyForm, money_field
from rewards.admin.setup import SetupAdmin
from rewards.models import RewardScheme, Tier

Sides = RewardScheme.Sides
FOLLOWS = {
    Sides.NONE: gettext_lazy(
        "Nobody is promised anything: pages and mails speak of no reward, and no rule takes effect."
    ),
    Sides.ADVOCATE: gettext_lazy(
        "Advocates are promised rewards. Friends read of none, and rules for friends take no effect."
    ),
    Sides.FRIEND: gettext_lazy(
        "Friends are promised rewards. Advocates read of none, and rules for advocates take no effect."
    ),
    Sides.BOTH: gettext_lazy("Advocates and friends are promised rewards, each by rules of their own."),
}


class RewardSchemeForm(MoneyForm):
    money = ("second_person_above", "goodwill_a_year")
    second_person_above = money_field(
        gettext_lazy("Second approval from"),
        gettext_lazy("Rewards worth this much or more need two people. Empty: never."),
        required=False, initial=None,
    )  # fmt: skip
    goodwill_a_year = money_field(
        gettext_lazy("Goodwill in a year"),
        gettext_lazy("What may be given without a rule in 365 days. Empty: as the budget allows."),
        required=False, initial=None,
    )  # fmt: skip

    class Meta(MoneyForm.Meta):
        model = RewardScheme
        fields = ("program", "sides", "has_ladder", "second_person_above", "goodwill_a_year", "warn_days")


@admin.register(RewardScheme)
class RewardSchemeAdmin(SetupAdmin):
    about = gettext_lazy(
        "Who gets rewards at all, once or on a ladder. Pages, mails and rules follow by themselves."
    )
    form = RewardSchemeForm
    follows_scheme = False
    list_display = ("program_name", "sides", "ladder", "two_people")
    list_filter = ("sides", "has_ladder", ProgramFilter)
    list_select_related = ("program",)
    ordering = ("program__name",)
    fieldsets = (
        (
            gettext_lazy("Who gets something"),
            {
                "description": gettext_lazy("Without rewards, people recommend because they like to."),
                "fields": ("program", "sides"),
            },
        ),
        (
            gettext_lazy("Once, or ever more"),
            {
                "description": gettext_lazy("On a ladder, advocates climb tiers with each customer they bring."),
                "fields": ("has_ladder",),
            },
        ),
        (
            gettext_lazy("Who approves"),
            {
                "description": gettext_lazy("Two people look at what is worth much."),
                "fields": ("second_person_above", "goodwill_a_year"),
            },
        ),
        (
            gettext_lazy("Before something runs out"),
            {
                "description": gettext_lazy(
                    "Managers are written to once when codes, stock or budget get scarce or a budget ends, and once "
                    "more when it has happened."
                ),
                "fields": ("warn_days",),
            },
        ),
    )  # fmt: skip

    def summary(self, obj: RewardScheme) -> Sequence[Any]:
        lines: list[Any] = [FOLLOWS[Sides(obj.sides)]]
        if obj.has_ladder:
            names = ", ".join(Tier.objects.filter(program=obj.program_id).values_list("name", flat=True))
            lines.append(_("Advocates climb: %(tiers)s.") % {"tiers": names} if names else _without_tiers())
        if obj.second_person_above is not None:
            limit = format_money(obj.second_person_above, obj.program.currency)
            lines.append(_("From %(limit)s on, two people have to approve.") % {"limit": limit})
        if obj.goodwill_a_year is not None:
            limit = format_money(obj.goodwill_a_year, obj.program.currency)
            lines.append(_("Within a year, goodwill may cost up to %(limit)s.") % {"limit": limit})
        return lines

    def why_keep(self, obj: RewardScheme) -> str:
        return _("A program keeps its type. Choose “no rewards” instead.")

    @admin.display(description=gettext_lazy("program"), ordering="program__name")
    def program_name(self, scheme: RewardScheme) -> Any:
        return scheme.program.name

    @admin.display(description=gettext_lazy("ladder"), boolean=True, ordering="has_ladder")
    def ladder(self, scheme: RewardScheme) -> bool:
        return scheme.has_ladder

    @admin.display(description=gettext_lazy("second approval from"), ordering="second_person_above")
    def two_people(self, scheme: RewardScheme) -> Any:
        limit = scheme.second_person_above
        return _("never") if limit is None else format_money(limit, scheme.program.currency)


def _without_tiers() -> str:
    return _("The ladder has no tiers yet, so nobody climbs. Add them under “Ladder”.")
