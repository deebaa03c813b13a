from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from campaigns.models import DigestSubscription
from referrals.admin.cells import moment
from referrals.admin.scoped import ScopedAdmin, asker


@admin.register(DigestSubscription)
class DigestSubscriptionAdmin(ScopedAdmin):
    about = gettext_lazy(
        "When you get the digest of your programs: what came in, what is overdue, what waits for you."
    )
    list_display = ("user", "every", "hour", "timezone", "next")
    list_filter = ("every",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("user__username",)
    fields = ("user", "every", "hour", "timezone")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = admin.ModelAdmin.get_queryset(self, request)
        return rows if asker(request).is_superuser else rows.filter(user=request.user)

    def program_ids(self, obj: Any) -> set[int]:
        return set(obj.user.memberships.values_list("program_id", flat=True))

    def choices_of(self, model: Any, request: HttpRequest) -> Any:
        if asker(request).is_superuser:
            return User.objects.filter(is_staff=True, is_active=True)
        return User.objects.filter(pk=asker(request).pk)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": asker(request).pk}

    @admin.display(description=gettext_lazy("next"), ordering="next_at")
    def next(self, subscription: DigestSubscription) -> Any:
        return moment(subscription.next_at, subscription.timezone)
