from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import HeldBack, Message
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter

NEWEST = 20


class NowFilter(admin.SimpleListFilter):
    title = gettext_lazy("now")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waits", _("still waits")), ("never", _("will not leave")), ("left", _("left later"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "waits":
                return queryset.waiting()
            case "never":
                return queryset.filter(status=Message.Status.WITHHELD)
            case "left":
                return queryset.exclude(sent_at=None)
        return queryset


@admin.register(HeldBack)
class HeldBackAdmin(FactsAdmin):
    when_empty = gettext_lazy("Nothing had to wait so far.")
    about = gettext_lazy(
        "What was due and did not leave, at least not then: whom we left in peace, why, and until when."
    )
    list_display = ("recipient", "purpose", "why", "until", "held", "program")
    list_display_links = ("recipient",)
    list_filter = ("held_for", NowFilter, "purpose", ProgramFilter, "held_at")
    list_select_related = ("program", "advocate", "referral")
    search_fields = ("to_name", "to_address")
    search_help_text = gettext_lazy("Name or address")
    ordering = ("-held_at", "-pk")
    fields = ("recipient", "purpose", "channel", "why", "reason", "until", "held", "program", "about_whom")
    readonly_fields = ("recipient", "why", "until", "held", "about_whom")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).held_back().defer("html", "text", "context")

    def summary(self, obj: Message) -> Sequence[Any]:
        return [format_html("{}: {}.", until(obj), obj.get_held_for_display())]

    @admin.display(description=gettext_lazy("for whom"), ordering="to_name")
    def recipient(self, message: Message) -> Any:
        return person(message.to_name or message.advocate or "–", message.to_address)

    @admin.display(description=gettext_lazy("why"), ordering="held_for")
    def why(self, message: Message) -> Any:
        return message.get_held_for_display() or message.reason

    @admin.display(description=gettext_lazy("until when"), ordering="due_at")
    def until(self, message: Message) -> Any:
        return until(message)

    @admin.display(description=gettext_lazy("held back"), ordering="held_at")
    def held(self, message: Message) -> Any:
        return moment(message.held_at, message.program.zone if message.program else None)

    @admin.display(description=gettext_lazy("about"))
    def about_whom(self, message: Message) -> Any:
        return link_to(message.referral or message.advocate)


def until(message: Message) -> Any:
    """Until when it waits; or that it left after all, or never will."""
    zone = message.program.zone if message.program else None
    if message.status in {Message.Status.QUEUED, Message.Status.SENDING}:
        return status_word("paused", format_html("{} {}", _("waits, due"), moment(message.due_at, zone)))
    if message.sent_at:
        return status_word("sent", format_html("{} {}", _("left"), moment(message.sent_at, zone)))
    return status_word("withheld", _("does not leave"))


def held_panel(messages: Any, zone: Any, more_url: str = "") -> Panel:
    """What somebody was spared lately."""
    newest = messages.held_back().order_by("-held_at").defer("html", "text", "context")
    return Panel(
        _("Held back"),
        (_("Message"), _("Why"), _("Until when"), _("Held back")),
        [
            (row.get_purpose_display(), row.get_held_for_display() or row.reason, until(row), moment(row.held_at, zone))
            for row in newest.select_related("program")[:NEWEST]
        ],
        _("Nothing that was due was held back."),
        more_url,
    )  # fmt: skip
