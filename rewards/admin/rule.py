from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.cells import status_word
from referrals.admin.scoped import ProgramFilter
from rewards.admin.money import MoneyForm, money_field
from rewards.admin.setup import SetupAdmin
from rewards.models import Incentive, RewardRule, RewardScheme
from rewards.models.incentive import worth
from rewards.services.forecast import cost_of_last_year

Side, When = RewardRule.Side, RewardRule.When
# What only advocates have a place for: an account of points, a contest.
FOR_ADVOCATES = (Incentive.Kind.POINTS, Incentive.Kind.CONTEST_ENTRY)
# Chosen from the program's own, and what choosing none means.
CHOSEN = {
    "incentive": None,
    "tier": gettext_lazy("any tier, or none"),
    "fallback_incentive": gettext_lazy("none"),
}
# Two rules that agree in these give the same thing for the same thing twice.
SAME = ("program", "when", "side", "incentive", "tier", "segment", "kind", "nth", "minimum")


class RewardRuleForm(MoneyForm):
    money = ("minimum", "approve_from")
    minimum = money_field(
        gettext_lazy("Smallest sale"), gettext_lazy("As you write it: 100 or 99.50. Zero for any sale.")
    )
    approve_from = money_field(
        gettext_lazy("Approval from"), gettext_lazy("For “from this value on”, as you write it: 100.")
    )

    friend_incentive = forms.ModelChoiceField(
        Incentive.objects.none(),
        required=False,
        empty_label=gettext_lazy("nothing"),
        label=gettext_lazy("And the friend gets"),
        help_text=gettext_lazy("Saved as a rule of its own, under the same conditions."),
    )

    class Meta(MoneyForm.Meta):
        model = RewardRule
        fields = (
            "program", "when", "minimum", "nth", "side", "kind", "tier", "segment", "incentive", "most", "most_days",
            "hold_days", "approval", "approve_from", "fallback", "fallback_incentive", "starts_at", "ends_at", "active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk or "incentive" not in self.fields:
            del self.fields["friend_incentive"]
        else:
            friend: Any = self.fields["friend_incentive"]
            friend.queryset = self.fields["incentive"].queryset.select_related("program")  # type: ignore[attr-defined]
            friend.label_from_instance = lambda one: f"{one} · {one.program}"
        for name in CHOSEN.keys() & self.fields.keys():
            self._offer(name, self.fields[name])

    def _offer(self, name: str, field: Any) -> None:
        if CHOSEN[name]:
            field.empty_label = CHOSEN[name]
        if self.instance.pk:
            field.queryset = field.queryset.filter(program=self.instance.program_id)
        else:
            # Nobody has said yet for which program: each choice says whose it is.
            field.queryset = field.queryset.select_related("program")
            field.label_from_instance = lambda one: f"{one} · {one.program}"

    @property
    def previews(self) -> bool:
        """Whether the person asked only what the rule would do."""
        return "_preview" in self.data

    def is_valid(self) -> bool:
        """A preview is never saved, however right it is."""
        return super().is_valid() and not self.previews

    def preview(self) -> list[Any]:
        """What the rule would do as it is typed here, and what it would have cost; nothing while it is wrong."""
        if not self.previews or self.errors:
            return []
        other = self.for_the_friend()
        return [*effects(self.instance), *(effects(other) if other else [])]

    def for_the_friend(self) -> RewardRule | None:
        """The rule for the other side, if one was asked for: the same in everything else."""
        gift = self.cleaned_data.get("friend_incentive")
        if gift is None:
            return None
        same = {
            field.attname: getattr(self.instance, field.attname) for field in RewardRule._meta.concrete_fields
        }
        del same["id"]
        other = RewardRule(**same)
        other.program, other.side, other.incentive = self.instance.program, Side.FRIEND, gift
        return other

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        for name, refusal in self._contradictions(found):
            if name in self.fields and name not in self.errors:
                self.add_error(name, refusal)
        return found

    def _contradictions(self, found: dict[str, Any]) -> Iterator[tuple[str, str]]:
        program, gift, spare = self.program_in(found), found.get("incentive"), found.get("fallback_incentive")
        tier, side = found.get("tier"), found.get("side")
        scheme = RewardScheme.objects.filter(program=program).first()
        if tier and program and tier.program_id != program.pk:
            yield "tier", _("Choose a tier of the same program.")
        if (tier or found.get("when") == When.TIER) and not (scheme and scheme.has_ladder):
            yield "tier" if tier else "when", _("This program has no ladder. Set its type first.")
        if spare and program and spare.program_id != program.pk:
            yield "fallback_incentive", _("Choose an incentive of the same program.")
        if spare and spare == gift:
            yield "fallback_incentive", _("That is what has run out. Choose another one.")
        if spare and found.get("fallback") != RewardRule.Fallback.OTHER:
            yield "fallback_incentive", _("Choose “another incentive” above, or leave this empty.")
        if found.get("approve_from") and found.get("approval") != RewardRule.Approval.ABOVE:
            yield "approve_from", _("Choose “from this value on” above, or set this to 0.")
        if side == Side.FRIEND and any(one and one.kind in FOR_ADVOCATES for one in (gift, spare)):
            yield (
                "incentive",
                _("A friend has no account for this. Choose another incentive, or the advocate."),
            )
        if friend := found.get("friend_incentive"):
            yield from self._friend_cannot(friend, found, scheme)
        yield from self._without_effect(found, scheme)

    def _friend_cannot(
        self, gift: Incentive, found: dict[str, Any], scheme: RewardScheme | None
    ) -> Iterator[tuple[str, str]]:
        """Why the friend cannot get this as well."""
        program = self.program_in(found)
        if program and gift.program_id != program.pk:
            yield "friend_incentive", _("Choose an incentive of the same program.")
        if gift.kind in FOR_ADVOCATES:
            yield "friend_incentive", _("A friend has no account for this. Choose another incentive.")
        if found.get("side") == Side.FRIEND:
            yield "friend_incentive", _("The rule is for the friend already. Choose the advocate above.")
        if found.get("when") not in RewardRule.ABOUT_FRIENDS:
            yield "friend_incentive", _("No friend has a part in this. Choose nothing here.")
        if scheme and not scheme.rewards(Side.FRIEND):
            yield "friend_incentive", _("In this program friends get nothing. Change its type first.")

    def _without_effect(
        self, found: dict[str, Any], scheme: RewardScheme | None
    ) -> Iterator[tuple[str, str]]:
        """What would make an active rule do nothing, or everything twice."""
        if not found.get("active"):
            return
        if scheme and found.get("side") and not scheme.rewards(found["side"]):
            words = _("In this program: %(sides)s. Change its type first, or choose the other side.")
            yield "side", words % {"sides": scheme.get_sides_display()}
        if found.get("incentive") and not found["incentive"].active:
            yield "incentive", _("This incentive is not active. Choose another, or activate it first.")
        if twin := self._twin(found):
            words = _("Another rule does the same already, so both would give: “%(rule)s” Change that one.")
            yield "when", words % {"rule": twin.sentence}

    def _twin(self, found: dict[str, Any]) -> RewardRule | None:
        same = {name: found.get(name) for name in SAME} | {"program": self.program_in(found)}
        if any(same[name] is None for name in SAME if name not in ("tier", "segment")):
            return None
        others = RewardRule.objects.exclude(pk=self.instance.pk).filter(active=True, **same)
        twins = others.select_related("program", "incentive", "tier", "segment")
        return next((twin for twin in twins if _at_once(twin, found)), None)


def _at_once(rule: RewardRule, found: dict[str, Any]) -> bool:
    """Whether the two are ever in force on the same day."""
    starts, ends = found.get("starts_at"), found.get("ends_at")
    before = ends and rule.starts_at and ends <= rule.starts_at
    after = starts and rule.ends_at and rule.ends_at <= starts
    return not (before or after)


def effects(rule: RewardRule) -> Iterator[Any]:
    """What a rule does, and what it would have cost over the last year."""
    yield rule.sentence
    forecast = cost_of_last_year(rule, now=timezone.now())
    if not forecast.rewards:
        yield _("In the last 12 months it would have given nothing: nothing happened that it answers to.")
        return
    said = ngettext(
        "In the last 12 months it would have given %(count)d reward, at a cost of %(cost)s.",
        "In the last 12 months it would have given %(count)d rewards, at a cost of %(cost)s.",
        forecast.rewards,
    )
    yield said % {
        "count": forecast.rewards, "cost": worth(forecast.cost, forecast.currency) or _("nothing")
    }  # fmt: skip
    if rule.tier_id:
        yield _("Fewer in truth: nobody knows who stood on which tier then.")
    if rule.most and rule.most_days:
        yield _("Fewer in truth: the limit within so many days is not counted here.")


@admin.register(RewardRule)
class RewardRuleAdmin(SetupAdmin):
    about = gettext_lazy("Who gets what, and when. Each rule gives once for each happening.")
    form = RewardRuleForm
    list_display = ("sentence", "state", "program")
    list_filter = (ProgramFilter, "active", "side", "when")
    list_select_related = ("program", "incentive", "tier")
    search_fields = ("incentive__name", "program__name")
    ordering = ("program__name", "when", "side")
    fieldsets = (
        (
            gettext_lazy("When something happens"),
            {
                "description": gettext_lazy("And only if all of this holds."),
                "fields": ("program", "when", "minimum", "nth"),
            },
        ),
        (
            gettext_lazy("Somebody gets something"),
            {
                "description": gettext_lazy("One side, or both at once."),
                "fields": ("side", "kind", "tier", "segment", "incentive", "friend_incentive"),
            },
        ),
        (
            gettext_lazy("So often"),
            {
                "description": gettext_lazy("Each advocate, under this rule."),
                "fields": ("most", "most_days"),
            },
        ),
        (
            gettext_lazy("Before it is handed out"),
            {
                "description": gettext_lazy("Time for second thoughts, and for somebody to look at it."),
                "fields": ("hold_days", "approval", "approve_from"),
            },
        ),
        (
            gettext_lazy("When nothing is left"),
            {
                "description": gettext_lazy("Of the budget, the stock or the codes."),
                "fields": ("fallback", "fallback_incentive"),
            },
        ),
        (
            gettext_lazy("In force"),
            {
                "description": gettext_lazy("What has been promised is kept, also when the rule ends."),
                "fields": ("starts_at", "ends_at", "active"),
            },
        ),
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: RewardRule | None = None) -> Any:
        """Both sides are set up together, and changed one by one."""
        if obj is None and self.has_add_permission(request):
            return self.fieldsets
        return [
            (name, options | {"fields": tuple(f for f in options["fields"] if f != "friend_incentive")})
            for name, options in self.fieldsets
        ]

    def save_model(self, request: HttpRequest, obj: RewardRule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and (other := form.for_the_friend()):
            other.save()

    def summary(self, obj: RewardRule) -> Sequence[Any]:
        return [*effects(obj), format_html("{}", self.state(obj))]

    def why_keep(self, obj: RewardRule) -> str:
        if obj.rewards.exists():
            return _("Rewards were promised under this rule and refer to it. Set it to “not active” instead.")
        return ""

    @admin.display(description=gettext_lazy("what it does"))
    def sentence(self, rule: RewardRule) -> str:
        return rule.sentence

    @admin.display(description=gettext_lazy("in force"), ordering="active")
    def state(self, rule: RewardRule) -> Any:
        now = timezone.now()
        if rule.active and rule.starts_at and rule.starts_at > now:
            return status_word("approved", _("not yet in force"))
        ended = rule.ends_at and rule.ends_at <= now
        in_force = rule.active and rule.incentive.active and not ended
        return status_word("live", _("in force")) if in_force else status_word("", _("not in force"))
