from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from referrals.admin.cells import colleague
from referrals.admin.scoped import ProgramFilter, ScopedAdmin, asker
from referrals.models import Membership
from referrals.services.membership import regroup


class MembershipForm(forms.ModelForm):
    class Meta:
        model = Membership
        fields = ("user", "program", "role")


@admin.register(Membership)
class MembershipAdmin(ScopedAdmin):
    about = gettext_lazy("Who works on which program, and as what. A role counts in its program only.")
    form = MembershipForm
    list_display = ("colleague", "role", "program")
    list_filter = (ProgramFilter, "role")
    list_select_related = ("user", "program")
    search_fields = ("user__username", "user__first_name", "user__last_name", "user__email")
    ordering = ("user__username", "program__name")

    def name_in_log(self, membership: Membership) -> str:
        return f"{membership.user}: {membership.role}, {membership.program}"

    @admin.display(description=gettext_lazy("person"), ordering="user__first_name")
    def colleague(self, membership: Membership) -> str:
        return colleague(membership.user)

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        # Nobody changes what they are themselves; another manager does, or a superuser.
        own = obj is not None and obj.user_id == asker(request).pk and not asker(request).is_superuser
        return super().may(request, verb, obj) and not (own and verb != "view")

    def choices_of(self, model: Any, request: HttpRequest) -> Any:
        if model is not User:
            return super().choices_of(model, request)
        staff = User.objects.filter(is_staff=True, is_active=True).order_by("username")
        return staff if asker(request).is_superuser else staff.exclude(pk=asker(request).pk)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "program") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        regroup([obj.user])

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        regroup([obj.user])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        users = list(User.objects.filter(memberships__in=queryset).distinct())
        super().delete_queryset(request, queryset)
        regroup(users)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if asker(request).is_superuser else {}
