from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from referrals.admin.cells import colleague, link_to, moment, person, status_word
from referrals.admin.scoped import HistoryAdmin, Panel, ProgramFilter, asker
from referrals.admin.segment_form import SegmentForm
from referrals.models import Advocate, Pick, Segment
from referrals.services.segment import size_segment

SAMPLE = 10
NEWEST = 20


@admin.register(Segment)
class SegmentAdmin(HistoryAdmin):
    about = gettext_lazy("Groups of people, for plans and for whom to ask next. Counted every hour.")
    list_display = ("name", "kind_word", "people", "counted", "program")
    list_display_links = ("name",)
    list_filter = ("kind", ProgramFilter)
    list_select_related = ("program",)
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", "program", "match")

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        of_company = isinstance(obj, Segment) and obj.pk and obj.program_id is None
        if of_company:
            return asker(request).is_superuser or (verb == "view" and super().may(request, verb))
        return super().may(request, verb, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The inner circle goes with its program: emptying it is a step, one person at a time.
        is_circle = obj is not None and obj.kind == Segment.Kind.INNER_CIRCLE
        return not is_circle and super().has_delete_permission(request, obj)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        segment = self.get_object(request, object_id) if object_id else Segment()
        if segment is None:
            raise Http404
        saved = segment if segment.pk else None
        verb = "change" if saved else "add"
        if not self.may(request, "view" if saved and request.method == "GET" else verb, saved):
            raise PermissionDenied
        if segment.kind == Segment.Kind.INNER_CIRCLE:
            return self._show(request, segment, None)
        form = SegmentForm(segment, asker(request), request.POST if request.method == "POST" else None)
        asked = request.POST.get("_do", "")
        if asked == "add":
            form.add(request.POST.get("add", ""))
        elif asked in {"save", "preview"} and form.is_valid():
            if asked == "save":
                return self._save(request, form.result(), is_new=saved is None)
            return self._show(request, form.result(), form, previewed=True)
        return self._show(request, segment, form)

    def _save(self, request: HttpRequest, segment: Segment, *, is_new: bool) -> HttpResponse:
        segment.save()
        size = size_segment(segment, now=timezone.now())
        (self.log_addition if is_new else self.log_change)(request, segment, [])
        found = ngettext("“%(name)s”: %(count)d person now.", "“%(name)s”: %(count)d people now.", size)
        messages.success(request, found % {"name": segment, "count": size})
        return HttpResponseRedirect(reverse("admin:referrals_segment_change", args=[segment.pk]))

    def _show(
        self, request: HttpRequest, segment: Segment, form: SegmentForm | None, *, previewed: bool = False
    ) -> HttpResponse:
        now = timezone.now()
        people = segment.members(now) if segment.pk or previewed else Advocate.objects.none()
        mine = Advocate.objects.for_staff(asker(request))
        shown = {
            "title": str(segment) if segment.pk else _("Add segment"),
            "opts": self.opts,
            "segment": segment,
            "form": form,
            "may_save": self.may(request, "change" if segment.pk else "add", segment if segment.pk else None),
            "may_delete": segment.pk and self.has_delete_permission(request, segment),
            "previewed": previewed,
            "size": people.count() if previewed else segment.size,
            "counted": moment(segment.sized_at) if not previewed else "",
            "sentence": segment.sentence if segment.pk or previewed else "",
            "sample": [_shown(row) for row in mine.filter(pk__in=people.values("pk"))[:SAMPLE]],
            "panels": _picks(segment) if form is None else [],
        }
        return TemplateResponse(request, "admin/segment.html", self.admin_site.each_context(request) | shown)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_word(self, segment: Segment) -> Any:
        tone = "live" if segment.kind == Segment.Kind.INNER_CIRCLE else ""
        return status_word(tone, segment.get_kind_display())

    @admin.display(description=gettext_lazy("people"), ordering="size")
    def people(self, segment: Segment) -> Any:
        return "–" if segment.size is None else segment.size

    @admin.display(description=gettext_lazy("counted"), ordering="sized_at")
    def counted(self, segment: Segment) -> Any:
        return moment(segment.sized_at)


def _shown(row: Advocate) -> Any:
    return person(link_to(row), " · ".join(filter(None, (row.get_kind_display(), row.company))))


def _picks(segment: Segment) -> Sequence[Panel]:
    newest = Pick.objects.filter(segment=segment).select_related("advocate", "picked_by").order_by("-pk")
    rows = [
        (link_to(pick.advocate), colleague(pick.picked_by), moment(pick.picked_at))
        for pick in newest[:NEWEST]
    ]
    headers = (_("Who"), _("Picked by"), _("Picked"))
    empty = _("Nobody yet. Open somebody's page, or choose people in the list, and pick them.")
    more = f"{reverse('admin:referrals_advocate_changelist')}?segment={segment.pk}"
    return [Panel(_("Who is in it"), headers, rows, empty, more)]
