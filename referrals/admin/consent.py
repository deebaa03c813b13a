from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy

from referrals.admin.cells import link_to, moment
from referrals.admin.scoped import FactsAdmin, ProgramFilter
from referrals.models import Consent


@admin.register(Consent)
class ConsentAdmin(FactsAdmin):
    about = gettext_lazy("Who said yes, when, and to which exact words.")
    list_display = ("friend", "who", "said", "given", "program")
    list_display_links = ("said",)
    list_filter = (ProgramFilter, "who", "given_at")
    list_select_related = ("referral__program",)
    search_fields = ("referral__name", "referral__email")
    ordering = ("-given_at",)
    fields = ("friend", "who", "words", "given")
    readonly_fields = ("friend", "given")

    @admin.display(description=gettext_lazy("friend"))
    def friend(self, consent: Consent) -> Any:
        return link_to(consent.referral)

    @admin.display(description=gettext_lazy("words"))
    def said(self, consent: Consent) -> str:
        return consent.words[:80]

    @admin.display(description=gettext_lazy("given"), ordering="given_at")
    def given(self, consent: Consent) -> Any:
        return moment(consent.given_at, consent.referral.program.zone)

    @admin.display(description=gettext_lazy("program"))
    def program(self, consent: Consent) -> Any:
        return consent.referral.program
