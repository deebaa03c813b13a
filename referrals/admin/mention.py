from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.cells import colleague, link_to, moment, person
from referrals.admin.scoped import FactsAdmin, Panel, ProgramFilter
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.models import Enrolment, Mention, Referral
from referrals.services.mention import attach_mentions, close_mentions

MOST_MEANT = 10


class AdvocateForm(StepForm):
    """Whose friend they are: an advocate of the same program."""

    enrolment = forms.ModelChoiceField(Enrolment.objects.none(), label=gettext_lazy("Who told them"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One friend, or none where an advocate of one program must be chosen for those of two.
        programs = list(self.rows.order_by().values_list("program", flat=True).distinct()[:2])
        field: Any = self.fields["enrolment"]
        field.queryset = Enrolment.objects.filter(program__in=programs[:1]).select_related(
            "advocate", "program"
        )
        field.widget = AutocompleteSelect(Referral._meta.get_field("enrolment"), admin.site)
        field.widget.choices = field.choices


@admin.register(Mention)
class MentionAdmin(StepsAdmin, FactsAdmin):
    about = gettext_lazy(
        "Friends who left their details and said that somebody told them, where the name fits nobody of yours or "
        "several people. Call them, ask, and say whose friend they are."
    )
    list_display = ("friend", "told_by", "came", "phone_link", "outcome", "program")
    list_display_links = ("friend",)
    list_filter = (("settled_at", admin.EmptyFieldListFilter), ProgramFilter, "came_at")
    list_select_related = ("program", "referral__enrolment__advocate")
    search_fields = ("name", "email", "phone", "told_by")
    search_help_text = gettext_lazy("Friend, e-mail, phone or who told them")
    ordering = ("came_at", "pk")
    fields = (
        "program",
        "told_by",
        "name",
        "company",
        "email",
        "phone_link",
        "note",
        "agreement",
        "came",
        "outcome",
    )
    readonly_fields = ("phone_link", "came", "outcome")
    steps = (
        Step(
            name="attach", label=gettext_lazy("Say whose friend they are"), form=AdvocateForm,
            carry_out=attach_mentions, bulk=False,
            does=gettext_lazy(
                "The friend becomes a recommendation of this advocate, who is told that they came. A call is due."
            ),
            fits=lambda row: row.settled_at is None,
        ),
        Step(
            name="nobody", label=gettext_lazy("Nobody of ours"), carry_out=close_mentions,
            does=gettext_lazy("They found you like anybody else. What they wrote is deleted after 30 days."),
            fits=lambda row: row.settled_at is None,
        ),
    )  # fmt: skip

    def why_not(self, row: Any) -> str:
        return _("%(row)s is settled") % {"row": row}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related, "settled_by")

    def summary(self, obj: Mention) -> Sequence[Any]:
        said = _("%(friend)s says: “%(told_by)s” told them.") % {"friend": obj, "told_by": obj.told_by}
        return [said, self.outcome(obj)]

    def panels(self, request: HttpRequest, obj: Mention) -> list[Panel]:
        named = Enrolment.objects.filter(program=obj.program_id, advocate__name__icontains=obj.told_by)
        found = named.select_related("advocate").order_by("advocate__name", "pk")[:MOST_MEANT]
        rows = [(link_to(place.advocate), place.advocate.company, place.code) for place in found]
        headers = (_("Advocate"), _("Company"), _("Code"))
        return [Panel(_("Whom they may mean"), headers, rows, _("Nobody of this program has such a name."))]

    @admin.display(description=gettext_lazy("friend"), ordering="name")
    def friend(self, mention: Mention) -> Any:
        return person(mention, mention.company or mention.email)

    @admin.display(description=gettext_lazy("came"), ordering="came_at")
    def came(self, mention: Mention) -> Any:
        return moment(mention.came_at, mention.program.zone)

    @admin.display(description=gettext_lazy("phone"))
    def phone_link(self, mention: Mention) -> Any:
        return format_html('<a href="tel:{}">{}</a>', mention.phone, mention.phone) if mention.phone else ""

    @admin.display(description=gettext_lazy("what came of it"))
    def outcome(self, mention: Mention) -> Any:
        if mention.settled_at is None:
            return _("to find out")
        if mention.referral:
            return link_to(
                mention.referral, _("friend of %(who)s") % {"who": mention.referral.enrolment.advocate}
            )
        by = colleague(mention.settled_by)
        return _("nobody of ours, says %(who)s") % {"who": by} if by else _("nobody of ours")
