"""The questions that the list of rewards answers."""

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.scoped import asker
from rewards.models import Budget, Reward


class DecideFilter(admin.SimpleListFilter):
    """The list opens with what somebody has to decide."""

    title = gettext_lazy("to do")
    parameter_name = "decide"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("approve", _("to approve")),
            ("second", _("to approve: a second person")),
            ("hand-out", _("to hand out now")),
            ("by-person", _("to hand out by a person")),
            ("waiting", _("on the waiting list")),
            ("claims", _("to be paid back")),
            ("all", _("all rewards")),
        ]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [first | {"display": _("needs a decision")}, *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "approve":
                return queryset.to_approve().filter(first_approval=None)
            case "second":
                return queryset.awaiting_second()
            case "hand-out":
                return queryset.to_hand_out().filter(due_at__lte=now)
            case "by-person":
                return queryset.to_hand_out_by_person(now)
            case "waiting":
                return queryset.filter(status=Reward.Status.WAITING)
            case "claims":
                return queryset.filter(status=Reward.Status.CLAIMED)
            case "all":
                return queryset
        # A filter by status is a question of its own.
        if any(name.startswith("status") for name in request.GET):
            return queryset
        return queryset.to_approve() | queryset.to_hand_out()


class BudgetFilter(admin.SimpleListFilter):
    """By the budget that pays, newest first."""

    title = gettext_lazy("budget")
    parameter_name = "budget"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        budgets = Budget.objects.for_staff(asker(request)).select_related("program")
        return [(str(row.pk), str(row)) for row in budgets.order_by(F("starts_on").desc())[:24]]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not (self.value() or "").isdigit():
            return queryset
        return queryset.filter(budget_id=self.value())
