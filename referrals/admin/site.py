from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.fresh import SecretAdmin
from referrals.admin.scoped import HistoryAdmin, Panel
from referrals.models import SiteWidget


@admin.register(SiteWidget)
class SiteWidgetAdmin(SecretAdmin, HistoryAdmin):
    about = gettext_lazy(
        "Bring the program to your own pages: keep the code of a recommendation until the checkout, and show "
        "customers their link where they are signed in. Name your sites, and copy what stands below."
    )
    list_display = ("program", "origins")
    list_select_related = ("program",)
    fields = ("program", "origins")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("program",) if obj else ()

    def summary(self, obj: SiteWidget) -> Sequence[Any]:
        return [_("Shown on %(sites)s, and nowhere else.") % {"sites": ", ".join(obj.sites)}]

    def panels(self, request: HttpRequest, obj: SiteWidget) -> list[Panel]:
        shown = [self._snippet(obj), self._server(obj)]
        return [*shown, self._widget(obj)] if self.has_change_permission(request, obj) else shown

    def _snippet(self, obj: SiteWidget) -> Panel:
        # It stands in pages that nobody touches when we change: at one address, and whatever its content.
        script = (
            f'<script src="{settings.BASE_URL}{settings.STATIC_URL}js/goodword.js" '
            f'data-days="{obj.program.attribution_days}" defer></script>'
        )
        return _told(
            _("On every page: keep the code (2 kB, no cookie)"),
            [
                (_("Before </head>"), script),
                (_("In the checkout's form"), '<input type="hidden" name="goodword_code">'),
                (_("In the cart of Shopify"), '<input type="hidden" name="attributes[goodword_code]">'),
                (_("Or in your own script"), "order.code = goodword.code();"),
            ],
        )

    def _server(self, obj: SiteWidget) -> Panel:
        call = (
            f"curl {settings.BASE_URL}/api/v1/conversions -H 'Authorization: Bearer gw_…' "
            "-H 'Content-Type: application/json' -H 'Idempotency-Key: order-42' "
            f'-d \'{{"external_id": "42", "amount": 12900, "currency": "{obj.program.currency}", '
            '"code": "7KXM2PQR", "email": "ben@example.com"}}\''
        )
        return _told(
            _("From your server: report the sale, with the code that came with the form"),
            [(_("With a key of the API"), call.replace("}}'", "}'"))],
        )

    def _widget(self, obj: SiteWidget) -> Panel:
        address = f"{settings.BASE_URL}/w/{obj.key}/"
        asked = "?customer=CUSTOMER&at=SECONDS&sign=SIGNATURE"
        frame = f'<iframe src="{address}{asked}" title="{obj.program}" width="100%" height="420"></iframe>'
        shown = _told(
            _("Where a customer is signed in: their link and how their friends fare"),
            [
                (_("In a frame"), frame),
                (_("As JSON"), f"{address}data.json{asked}"),
                (_("Signed on your server, never in the page"),
                 'hmac_sha256_hex(SECRET, CUSTOMER + "." + SECONDS), good for 24 hours'),
            ],
        )  # fmt: skip
        return shown._replace(rows=[*shown.rows, (_("The secret"), self.secret_link(obj))])


def _told(title: str, lines: Sequence[tuple[Any, str]]) -> Panel:
    rows = [(where, format_html('<code class="address">{}</code>', what)) for where, what in lines]
    return Panel(title, (_("Where"), _("What")), rows)
