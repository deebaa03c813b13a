from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import moment, person, status_word
from referrals.admin.scoped import asker
from referrals.contacts import clean_email
from referrals.models import Membership


class SuperuserOnly(admin.ModelAdmin):
    """Accounts are the administrators' affair: whoever could change them could be anyone."""

    list_per_page = 50
    show_full_result_count = False

    def _may(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and asker(request).is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)


class StaffCreationForm(AdminUserCreationForm):
    email = forms.CharField(
        label=gettext_lazy("E-mail"), max_length=254, help_text=gettext_lazy("They sign in with it.")
    )

    class Meta(AdminUserCreationForm.Meta):
        fields = ("username", "email")

    def clean_email(self) -> str:
        email = clean_email(self.cleaned_data["email"])
        if EmailAddress.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("Somebody signs in with this address already."))
        return email


for model in (User, Group, EmailAddress, Authenticator):
    admin.site.unregister(model)


@admin.register(User)
class UserAdmin(SuperuserOnly, DjangoUserAdmin):
    add_form = StaffCreationForm
    list_display = ("who", "role", "state", "last_seen")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name", "email")}),
        (
            gettext_lazy("Rights"),
            {
                "description": gettext_lazy("What staff may do comes from their roles, under “Memberships”."),
                "fields": ("is_active", "is_staff", "is_superuser"),
            },
        ),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = (
        (
            None,
            {
                "description": gettext_lazy("A colleague. Give them a role in a program afterwards."),
                "fields": ("username", "email", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        # Advocates have accounts too; they are managed under People.
        rows = super().get_queryset(request).filter(advocate=None)
        return rows.prefetch_related(Prefetch("memberships", Membership.objects.select_related("program")))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            obj.is_staff = obj.is_staff or not change
            super().save_model(request, obj, form, change)
            if obj.email:
                # Typed by an administrator, so it counts as proved: the second factor asks for that.
                EmailAddress.objects.filter(user=obj).exclude(email__iexact=obj.email).delete()
                EmailAddress.objects.update_or_create(
                    user=obj, email=obj.email.lower(), defaults={"verified": True, "primary": True}
                )

    @admin.display(description=gettext_lazy("person"), ordering="username")
    def who(self, user: Any) -> Any:
        return person(user.get_full_name() or user.username, user.email)

    @admin.display(description=gettext_lazy("roles"))
    def role(self, user: Any) -> str:
        return ", ".join(f"{m.get_role_display()} ({m.program})" for m in user.memberships.all())

    @admin.display(description=gettext_lazy("account"), ordering="is_active")
    def state(self, user: Any) -> Any:
        if not user.is_active:
            return status_word("", _("closed"))
        return status_word("live", _("administrator") if user.is_superuser else _("active"))

    @admin.display(description=gettext_lazy("last seen"), ordering="last_login")
    def last_seen(self, user: Any) -> Any:
        return moment(user.last_login) or _("never")
