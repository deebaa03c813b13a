from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import BrandVoice
from referrals.admin.scoped import HistoryAdmin, ProgramFilter, asker
from referrals.roles import programs_granting

HOW = {
    "it": ("tu", "Lei"),
    "es": ("tú", "usted"),
    "nl": ("je", "u"),
    "fr": ("tu", "vous"),
    "ru": ("вы", "вы"),
}


@admin.register(BrandVoice)
class BrandVoiceAdmin(HistoryAdmin):
    about = gettext_lazy(
        "How a program speaks in every message. A program without a voice of its own is warm, as formal as is "
        "usual in each language, and signed by the company."
    )
    list_display = ("program_name", "address", "tone", "signs")
    list_filter = ("address", "tone", ProgramFilter)
    list_select_related = ("program",)
    ordering = ("program__name",)
    fieldsets = (
        (None, {"fields": ("program",)}),
        (
            gettext_lazy("How it speaks"),
            {
                "description": gettext_lazy("A plain tone takes the short wording, where the bank has one."),
                "fields": ("address", "tone"),
            },
        ),
        (
            gettext_lazy("Who signs"),
            {
                "description": gettext_lazy("People answer a person sooner than a company."),
                "fields": ("signer", "signer_role", "sign_off"),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("program",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        mine = programs_granting(asker(request), "add", BrandVoice).filter(voice=None)[:2]
        first: dict[str, Any] = {"program": mine[0].pk} if len(mine) == 1 else {}
        return first | super().get_changeform_initial_data(request)

    def summary(self, obj: BrandVoice) -> Sequence[Any]:
        forms = ", ".join(pair[obj.is_formal(language)] for language, pair in HOW.items())
        signs = obj.signature or obj.program.sender_name or obj.program.company
        return [
            _("Readers are addressed so: %(forms)s.") % {"forms": forms},
            _("Letters end: %(sign_off)s %(signature)s")
            % {"sign_off": obj.sign_off or _("Warm regards,"), "signature": signs},
        ]

    @admin.display(description=gettext_lazy("program"), ordering="program__name")
    def program_name(self, voice: BrandVoice) -> str:
        return voice.program.name

    @admin.display(description=gettext_lazy("signs"), ordering="signer")
    def signs(self, voice: BrandVoice) -> str:
        return voice.signature or _("the company")
