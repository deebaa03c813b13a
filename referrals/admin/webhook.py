import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, moment, status_word
from referrals.admin.fresh import SecretAdmin
from referrals.admin.scoped import FactsAdmin, HistoryAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepsAdmin
from referrals.models import Event, WebhookCall, WebhookEndpoint
from referrals.services.webhook import (
    body_of,
    call_again,
    draw_new_secret,
    send_test_call,
    switch_off,
    switch_on,
)
from referrals.webhooks import check_address

Status = WebhookCall.Status
TONES = {Status.WAITING: "sending", Status.DONE: "sent", Status.FAILED: "failed"}


class WebhookEndpointForm(forms.ModelForm):
    url = forms.URLField(
        label=gettext_lazy("Address"), max_length=300, assume_scheme="https", validators=[check_address],
        help_text=gettext_lazy("An https address that is open to the internet."),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Hears of"),
        # As people call it, and as it stands in the type of a call.
        choices=[(kind.value, format_lazy("{} – {}", kind.label, kind.value)) for kind in Event.Kind],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Tick nothing to tell it everything."),
    )


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(SecretAdmin, StepsAdmin, HistoryAdmin):
    about = gettext_lazy(
        "Other systems that hear what happens in a program, within a minute: your CRM, your shop, Zapier. Calls are "
        "signed as Standard Webhooks says, and tell ids and facts, no names and no addresses."
    )
    when_added = gettext_lazy(
        "It hears of what happens from now on. Give it the secret below, and send a test."
    )
    form = WebhookEndpointForm
    list_display = ("name", "state", "hears_of", "waiting", "url", "program")
    list_filter = (ProgramFilter,)
    list_select_related = ("program",)
    search_fields = ("name", "url")
    ordering = ("name",)
    fields = ("program", "name", "url", "owner", "kinds")
    actions = None
    steps = (
        Step(
            name="test", label=gettext_lazy("Send a test"), carry_out=send_test_call, bulk=False,
            does=gettext_lazy("A call of the type “test” is made within a minute; its answer stands below."),
            fits=lambda row: row.is_active,
        ),
        Step(
            name="on", label=gettext_lazy("Switch on"), carry_out=switch_on, bulk=False,
            does=gettext_lazy("It hears of what happens from now on, and of what still waits for it."),
            fits=lambda row: not row.is_active,
        ),
        Step(
            name="secret", label=gettext_lazy("Replace the secret"), carry_out=draw_new_secret, bulk=False,
            does=gettext_lazy("For 24 hours, calls bear the signatures of both. Give the new one to the other system."),
            fresh=True,
        ),
        Step(
            name="off", label=gettext_lazy("Switch off"), carry_out=switch_off, bulk=False, danger=True,
            does=gettext_lazy("It hears nothing more until you switch it on again; what happens meanwhile it misses."),
            fits=lambda row: row.is_active,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        waiting = Count("calls", filter=Q(calls__status=Status.WAITING))
        return super().get_queryset(request).annotate(waiting_count=waiting)

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        if not change:
            obj.hears_since = obj.collected_until = timezone.now()
        super().save_model(request, obj, form, change)

    def summary(self, obj: WebhookEndpoint) -> Sequence[Any]:
        told = _("Told of: %(what)s.") % {"what": self.hears_of(obj)}
        if obj.is_active:
            return [self.state(obj), told]
        why = obj.disabled_because or _("by hand")
        return [self.state(obj), _("Switched off because: %(why)s.") % {"why": why}, told]

    def panels(self, request: HttpRequest, obj: WebhookEndpoint) -> list[Panel]:
        calls = obj.calls.select_related("event", "endpoint").order_by("-created_at", "-pk")[:20]
        zone = obj.program.zone
        rows = [
            (link_to(row), status_word(TONES[Status(row.status)], row.get_status_display()), row.answer,
             moment(row.done_at or row.created_at, zone))
            for row in calls
        ]  # fmt: skip
        more = f"{reverse('admin:referrals_webhookcall_changelist')}?endpoint__id__exact={obj.pk}"
        empty = _("No call yet. Send a test, and its answer stands here within a minute.")
        log = Panel(_("Newest calls"), (_("What"), _("Status"), _("Answer"), _("When")), rows, empty, more)
        if not self.has_change_permission(request, obj):
            return [log]
        secret = [(self.secret_link(obj),)]
        return [Panel(_("Signing secret (Standard Webhooks)"), (_("Secret"),), secret), log]

    @admin.display(description=gettext_lazy("status"))
    def state(self, endpoint: WebhookEndpoint) -> Any:
        if not endpoint.is_active:
            return status_word("failed", _("switched off"))
        if endpoint.failing_since:
            return status_word("sending", _("failing"))
        return status_word("live", _("on"))

    @admin.display(description=gettext_lazy("hears of"))
    def hears_of(self, endpoint: WebhookEndpoint) -> str:
        names = dict(Event.Kind.choices)
        shown = [str(names.get(kind, kind)) for kind in endpoint.kinds[:3]]
        more = len(endpoint.kinds) - len(shown)
        if not shown:
            return _("everything")
        return ", ".join(shown) + (_(" and %(count)d more") % {"count": more} if more else "")

    @admin.display(description=gettext_lazy("waiting calls"))
    def waiting(self, endpoint: Any) -> int:
        return int(endpoint.waiting_count)


@admin.register(WebhookCall)
class WebhookCallAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy(
        "What other systems were told, and what they answered. Kept for a month after it was told."
    )
    list_display = ("what", "endpoint", "state", "attempts", "answer", "next_call", "since")
    list_display_links = ("what",)
    list_filter = ("status", "endpoint", "endpoint__program")
    list_select_related = ("event", "endpoint__program")
    ordering = ("-created_at", "-pk")
    fields = ("what", "endpoint_link", "attempts", "answer", "next_call", "since", "told")
    readonly_fields = ("what", "endpoint_link", "next_call", "since", "told")
    steps = (
        Step(
            name="again", label=gettext_lazy("Call again"), carry_out=call_again,
            does=gettext_lazy("The same call is made once more, under the same id: the system can tell a repeat."),
            fits=lambda row: row.status != Status.WAITING,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("event__advocate", "endpoint__program")

    def summary(self, obj: WebhookCall) -> Sequence[Any]:
        return [self.state(obj), obj.answer]

    @admin.display(description=gettext_lazy("what"))
    def what(self, call: WebhookCall) -> str:
        return str(call)

    @admin.display(description=gettext_lazy("webhook"))
    def endpoint_link(self, call: WebhookCall) -> Any:
        return link_to(call.endpoint)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, call: WebhookCall) -> Any:
        return status_word(TONES[Status(call.status)], call.get_status_display())

    @admin.display(description=gettext_lazy("next call"), ordering="due_at")
    def next_call(self, call: WebhookCall) -> Any:
        waits = call.status == Status.WAITING and call.endpoint.is_active
        return moment(call.due_at, call.endpoint.program.zone) if waits else "–"

    @admin.display(description=gettext_lazy("since"), ordering="created_at")
    def since(self, call: WebhookCall) -> Any:
        return moment(call.created_at, call.endpoint.program.zone)

    @admin.display(description=gettext_lazy("what it was told"))
    def told(self, call: WebhookCall) -> Any:
        return format_html("<pre>{}</pre>", json.dumps(body_of(call), indent=2, ensure_ascii=False))
