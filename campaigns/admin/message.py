from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Message, Purpose
from campaigns.services.handling import MAY_GO_AGAIN, bring_otherwise, hold_back, send_again
from campaigns.services.texting import TooLong
from campaigns.services.words import NoWords, Rendered, render
from referrals.admin.cells import link_to, moment, person, status_word
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepForm, StepsAdmin

# A document of its own: no script, no form, no picture from elsewhere; only the styles a mail carries.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def mail_document(html: str) -> HttpResponse:
    """A mail's HTML, shut in by a policy of its own, to be opened in a tab of its own."""
    return HttpResponse(
        html,
        headers={
            "Content-Security-Policy": MAIL_POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        },
    )


class AttentionFilter(admin.SimpleListFilter):
    title = gettext_lazy("to do")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("attention", _("failed, or may not have arrived")), ("owed", _("rewards that did not reach their owner")),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "owed":
            return queryset.owed_undelivered()
        return queryset.needing_attention() if self.value() == "attention" else queryset


class AgainForm(StepForm):
    sure = forms.BooleanField(label=gettext_lazy("I know that what “may have arrived” can arrive twice"))


class BroughtForm(StepForm):
    note = forms.CharField(
        label=gettext_lazy("How they got it"), max_length=200,
        help_text=gettext_lazy("Such as: “Read her the code on the phone.”"),
    )  # fmt: skip


class HoldForm(StepForm):
    note = forms.CharField(label=gettext_lazy("Why"), max_length=200, required=False)


def _again(rows: Any, *, sure: bool, **more: Any) -> Any:
    return send_again(rows, **more)


@admin.register(Message)
class MessageAdmin(StepsAdmin, FactsAdmin):
    when_empty = gettext_lazy("The first is written when somebody recommends a friend, or a live plan asks.")
    about = gettext_lazy(
        "Everything that was to leave the building: what left, what waits, and what did not arrive."
    )
    change_form_template = "admin/message.html"
    list_display = ("words", "recipient", "state", "purpose", "written", "program")
    list_display_links = ("words",)
    list_filter = (AttentionFilter, "status", "purpose", ProgramFilter, "created_at")
    list_select_related = ("program", "advocate", "referral", "user")
    search_fields = ("to_name", "to_address", "subject")
    search_help_text = gettext_lazy("Name, address or subject")
    ordering = ("-created_at", "-pk")
    fields = (
        "recipient",
        "purpose",
        "channel",
        "language",
        "program",
        "about_whom",
        "written",
        "left",
        "delivered",
        "attempts",
        "reason",
    )
    readonly_fields = ("recipient", "about_whom", "written", "left", "delivered")
    steps = (
        Step(
            name="send-again", label=gettext_lazy("Send again"), carry_out=_again, form=AgainForm,
            does=gettext_lazy("It goes out once more, with the same Message-ID, so that most mailboxes see a repeat."),
            fits=lambda row: row.status in MAY_GO_AGAIN,
        ),
        Step(
            name="hold-back", label=gettext_lazy("Hold back"), carry_out=hold_back, form=HoldForm, danger=True,
            does=gettext_lazy("It stays here and is never sent."), fits=lambda row: row.status == Message.Status.QUEUED,
        ),
        Step(
            name="brought", label=gettext_lazy("They got it another way"), carry_out=bring_otherwise, form=BroughtForm,
            does=gettext_lazy("For a reward that this mail could not bring: nothing is left to do about it."),
            fits=lambda row: Message.objects.filter(pk=row.pk).owed_undelivered().exists(),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows.defer("html")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.html_view)
        return [path("<path:object_id>/html/", view, name="campaigns_message_html"), *super().get_urls()]

    def more_context(self, request: HttpRequest, obj: Message) -> dict[str, Any]:
        shown = as_received(obj)
        return super().more_context(request, obj) | {
            "mail": shown,
            "hidden": not may_be_read(obj),
            "is_draft": not obj.text,
            "html_url": reverse("admin:campaigns_message_html", args=[obj.pk])
            if shown and shown.html
            else "",
        }

    def summary(self, obj: Message) -> Sequence[Any]:
        return [format_html("{} {}", self.state(obj), obj.reason)]

    def html_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.get_object(request, object_id)
        shown = as_received(message) if message and self.has_view_permission(request, message) else None
        if shown is None or not shown.html:
            raise Http404
        return mail_document(shown.html)

    @admin.display(description=gettext_lazy("message"), ordering="subject")
    def words(self, message: Message) -> str:
        return str(message)

    @admin.display(description=gettext_lazy("to"), ordering="to_name")
    def recipient(self, message: Message) -> Any:
        return person(
            message.to_name or message.to_address or "–", message.to_address if message.to_name else ""
        )

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, message: Message) -> Any:
        return status_word(message.status, message.get_status_display())

    @admin.display(description=gettext_lazy("written"), ordering="created_at")
    def written(self, message: Message) -> Any:
        return moment(message.created_at, message.program.zone if message.program else None)

    @admin.display(description=gettext_lazy("left"))
    def left(self, message: Message) -> Any:
        zone = message.program.zone if message.program else None
        return moment(message.sent_at, zone) or format_html("{} {}", _("due"), moment(message.due_at, zone))

    @admin.display(description=gettext_lazy("delivered"))
    def delivered(self, message: Message) -> Any:
        zone = message.program.zone if message.program else None
        return moment(message.delivered_at, zone) or "–"

    @admin.display(description=gettext_lazy("about"))
    def about_whom(self, message: Message) -> Any:
        return link_to(message.referral or message.advocate)


def may_be_read(message: Message) -> bool:
    """A sign-in code is its owner's alone, unless no mail leaves and this is where they read it."""
    return message.purpose != Purpose.SIGN_IN or not settings.MAIL_LEAVES


def as_received(message: Message) -> Rendered | None:
    """The message as its reader got it, or would get it now; None when nobody else may read it."""
    if not may_be_read(message):
        return None
    if message.text or message.html:
        return Rendered(message.subject, message.text, message.html)
    try:
        return render(message)
    except (NoWords, TooLong, KeyError) as missing:
        return Rendered("", str(missing), "")


def messages_panel(messages: Any, zone: Any) -> Panel:
    """The newest messages about somebody."""
    newest = messages.exclude(purpose=Purpose.SIGN_IN).order_by("-created_at").defer("html", "text")[:20]
    return Panel(
        _("Messages"),
        (_("Message"), _("To"), _("Status"), _("When")),
        [
            (
                link_to(row), row.to_name or row.to_address,
                status_word(row.status, row.get_status_display()), moment(row.sent_at or row.created_at, zone),
            )
            for row in newest
        ],
        _("No message about this yet."),
    )  # fmt: skip
