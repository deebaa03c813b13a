from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import colleague, moment, status_word
from referrals.admin.fresh import FreshAdmin
from referrals.admin.scoped import ProgramFilter, asker
from referrals.admin.steps import Step, StepsAdmin
from referrals.models import ApiKey
from referrals.services.api_key import revoke_keys


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("No more than the system needs: a shop reports sales and reads nothing."),
        error_messages={
            "required": gettext_lazy("Tick at least one: a key that may do nothing opens nothing.")
        },
    )

    class Meta:
        model = ApiKey
        fields = ("program", "name", "scopes", "expires_at", "calls_a_minute")

    def clean_expires_at(self) -> Any:
        until = self.cleaned_data["expires_at"]
        if until and until <= timezone.now():
            raise forms.ValidationError(
                _("That is over already. Choose a moment to come, or leave it empty.")
            )
        return until


@admin.register(ApiKey)
class ApiKeyAdmin(FreshAdmin, StepsAdmin):
    about = gettext_lazy(
        "What other systems – shop, CRM, your own site – show to read and write here. One key a system, for one "
        "program. The text of a key is shown once, when it is made."
    )
    form = ApiKeyForm
    list_display = ("name", "state", "begins_with", "used", "may_do", "made", "program")
    list_filter = (ProgramFilter, "revoked_at")
    list_select_related = ("program", "created_by")
    search_fields = ("name", "prefix")
    search_help_text = gettext_lazy("Name, or what the key begins with")
    ordering = ("-created_at",)
    actions = None
    steps = (
        Step(
            name="revoke", label=gettext_lazy("Take this key back"), carry_out=revoke_keys, danger=True,
            does=gettext_lazy("Whatever uses it is turned away at once, for good. For another one, make a new key."),
            fits=lambda row: row.revoked_at is None,
        ),
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # What a key may do is what it was made for: another right is another key.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def name_in_log(self, obj: ApiKey) -> str:
        return f"{obj.name} (gw_{obj.prefix}_…)"

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        shown = {"saves": object_id is None} | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, shown)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        facts = (
            "program",
            "name",
            "may_do",
            "begins_with",
            "made",
            "maker",
            "until",
            "used",
            "calls_a_minute",
        )
        return facts if obj else ApiKeyForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("may_do", "begins_with", "made", "maker", "until", "used") if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        obj.created_at, obj.created_by = timezone.now(), asker(request)
        obj.draw_secret()
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """The page that shows the key, once: it is stored as a hash and in no session."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Your new key"),
            "opts": self.opts,
            "key": obj,
            "base": f"{settings.BASE_URL}/api/v1",
        }
        return TemplateResponse(request, "admin/new_key.html", context)

    def why_not(self, row: ApiKey) -> str:
        return _("“%(key)s” was taken back before") % {"key": row}

    @admin.display(description=gettext_lazy("status"))
    def state(self, key: ApiKey) -> Any:
        if key.revoked_at:
            return status_word("revoked", _("taken back"))
        if not key.is_valid(timezone.now()):
            return status_word("over", _("expired"))
        return status_word("live", _("valid"))

    @admin.display(description=gettext_lazy("begins with"))
    def begins_with(self, key: ApiKey) -> str:
        return f"gw_{key.prefix}_"

    @admin.display(description=gettext_lazy("may"))
    def may_do(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description=gettext_lazy("last used"), ordering="last_used_at")
    def used(self, key: ApiKey) -> Any:
        return moment(key.last_used_at, key.program.zone) or _("never")

    @admin.display(description=gettext_lazy("made"), ordering="created_at")
    def made(self, key: ApiKey) -> Any:
        return moment(key.created_at, key.program.zone)

    @admin.display(description=gettext_lazy("made by"))
    def maker(self, key: ApiKey) -> str:
        return colleague(key.created_by)

    @admin.display(description=gettext_lazy("valid until"))
    def until(self, key: ApiKey) -> Any:
        return moment(key.expires_at, key.program.zone) or _("until it is taken back")
