"""The editor's preview: the words that stand in the form, as a reader gets them. Nothing is saved."""

from typing import Any, NamedTuple

from csp.constants import SELF
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from liquid.exceptions import LiquidError

from campaigns.admin.message import mail_document
from campaigns.models import MessageChannel, MessageTemplate
from campaigns.services.checking import check_words
from campaigns.services.framing import framing_hints
from campaigns.services.placeholders import PLACEHOLDERS
from campaigns.services.texting import text_parts
from campaigns.services.trying import find_reader, newest_readers, preview, send_test
from campaigns.services.words import Rendered
from referrals.admin.scoped import ScopedAdmin, asker
from referrals.models import Program
from referrals.roles import programs_granting
from referrals.transitions import Refused

TRIES = frozenset({"_look", "_test"})
TYPED = ("purpose", "channel", "language", "contact_kind", "variant", "subject", "body")
# What only a mail program can decide: here it is decided by the button.
DARK = ("@media (prefers-color-scheme: dark)", "@media all")
PHONE = ("</head>", "<style>html{max-width:390px;margin:0 auto}</style></head>")


class Trial(NamedTuple):
    """What stands beneath the form."""

    mail: Rendered | None
    hints: list[str]
    length: str
    reader: str
    readers: list[str]
    nobody: bool
    look_url: str


class TryForm(ModelForm):
    """A form whose “Preview” and “Send me a test” save nothing."""

    def is_valid(self) -> bool:
        return super().is_valid() and not TRIES & set(self.data)


class TrialAdmin(ScopedAdmin):
    """An admin class of words that can be tried out while they are written."""

    def get_urls(self) -> list[Any]:
        look = xframe_options_sameorigin(self.admin_site.admin_view(self.look_view))
        return [
            path("preview/", look, name="campaigns_messagetemplate_preview_new"),
            path("<path:object_id>/preview/", look, name="campaigns_messagetemplate_preview"),
            *super().get_urls(),
        ]

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        if request.method == "POST" and "_test" in request.POST:
            self.test(request, obj)
        shown: dict[str, Any] = {"new_look_url": self.look_url(None)}
        if obj or request.method == "POST":
            shown["trial"] = self.trial(request, obj)
        answer = super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))
        # The mail as it looks stands in a frame of its own.
        answer._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
        return answer

    def test(self, request: HttpRequest, obj: MessageTemplate | None) -> None:
        """Send what stands in the form to whoever asks; what is wrong with it, the form says."""
        if not self.may(request, "change" if obj else "add", obj):
            raise PermissionDenied
        if self.get_form(request, obj, change=bool(obj))(request.POST, instance=obj).errors:
            return
        template = self.typed(request, obj)
        program = self.program_for(request, template)
        reader = find_reader(program, request.POST.get("reader", ""))
        try:
            send_test(template, program, asker(request), now=timezone.now(), reader=reader)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            sent = _("It is on its way to %(address)s. Nothing is saved yet.")
            messages.success(request, sent % {"address": asker(request).email})

    def trial(self, request: HttpRequest, obj: MessageTemplate | None) -> Trial:
        template = self.typed(request, obj)
        program = self.program_for(request, template)
        asked_for = request.POST.get("reader", "")[:80]
        reader = find_reader(program, asked_for)
        mail = _shown(template, program, reader)
        return Trial(
            mail=mail,
            hints=framing_hints(
                template.purpose, template.language, template.body,
                subject=template.subject, channel=template.channel,
            ),
            length=_length(template, mail),
            reader=reader.advocate.name if reader else asked_for,
            readers=newest_readers(program),
            nobody=bool(asked_for.strip()) and reader is None,
            look_url=self.look_url(obj),
        )  # fmt: skip

    def look_view(self, request: HttpRequest, object_id: str = "") -> HttpResponse:
        """The mail as a document of its own: in the light, in the dark, or as wide as a phone."""
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        if (object_id and obj is None) or not self.may(request, "view" if obj else "add", obj):
            raise Http404
        template = self.typed(request, obj)
        program = self.program_for(request, template)
        mail = _shown(template, program, find_reader(program, request.POST.get("reader", "")))
        if mail is None:
            raise Http404
        if not mail.html:
            return HttpResponse(mail.text, content_type="text/plain; charset=utf-8")
        return mail_document(look_as(mail.html, request.POST.get("as", "")))

    def typed(self, request: HttpRequest, obj: MessageTemplate | None) -> MessageTemplate:
        """The template with what stands in the form, which is not saved."""
        kept = {name: getattr(obj, name) for name in (*TYPED, "program")} if obj else {}
        known = {
            name for name in TYPED if _fits(name, request.POST.get(name)) and not (obj and name == "purpose")
        }
        if obj and not self.may(request, "change", obj):
            known = set()
        return MessageTemplate(**kept | {name: request.POST[name] for name in known})

    def program_for(self, request: HttpRequest, template: MessageTemplate) -> Program | None:
        """The template's program; the one chosen in the form; or, for the bank, the person's first."""
        chosen = request.POST.get("program", "")
        if template.program is None and chosen.isdecimal():
            return programs_granting(asker(request), "add", MessageTemplate).filter(pk=chosen).first()
        return template.program or Program.objects.for_staff(asker(request)).first()

    def look_url(self, obj: MessageTemplate | None) -> str:
        name = "admin:campaigns_messagetemplate_preview"
        return reverse(name, args=[obj.pk]) if obj else reverse(f"{name}_new")


def _fits(name: str, value: str | None) -> bool:
    """Whether this was typed, and is one of the field's choices where it has some."""
    choices = MessageTemplate._meta.get_field(name).choices  # type: ignore[union-attr]
    return value is not None and (not choices or value in dict(choices))


def _shown(template: MessageTemplate, program: Program | None, reader: Any) -> Rendered | None:
    """None for what the product writes by itself, and for words that the check refuses."""
    if template.purpose not in PLACEHOLDERS:
        return None
    try:
        check_words(template.purpose, template.subject, template.body)
        return preview(template, program, reader)
    except LiquidError as wrong:
        return Rendered("", _("These words cannot be read: %(problem)s.") % {"problem": wrong.message}, "")
    except ValidationError as wrong:
        return Rendered("", "\n".join(wrong.messages), "")


def _length(template: MessageTemplate, mail: Rendered | None) -> str:
    return "" if mail is None or template.channel != MessageChannel.SMS else text_length(mail.text)


def look_as(html: str, how: str) -> str:
    """A mail as it looks: “dark”, or as wide as a “phone”; else as it is."""
    return html.replace(*{"dark": DARK, "phone": PHONE}.get(how, ("", "")))


def text_length(text: str) -> str:
    """How long a text message is, and what that means."""
    parts = text_parts(text)
    return ngettext(
        "%(length)d characters: it travels in one part.",
        "%(length)d characters: it travels in %(parts)d parts, and is paid for as often.",
        parts,
    ) % {"length": len(text), "parts": parts}
