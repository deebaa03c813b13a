from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from liquid.exceptions import LiquidError

from campaigns.models import ByHand, Message, MessageChannel
from campaigns.services.by_hand import change_letter, compose_letter, mark_sent
from campaigns.services.handling import hold_back
from campaigns.services.words import NoWords
from referrals.admin.cells import colleague, due, link_to, moment, person, status_word
from referrals.admin.scoped import FactsAdmin, ProgramFilter, asker
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.contacts import clean_line, refuse_unseen

Status = Message.Status
WEEK = timedelta(days=7)


class MineFilter(admin.SimpleListFilter):
    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("mine", _("mine")),
            ("late", _("waiting for a week or more")),
            ("sent", _("sent already, by anybody")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "sent":
            return queryset.filter(status=Status.SENT)
        waiting = queryset.filter(status=Status.BY_HAND)
        if self.value() == "late":
            return waiting.filter(due_at__lt=timezone.now() - WEEK)
        return waiting.filter(user=request.user) if self.value() == "mine" else waiting


class WordsForm(StepForm):
    """The words as they are now, to be changed; a text message has no subject."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200, required=False)
    text = forms.CharField(
        label=gettext_lazy("Words"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 16, "class": "words"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        message = self.rows.select_related("program", "advocate", "referral").get()
        try:
            letter = compose_letter(message)
        except (NoWords, LiquidError, KeyError):
            return
        self.fields["subject"].initial, self.fields["text"].initial = letter
        if message.channel != MessageChannel.EMAIL:
            self.fields["subject"].widget = forms.HiddenInput()

    def clean_subject(self) -> str:
        return clean_line(self.cleaned_data["subject"], 200)

    def clean_text(self) -> str:
        words: str = self.cleaned_data["text"].replace("\r\n", "\n").strip()
        refuse_unseen(words, lines=True)
        return words


@admin.register(ByHand)
class ByHandAdmin(StepsAdmin, FactsAdmin):
    when_empty = gettext_lazy(
        "“Write to them personally”, and plans in which a person asks, put messages here."
    )
    about = gettext_lazy(
        "Personal messages that wait for you: open one in your own mail program, change what you like, send it, "
        "and say so here."
    )
    change_form_template = "admin/by_hand.html"
    list_display = ("recipient", "purpose", "sender", "state", "when", "program")
    list_display_links = ("recipient",)
    list_filter = (MineFilter, "purpose", ProgramFilter)
    list_select_related = ("program", "advocate", "user")
    search_fields = ("to_name", "to_address")
    search_help_text = gettext_lazy("Name or address")
    ordering = ("due_at", "pk")
    fields = ("recipient", "purpose", "channel", "language", "sender", "when", "program", "about_whom")
    readonly_fields = ("recipient", "sender", "when", "about_whom")
    steps = (
        Step(
            name="words", label=gettext_lazy("Change the words"), carry_out=change_letter, form=WordsForm, bulk=False,
            does=gettext_lazy("For this person only; the template stays as it is."),
            fits=lambda row: row.status == Status.BY_HAND,
        ),
        Step(
            name="sent", label=gettext_lazy("I have sent it"), carry_out=mark_sent,
            does=gettext_lazy("It counts as sent from now on, also in what this person got from us lately."),
            fits=lambda row: row.status == Status.BY_HAND,
        ),
        Step(
            name="leave", label=gettext_lazy("Do not send it"), carry_out=hold_back, danger=True,
            does=gettext_lazy("It leaves your list, and this person does not get it."),
            fits=lambda row: row.status == Status.BY_HAND,
        ),
    )  # fmt: skip

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "ask__plan__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).exclude(user=None).filter(lease=None)
        return rows.filter(status__in=[Status.BY_HAND, Status.SENT]).defer("html")

    def more_context(self, request: HttpRequest, obj: Message) -> dict[str, Any]:
        shown = super().more_context(request, obj)
        if obj.status != Status.BY_HAND:
            return shown | {"letter": {"subject": obj.subject, "text": obj.text}}
        try:
            letter = compose_letter(obj)
        except (NoWords, LiquidError, KeyError) as missing:
            return shown | {"missing": str(missing)}
        is_own = obj.user_id == asker(request).pk
        return shown | {"letter": letter, "letter_url": letter.link(obj), "is_own": is_own}

    def summary(self, obj: Message) -> Sequence[Any]:
        return (
            [_("For %(who)s to send.") % {"who": colleague(obj.user)}] if obj.status == Status.BY_HAND else []
        )

    @admin.display(description=gettext_lazy("to"), ordering="to_name")
    def recipient(self, message: Message) -> Any:
        return person(message.to_name or message.advocate or "–", message.to_address)

    @admin.display(description=gettext_lazy("who sends it"), ordering="user")
    def sender(self, message: Message) -> str:
        return colleague(message.user)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, message: Message) -> Any:
        tone = "waiting" if message.status == Status.BY_HAND else message.status
        return status_word(tone, message.get_status_display())

    @admin.display(description=gettext_lazy("when"), ordering="due_at")
    def when(self, message: Message) -> Any:
        zone = message.program.zone if message.program else None
        return moment(message.sent_at, zone) or due(message.due_at, zone)

    @admin.display(description=gettext_lazy("about"))
    def about_whom(self, message: Message) -> Any:
        return link_to(message.advocate or message.referral)
