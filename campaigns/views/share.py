from datetime import datetime
from io import BytesIO
from uuid import UUID

import segno
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.doors import channel_slug, count_unknown, limit_forms, only_one, private_page
from campaigns.models import testimonials_on
from campaigns.offers import Side, offers_of
from campaigns.sharing import onward_link, share_link
from referrals.forms import JoinForm
from referrals.hours import call_by
from referrals.models import Click, Enrolment
from referrals.prepared import prepared
from referrals.services.join import join_by_link
from referrals.services.visit import confirm_visit, note_return_by_device, record_visit
from referrals.transitions import Refused
from referrals.visitors import calls_itself_bot, client_of, devices_of, is_bot, visitor_hash

A_DAY = 86_400


@require_safe
@private_page
@count_unknown
def show_share(request: HttpRequest, code: str) -> HttpResponse:
    """What a friend sees who opens a share link. The visit is written down; it counts when a person shows."""
    now = timezone.now()
    enrolment = only_one(_of_code(code.upper(), channel_slug(request)))
    click = record_visit(
        enrolment,
        channel_id=enrolment.channel_id,
        visitor=visitor_hash(request, now),
        is_bot=is_bot(request),
        now=now,
    )
    page = {
        "program": enrolment.program,
        "enrolment": enrolment,
        "offers": offers_of(enrolment.program, read_by=Side.FRIEND, now=now),
        "visit": _signer().sign(str(click.pk)),
        "link": share_link(enrolment),
        "site": onward_link(enrolment),
        "testimonials": testimonials_on(enrolment.program.pk, get_language() or ""),
    }
    return render(request, "campaigns/share.html", page)


@prepared
def _of_code(code: str, channel: str) -> QuerySet[Enrolment]:
    return Enrolment.objects.for_page().live().on_channel(channel).filter(code=code)


@csrf_exempt
@require_POST
def confirm_seen(request: HttpRequest, code: str) -> HttpResponse:
    """The open page reports that somebody is there. It confirms this visitor's own visit, and that a friend is
    back whom the cookie of our forms tells; it changes nothing of theirs, so it needs no token of a form."""
    now = timezone.now()
    _confirm_visit(request, request.POST.get("visit", ""), now)
    if not calls_itself_bot(request):
        note_return_by_device(code, devices_of(request, now), now=now)
    return HttpResponse(status=204)


@require_safe
@count_unknown
def show_qr(request: HttpRequest, code: str) -> HttpResponse:
    enrolment = get_object_or_404(Enrolment.objects.for_page().live(), code=code.upper())
    picture = BytesIO()
    segno.make(share_link(enrolment, "qr"), error="m").save(
        picture, kind="svg", scale=8, border=2, xmldecl=False, title=enrolment.program.company
    )
    return HttpResponse(
        picture.getvalue(),
        content_type="image/svg+xml",
        headers={"Cache-Control": f"public, max-age={A_DAY}"},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
@limit_forms
def join(request: HttpRequest, code: str) -> HttpResponse:
    """The friend leaves details; that somebody filled in a form also shows that the visit was a person's."""
    enrolment = get_object_or_404(Enrolment.objects.for_page().live(), code=code.upper())
    program = enrolment.program
    form = JoinForm(request.POST or None, program=program, advocate=enrolment.advocate)
    if request.method == "POST" and form.is_valid() and _join(request, form, enrolment):
        return redirect("joined", enrolment.code)
    page = {
        "program": program,
        "enrolment": enrolment,
        "form": form,
        "call_by": call_by(program, timezone.now()),
    }
    return render(request, "campaigns/join.html", page)


@require_safe
@private_page
@count_unknown
def show_joined(request: HttpRequest, code: str) -> HttpResponse:
    enrolment = get_object_or_404(Enrolment.objects.for_page().live(), code=code.upper())
    program = enrolment.program
    page = {"program": program, "enrolment": enrolment, "call_by": call_by(program, timezone.now())}
    return render(request, "campaigns/joined.html", page)


def _join(request: HttpRequest, form: JoinForm, enrolment: Enrolment) -> bool:
    now = timezone.now()
    visit = _confirm_visit(request, request.GET.get("v", ""), now)
    click = (
        Click.objects.filter(pk=visit, enrolment=enrolment).select_related("channel").first()
        if visit
        else None
    )
    try:
        join_by_link(
            enrolment, form.friend(), agreement=str(form.fields["agreed"].label), click=click, now=now,
            client=client_of(request, now),
        )  # fmt: skip
    except Refused as refused:
        form.add_error(None, str(refused))
    return form.is_valid()


def _confirm_visit(request: HttpRequest, signed: str, now: datetime) -> UUID | None:
    """Mark the visit that the page carried as a person's; gives its id, or None for one we never made."""
    try:
        visit = UUID(_signer().unsign(signed))
    except (BadSignature, ValueError):
        return None
    confirm_visit(visit, visitor=visitor_hash(request, now), now=now)
    return visit


def _signer() -> Signer:
    return Signer(salt="share-visit")
