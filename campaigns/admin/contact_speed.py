"""“How fast we call”: the time to the first talk, beside the promise, other leads and the field."""

import csv
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.services.contact_speed import LeadSpeeds, Speeds, backlog
from referrals.admin.cells import colleague
from referrals.admin.chosen import chosen_of
from referrals.admin.scoped import asker
from referrals.models import Program, Referral
from referrals.roles import programs_granting

PERIODS = (30, 90, 365)
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def show_contact_speed(request: HttpRequest) -> HttpResponseBase:
    """For one program: the first, or the one chosen. A POST gives the rows behind it as CSV, and is logged."""
    if not asker(request).has_perm("referrals.view_referral"):
        raise PermissionDenied
    programs = list(programs_granting(asker(request), "view", Referral))
    program = chosen_of(programs, request.GET, only=True)
    days = next((days for days in PERIODS if str(days) == request.GET.get("days")), PERIODS[1])
    if request.method == "POST" and program:
        return _export(request, program, days)
    shown = {
        "title": _("How fast we call"), "programs": programs, "program": program, "days": days, "periods": PERIODS,
    } | (_figures(program, days) if program else {})  # fmt: skip
    return TemplateResponse(request, "admin/contact_speed.html", admin.site.each_context(request) | shown)


def _figures(program: Program, days: int) -> dict[str, Any]:
    now = timezone.now()
    speeds = Speeds(program, since=now - timedelta(days=days), now=now)
    others = LeadSpeeds(program, since=now - timedelta(days=days), now=now)
    return {
        "all": speeds.all(),
        "others": others.all(),
        "backlog": backlog(program, now=now),
        "divisions": [
            (_("By who calls"), speeds.by_owner()), (_("By how they came"), speeds.by_source()),
            (_("By channel"), speeds.by_channel()), (_("By week"), speeds.by_week()),
            (_("Other leads, by source"), others.by_source()), (_("Other leads, by who calls"), others.by_owner()),
        ],
    }  # fmt: skip


def _export(request: HttpRequest, program: Program, days: int) -> StreamingHttpResponse:
    LogEntry.objects.create(
        user=asker(request), content_type=ContentType.objects.get_for_model(Program), object_id=str(program.pk),
        object_repr=str(program), action_flag=CHANGE, change_message=_("Exported how fast we call"),
    )  # fmt: skip
    since = timezone.now() - timedelta(days=days)
    rows = Referral.objects.filter(program=program, submitted_at__gte=since).select_related(
        "owner", "channel"
    )
    lines = _lines(program, rows.order_by("pk").iterator(chunk_size=2000))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="how-fast-we-call.csv"'
    return response


class _Line:
    """Takes a line of the csv module and gives it on."""

    def write(self, line: str) -> str:
        return line


def _lines(program: Program, rows: Iterable[Referral]) -> Iterator[str]:
    """No names of friends or advocates: this file answers how fast, not who."""
    writer: Any = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(
        [_("number"), _("came"), _("came by"), _("channel"), _("who calls"), _("status"), _("first talk"),
         _("business hours")]
    )  # fmt: skip
    for row in rows:
        first = program.local(row.contacted_at).isoformat(" ", "minutes") if row.contacted_at else ""
        hours = "" if row.contact_minutes is None else f"{row.contact_minutes / 60:.1f}"
        came = program.local(row.submitted_at).isoformat(" ", "minutes")
        cells = [row.pk, came, row.get_source_display(), row.channel or "", colleague(row.owner),
                 row.get_status_display(), first, hours]  # fmt: skip
        yield writer.writerow([_no_formula(str(cell)) for cell in cells])


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
