"""“Bring in a file”: upload, look at what it would do, import. The work is the worker's."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_q.tasks import async_task

from campaigns.admin.import_columns import ColumnsForm
from campaigns.services.suppression_list import UNWANTED
from referrals.admin.cells import moment, status_word
from referrals.admin.scoped import asker
from referrals.exports import csv_lines
from referrals.models import ImportFile, Program
from referrals.roles import programs_granting
from referrals.services.file_kind import MOST_ERRORS, FileKind, kind_of, kinds
from referrals.services.uploads import remember_columns

LARGEST = 10 * 1024 * 1024
READ_FILES = "campaigns.tasks.read_files"
Status = ImportFile.Status
# How many rows are named for each reason, and what of a reason is only that row's.
FIRST_ROWS = 5
_QUOTED = re.compile("“[^”]*”")


class UploadForm(forms.Form):
    what = forms.ChoiceField(label=gettext_lazy("What does it hold?"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or Excel (.xlsx), its first row names the columns. 10 MB, 50,000 rows and 300 columns at most."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,text/csv"}),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("This file is empty. Choose another."),
        },
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(kind.name, kind.label) for kind in kinds() if kind.is_for(user)]
        self.fields["what"].choices = offered  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if file.size and file.size > LARGEST:
            raise forms.ValidationError(
                _("This file is larger than 10 MB. Split it, or have it read on the command line.")
            )
        return file


def may_import(user: Any) -> bool:
    return bool(user.has_perm("referrals.add_importfile"))


def bring_in(request: HttpRequest) -> HttpResponse:
    """The request only keeps the file: the worker reads it."""
    if not may_import(request.user):
        raise PermissionDenied
    posted = request.method == "POST"
    asked = {"what": request.GET.get("what", ImportFile.PEOPLE)}
    form = UploadForm(*((request.POST, request.FILES) if posted else ()), user=request.user, initial=asked)
    if posted and form.is_valid():
        file = _keep(request, **form.cleaned_data)
        return HttpResponseRedirect(reverse("admin:import-file", args=[file.pk]))
    rows = ImportFile.objects.for_staff(request.user).light().order_by("-uploaded_at")[:20]
    shown = {
        "form": form,
        "title": _("Bring in people, sales or events"),
        "files": [_line(row) for row in rows],
    }
    return TemplateResponse(request, "admin/imports.html", admin.site.each_context(request) | shown)


def _keep(request: HttpRequest, *, what: str, file: UploadedFile) -> ImportFile:
    name = "".join(c for c in str(file.name) if c.isprintable())[-100:] or _("file")
    with transaction.atomic():
        kept = ImportFile.objects.create(
            program=_only_program(asker(request), kind_of(what)),
            uploaded_by=asker(request),
            uploaded_at=timezone.now(),
            name=name,
            content=file.read(),
            what=what,
        )
        _log(request, kept, ADDITION, "uploaded")
        _wake_worker()
    return kept


def _only_program(user: Any, kind: FileKind) -> Program | None:
    """The one that a file can only be about, if it has to be about one."""
    if not kind.needs_program or (kind.may_be_of_all and user.is_superuser):
        return None
    programs = programs_granting(user, "add", ImportFile)[:2]
    return programs[0] if len(programs) == 1 else None


def _line(file: ImportFile) -> Sequence[Any]:
    url = reverse("admin:import-file", args=[file.pk])
    return (
        url,
        file.name,
        kind_of(file.what).label,
        status_word(file.status, file.get_status_display()),
        moment(file.uploaded_at),
    )


def show_import(request: HttpRequest, pk: int) -> HttpResponse:
    """What a file would do, or did. Whoever did not upload it finds nothing here."""
    if not may_import(request.user):
        raise PermissionDenied
    file = get_object_or_404(
        ImportFile.objects.for_staff(request.user).light().select_related("program"), pk=pk
    )
    form = None
    if file.status == Status.READ:
        form = ColumnsForm(request.POST if "read" in request.POST else None, file=file, user=request.user)
    if request.method == "POST":
        answer = _decide(request, file, form)
        if answer:
            return answer
    shown = admin.site.each_context(request) | _shown(file, form)
    page = TemplateResponse(request, "admin/import.html", shown)
    if file.in_hand:
        page["Refresh"] = "2"
    return page


def _decide(request: HttpRequest, file: ImportFile, form: ColumnsForm | None) -> HttpResponse | None:
    """What the pressed button does; nothing for a form that has to be corrected."""
    if "refused" in request.POST:
        return _refused_rows(request, file)
    if "delete" in request.POST:
        file.delete()
        messages.success(request, _("The file is deleted."))
        return HttpResponseRedirect(reverse("admin:imports"))
    if form and "read" in request.POST:
        if not form.is_valid():
            return None
        _move(request, file, Status.UPLOADED, **form.choices())
    elif form and "import" in request.POST and not file.reason:
        _move(request, file, Status.APPLYING, leave_out_faults="leave_out" in request.POST)
        remember_columns(file, now=timezone.now())
    return HttpResponseRedirect(request.path)


def _move(request: HttpRequest, file: ImportFile, to: str, **changes: Any) -> None:
    with transaction.atomic():
        if ImportFile.objects.filter(pk=file.pk).advance(to, **changes):
            _log(request, file, CHANGE, str(Status(to).label))
            _wake_worker()


def _wake_worker() -> None:
    # The clock looks each minute, if the broker is away.
    transaction.on_commit(lambda: async_task(READ_FILES), robust=True)


def _log(request: HttpRequest, file: ImportFile, flag: int, message: str) -> None:
    LogEntry.objects.create(
        user_id=asker(request).pk,
        content_type=ContentType.objects.get_for_model(ImportFile),
        object_id=str(file.pk),
        object_repr=file.name[:200],
        action_flag=flag,
        change_message=message,
    )


def _refused_rows(request: HttpRequest, file: ImportFile) -> HttpResponse:
    errors = file.found.get("errors", [])
    _log(request, file, CHANGE, f"downloaded {len(errors)} refused rows")
    rows = [(_("Row"), _("Column"), _("What to do")), *errors]
    return HttpResponse(
        list(csv_lines(rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="refused-rows.csv"'},
    )


def _shown(file: ImportFile, form: ColumnsForm | None) -> dict[str, Any]:
    found = file.found
    counts, errors = found.get("counts", {}), found.get("errors", [])
    wrong, good = counts.get("refused", 0), counts.get("rows", 0) - counts.get("refused", 0)
    return {
        "title": file.name, "file": file, "form": form, "tiles": _tiles(file, counts), "source": found.get("source"),
        "state": status_word(file.status, file.get_status_display()), "waiting": file.in_hand, "wrong": wrong,
        "good": good, "changes": found.get("changes", []), "arrivals": found.get("arrivals", []),
        "errors": errors[:100], "causes": _causes(errors), "all_wrong": len(errors) >= MOST_ERRORS,
        "nameless": file.is_people and file.status == Status.READ and not NAMED & set(file.columns.values()),
        "nothing": bool(counts) and not any(counts.get(name) for name in ("new", "changed", "refusals", "nobody")),
        "said": _said(file, counts) if file.status == Status.DONE else "",
        "warnings": found.get("warnings", []), "warned_of": _causes(found.get("warnings", [])),
        "warned": counts.get("warned", 0), "see": SEE.get(file.what, SEE[""]),
    }  # fmt: skip


def _causes(faults: Sequence[Any]) -> list[tuple[str, str, int, str]]:
    """What is wrong, once for each reason and the commonest first: column, words, in how many rows, the first of them.
    Words that differ only in what they quote from the row are one reason."""
    found: dict[tuple[str, str], list[Any]] = {}
    for fault in faults:
        found.setdefault((fault[1], _QUOTED.sub("“…”", fault[2])), []).append(fault)
    causes = []
    for (column, _text), same in sorted(found.items(), key=lambda cause: -len(cause[1])):
        rows = ", ".join(str(row) for row, *_rest in same[:FIRST_ROWS])
        causes.append((column, same[0][2], len(same), rows + (", …" if len(same) > FIRST_ROWS else "")))
    return causes


OF_PEOPLE = {
    "new": gettext_lazy("new"),
    "changed": gettext_lazy("changed"),
    "unchanged": gettext_lazy("as they are"),
    "refused": gettext_lazy("refused"),
    "warned": gettext_lazy("cells left empty"),
    "no_mail": gettext_lazy("want no mail"),
    "no_texts": gettext_lazy("want no text messages"),
    "suppressed": gettext_lazy("get nothing from us already"),
}
OF_ADDRESSES = {
    "new": gettext_lazy("new on the list"),
    "unchanged": gettext_lazy("on it already"),
    "refused": gettext_lazy("refused"),
}
OF_SALES = {
    "new": gettext_lazy("new sales that count"),
    "unchanged": gettext_lazy("recorded before"),
    "nobody": gettext_lazy("of buyers whom nobody recommended"),
    "unpaid": gettext_lazy("not paid: passed over"),
    "refused": gettext_lazy("refused"),
    "warned": gettext_lazy("cells left empty"),
}
OF_EVENTS = {
    "new": gettext_lazy("new events"),
    "unchanged": gettext_lazy("recorded before"),
    "people": gettext_lazy("new people"),
    "refused": gettext_lazy("refused"),
}
OF_LEADS = {
    name: label
    for name, label in OF_PEOPLE.items()
    if name in {"new", "changed", "unchanged", "refused", "warned"}
}
TILES = {
    ImportFile.PEOPLE: OF_PEOPLE,
    ImportFile.SALES: OF_SALES,
    ImportFile.LEADS: OF_LEADS,
    UNWANTED: OF_ADDRESSES,
}
NAMED = {"name", "first_name", "last_name"}
# Where to look at what came in.
SEE = {
    ImportFile.PEOPLE: ("admin:referrals_advocate_changelist", gettext_lazy("See the people")),
    ImportFile.SALES: ("admin:referrals_conversion_changelist", gettext_lazy("See the sales")),
    ImportFile.LEADS: ("admin:referrals_lead_changelist", gettext_lazy("See the leads")),
    UNWANTED: ("admin:campaigns_suppression_changelist", gettext_lazy("See the list")),
    "": ("admin:referrals_event_changelist", gettext_lazy("See the events")),
}


def _tiles(file: ImportFile, counts: dict[str, int]) -> list[tuple[Any, int]]:
    names = TILES.get(file.what, OF_EVENTS)
    return [(label, counts[name]) for name, label in names.items() if name in counts]


def _said(file: ImportFile, counts: dict[str, int]) -> str:
    new, changed = counts.get("new", 0), counts.get("changed", 0)
    if file.what == UNWANTED:
        return ngettext(
            "Nothing is sent to %(count)d more address.", "Nothing is sent to %(count)d more addresses.", new
        ) % {"count": new}
    if file.what == ImportFile.SALES:
        return ngettext("%(count)d sale counts anew.", "%(count)d sales count anew.", new) % {"count": new}
    if file.what == ImportFile.LEADS:
        words = ngettext(
            "%(count)d lead is new, %(changed)d changed.",
            "%(count)d leads are new, %(changed)d changed.",
            new,
        )
        return words % {"count": new, "changed": changed}
    if not file.is_people:
        return ngettext("%(count)d event was recorded.", "%(count)d events were recorded.", new) % {
            "count": new
        }
    words = ngettext(
        "%(count)d person is new, %(changed)d changed.", "%(count)d people are new, %(changed)d changed.", new
    )
    return words % {"count": new, "changed": changed}
