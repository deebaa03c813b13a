from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.services.tag import merge_tags, rename_tag, uses
from referrals.admin.cells import moment
from referrals.admin.steps import Step, StepForm, StepsAdmin
from referrals.contacts import clean_line
from referrals.models import Program, Tag
from referrals.transitions import Moved


class TagForm(forms.ModelForm):
    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"], 60)


class MergeForm(StepForm):
    into = forms.ModelChoiceField(
        Tag.objects.all(), label=gettext_lazy("Into"),
        help_text=gettext_lazy("Whoever bears any of these bears this one; the others are gone."),
    )  # fmt: skip


def merge(rows: Any, *, into: Tag, now: datetime, by: Any) -> Moved:
    tags = list(rows)
    merge_tags(tags, into)
    return Moved([tag for tag in tags if tag.pk != into.pk], [tag for tag in tags if tag.pk == into.pk])


@admin.register(Tag)
class TagAdmin(StepsAdmin):
    about = gettext_lazy("Words that you or another system put on people. Segments and plans can go by them.")
    form = TagForm
    list_display = ("name", "borne_by", "newest")
    list_display_links = ("name",)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("name",)
    fields = ("name",)
    steps = (
        Step(
            name="merge", label=gettext_lazy("Merge into one tag"), carry_out=merge, form=MergeForm, danger=True,
            does=gettext_lazy("Plans, segments and experiments that go by these go by the one you choose. "
                              "Nobody is asked because of it."),
        ),
    )  # fmt: skip

    def program_ids(self, obj: Any) -> set[int]:
        # Tags belong to the company, as its people do.
        return set(Program.objects.values_list("pk", flat=True))

    def within(self, rows: Any, programs: Any) -> Any:
        return rows

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.annotate(bearers=Count("taggings"), newest_at=Max("taggings__added_at"))

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        if change:
            rename_tag(Tag.objects.get(pk=obj.pk), obj.name)
        else:
            super().save_model(request, obj, form, change)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj and self.has_delete_permission(request, obj) and (used := uses(obj)):
            words = _("It is used by %(uses)s. Change that first, or merge this tag into another.")
            messages.warning(request, words % {"uses": ", ".join(used)})
            return HttpResponseRedirect(reverse("admin:referrals_tag_change", args=[obj.pk]))
        return super().delete_view(request, object_id, extra_context)

    def after_step(self, obj: Any) -> str:
        # After a merger there may be no page of it any more.
        return reverse("admin:referrals_tag_changelist")

    def why_not(self, row: Any) -> str:
        return _("%(row)s stays: it is the one") % {"row": row}

    def summary(self, obj: Any) -> Sequence[Any]:
        words = ngettext("%(count)d person bears it.", "%(count)d people bear it.", obj.bearers)
        url = f"{reverse('admin:referrals_advocate_changelist')}?tag={obj.pk}"
        used = uses(obj)
        return [
            format_html('<a href="{}">{}</a>', url, words % {"count": obj.bearers}),
            *([_("Used by %(uses)s.") % {"uses": ", ".join(used)}] if used else []),
        ]

    @admin.display(description=gettext_lazy("people"), ordering="bearers")
    def borne_by(self, tag: Any) -> int:
        return int(tag.bearers)

    @admin.display(description=gettext_lazy("put on last"), ordering="newest_at")
    def newest(self, tag: Any) -> Any:
        return moment(tag.newest_at) if tag.newest_at else ""
