from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.forms import Textarea
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.cells import status_word
from referrals.admin.scoped import Panel, ProgramFilter
from referrals.money import format_money
from rewards.admin.money import COUNT, MoneyForm, money_field
from rewards.admin.setup import SetupAdmin, labelled
from rewards.models import RewardScheme, Tier
from rewards.models.incentive import POINTS

Measure = Tier.Measure
UNITS = {Measure.POINTS.value: POINTS, Measure.CONVERSIONS.value: COUNT}


class TierForm(MoneyForm):
    money = ("threshold",)
    threshold = money_field(
        gettext_lazy("From"),
        gettext_lazy(
            "Friends or points in whole numbers; what friends bought as you write it: 500. "
            "A ladder counted in friends begins with the first friend, so that everybody who brings one has a place."
        ),
        initial=None,
    )  # fmt: skip

    class Meta(MoneyForm.Meta):
        model = Tier
        fields = ("program", "name", "measure", "within_days", "threshold", "perks")

    def unit_of(self, name: str, found: dict[str, Any]) -> str | None:
        measure = found.get("measure") or self.instance.measure
        return UNITS.get(measure) if measure in UNITS else super().unit_of(name, found)

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        program, threshold = self.program_in(found), found.get("threshold")
        if program and threshold is not None and found.get("measure") == Measure.CONVERSIONS:
            others = Tier.objects.filter(program=program).exclude(pk=self.instance.pk)
            lowest = min([threshold, *others.values_list("threshold", flat=True)])
            if lowest > 1:
                self.add_error("threshold", ValidationError(_hole(), params={"count": lowest - 1}))
        return found


def _hole() -> Any:
    return _(
        "The ladder would have a hole at its foot: whoever brings up to %(count)d friends would stand nowhere. "
        "Let a tier begin with 1 first."
    )


@admin.register(Tier)
class TierAdmin(SetupAdmin):
    about = gettext_lazy("The tiers that advocates climb, lowest first: what each takes, and what it brings.")
    form = TierForm
    list_display = ("name", "takes", "perks_in_short", "people", "program")
    list_filter = (ProgramFilter, "measure")
    list_select_related = ("program",)
    search_fields = ("name", "perks")
    ordering = ("program__name", "threshold")
    fieldsets = (
        (
            gettext_lazy("What it takes"),
            {
                "description": gettext_lazy(
                    "All tiers of a ladder count the same thing over the same days. With a number of days, people "
                    "who stop recommending come down again."
                ),
                "fields": ("program", "name", "measure", "within_days", "threshold"),
            },
        ),
        (
            gettext_lazy("What it brings"),
            {
                "description": gettext_lazy("Advocates read these lines. Rewards for a tier are rules."),
                "fields": ("perks",),
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(people_count=Count("standing"))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "perks":
            kwargs["widget"] = Textarea(attrs={"rows": 4})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def notices(self, programs: Any) -> list[Any]:
        flat = RewardScheme.objects.exclude(sides=RewardScheme.Sides.NONE).filter(has_ladder=False)
        off = flat.filter(program__in=programs, program__tiers__isnull=False).distinct()
        words = _("“%(program)s” is set to have no ladder, so nobody climbs there.")
        said = [status_word("paused", words % {"program": s.program}) for s in off.select_related("program")]
        return [*super().notices(programs), *said]

    def why_keep(self, obj: Tier) -> str:
        rules = obj.rules.count()
        if rules:
            words = ngettext(
                "%(count)d rule is for this tier. Change it first.",
                "%(count)d rules are for this tier. Change them first.",
                rules,
            )
            return words % {"count": rules}
        others = Tier.objects.filter(program=obj.program_id, measure=Measure.CONVERSIONS).exclude(pk=obj.pk)
        lowest = others.values_list("threshold", flat=True).first()
        return _hole() % {"count": lowest - 1} if lowest and lowest > 1 else ""

    def summary(self, obj: Any) -> Sequence[Any]:
        if not obj.people_count:
            return [_("Nobody stands here yet.")]
        people = ngettext(
            "%(count)d advocate stands here.", "%(count)d advocates stand here.", obj.people_count
        )
        return [people % {"count": obj.people_count}]

    def panels(self, request: HttpRequest, obj: Tier) -> list[Panel]:
        ladder = Tier.objects.filter(program=obj.program_id).select_related("program")
        rows = [(tier.name, rung(tier), ", ".join(tier.perk_lines)) for tier in ladder]
        return [Panel(_("The whole ladder"), (_("Tier"), _("What it takes"), _("What it brings")), rows)]

    @admin.display(description=gettext_lazy("what it takes"), ordering="threshold")
    def takes(self, tier: Tier) -> str:
        return rung(tier)

    @admin.display(description=gettext_lazy("what it brings"))
    def perks_in_short(self, tier: Tier) -> str:
        return ", ".join(tier.perk_lines)

    @admin.display(description=gettext_lazy("advocates here"), ordering="people_count")
    def people(self, tier: Any) -> Any:
        return labelled(_("advocates"), tier.people_count)


def rung(tier: Tier) -> str:
    """What a tier takes, in words."""
    count = tier.threshold
    if tier.measure == Measure.VALUE:
        words = _("friends bought for %(amount)s") % {"amount": format_money(count, tier.program.currency)}
    elif tier.measure == Measure.POINTS:
        words = ngettext("%(count)d point", "%(count)d points", count) % {"count": count}
    else:
        words = ngettext("%(count)d new customer", "%(count)d new customers", count) % {"count": count}
    if tier.within_days:
        return _("%(what)s within %(days)d days") % {"what": words, "days": tier.within_days}
    return words
