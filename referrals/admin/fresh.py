"""Keys and secrets are made by, and shown to, whoever has just shown that it is still them."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from referrals.admin.scoped import ScopedAdmin


@reauthentication_required
def ask_again(request: HttpRequest) -> None:
    """Leads to the page that asks for password or second factor, unless they were shown in the last five minutes."""


class FreshAdmin(ScopedAdmin):
    """Rows with a secret of their own: whoever makes one is asked again who they are."""

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if object_id is None and self.has_add_permission(request):
            ask_again(request)
        return super().changeform_view(request, object_id, form_url, extra_context)


class SecretAdmin(FreshAdmin):
    """Rows whose ``secret`` can be read again, on a page of its own."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.show_secret)
        return [path("<path:object_id>/show-secret/", view, name=self._name), *super().get_urls()]

    @property
    def _name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_secret"

    def show_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        ask_again(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Secret of “%(name)s”") % {"name": obj},
            "opts": self.opts,
            "object": obj,
        }
        return TemplateResponse(request, "admin/secret.html", context)

    def secret_link(self, obj: Any) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse(f"admin:{self._name}", args=[obj.pk]), _("Show the secret")
        )
