from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Suppression
from campaigns.services.suppression import suppress
from campaigns.services.suppression_list import UNWANTED
from referrals.admin.cells import moment
from referrals.admin.scoped import ScopedAdmin, asker
from referrals.contacts import clean_email, email_key
from referrals.models import Program

# The address is known once all pages are.
format_html_lazy: Any = lazy(format_html, SafeString)


class SuppressionForm(forms.ModelForm):
    address = forms.CharField(
        label=gettext_lazy("E-mail address"), max_length=254,
        help_text=gettext_lazy("Only a fingerprint of it is kept: nobody can read it here again."),
    )  # fmt: skip

    class Meta:
        model = Suppression
        fields = ("address", "program")

    def clean_address(self) -> str:
        return clean_email(self.cleaned_data["address"])


class WhereFilter(admin.SimpleListFilter):
    title = gettext_lazy("where")
    parameter_name = "where"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("everywhere", _("in every program"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(program=None) if self.value() == "everywhere" else queryset


@admin.register(Suppression)
class SuppressionAdmin(ScopedAdmin):
    about = format_html_lazy(
        gettext_lazy(
            "Mailboxes that want nothing more from us. They are kept as fingerprints, without an address. "
            '<a href="{}?what={}">Bring in a list</a> from your mail tool.'
        ),
        reverse_lazy("admin:imports"),
        UNWANTED,
    )
    form = SuppressionForm
    list_display = ("reason", "where", "since")
    list_filter = ("reason", WhereFilter, "created_at")
    list_select_related = ("program",)
    search_fields = ("key",)
    search_help_text = gettext_lazy("The whole e-mail address, to see whether it is on the list")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> Any:
        mine = Q(program=None) | Q(program__in=Program.objects.for_staff(asker(request)))
        return admin.ModelAdmin.get_queryset(self, request).filter(mine)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        return queryset.filter(key=email_key(search_term)) if search_term else queryset, False

    def program_ids(self, obj: Any) -> set[int]:
        return {obj.program_id} if obj.program_id else set(Program.objects.values_list("pk", flat=True))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Only the person themselves changes their mind, on the page that their mail links to.
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("reason", "where", "since") if obj else ("address", "program")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("reason", "where", "since") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if "program" in form.base_fields and not asker(request).is_superuser:
            form.base_fields["program"].required = True
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key, reason = email_key(form.cleaned_data["address"]), Suppression.Reason.BY_HAND
        suppress(key, obj.program, reason, now=timezone.now())
        # The row is there, made now or long ago; the log entry and the message are about it.
        obj.pk = Suppression.objects.get(key=key, program=obj.program).pk
        obj.reason = reason

    @admin.display(description=gettext_lazy("where"), ordering="program__name")
    def where(self, suppression: Suppression) -> Any:
        return suppression.program or _("every program")

    @admin.display(description=gettext_lazy("since"), ordering="created_at")
    def since(self, suppression: Suppression) -> Any:
        return moment(suppression.created_at, suppression.program.zone if suppression.program else None)
