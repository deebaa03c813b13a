from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, person, status_word
from referrals.admin.scoped import FactsAdmin, ProgramFilter, asker
from referrals.roles import programs_granting
from rewards.models import CouponCode, Incentive, Reward

OUT = (Reward.Status.ISSUED, Reward.Status.REDEEMED, Reward.Status.CLAIMED)
SHOWN = 3


class UseFilter(admin.SimpleListFilter):
    title = gettext_lazy("use")
    parameter_name = "use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("free", _("free")), ("taken", _("set aside or handed out"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "free":
                return queryset.free()
            case "taken":
                return queryset.exclude(reward=None)
        return queryset


@admin.register(CouponCode)
class CouponCodeAdmin(FactsAdmin):
    """Codes are money: only who may change a pool reads those that nobody has got yet."""

    about = gettext_lazy(
        "Which codes are free and which are gone. New ones are added on the incentive's page."
    )
    list_display = ("shown", "pool", "state", "recipient", "program")
    list_display_links = None
    list_filter = (UseFilter, ProgramFilter, ("incentive", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("incentive__program", "reward__enrolment__advocate", "reward__referral")
    search_fields = ("=code",)
    search_help_text = gettext_lazy("The whole code")
    ordering = ("pk",)
    fields = ("shown", "pool", "state", "recipient")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        # The columns have no request of their own, and each row says itself whether it may be read.
        rows = super().get_queryset(request)
        open_to = programs_granting(asker(request), "change", Incentive)
        return rows.annotate(readable=Exists(open_to.filter(pk=OuterRef("incentive__program"))))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # “Begins with A?” asked often enough would spell a code out.
        return not lookup.startswith("code") and super().lookup_allowed(lookup, value, request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        mine = super().has_view_permission(request, obj)
        return mine and (obj is None or obj.readable)

    @admin.display(description=gettext_lazy("code"))
    def shown(self, coupon: Any) -> str:
        handed_out = coupon.reward and coupon.reward.status in OUT
        return coupon.code if coupon.readable or handed_out else f"{coupon.code[:SHOWN]}…"

    @admin.display(description=gettext_lazy("incentive"), ordering="incentive__name")
    def pool(self, coupon: CouponCode) -> Any:
        return link_to(coupon.incentive)

    @admin.display(description=gettext_lazy("state"))
    def state(self, coupon: CouponCode) -> Any:
        if coupon.reward is None:
            return status_word("live", _("free"))
        return status_word(coupon.reward.status, coupon.reward.get_status_display())

    @admin.display(description=gettext_lazy("for"))
    def recipient(self, coupon: CouponCode) -> Any:
        if coupon.reward is None:
            return ""
        return link_to(coupon.reward, person(coupon.reward.recipient_name))

    @admin.display(description=gettext_lazy("program"))
    def program(self, coupon: CouponCode) -> Any:
        return coupon.incentive.program
