from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.doors import AN_HOUR, channel_slug, count_unknown, limit_forms, only_one, private_page
from campaigns.services.asks import record_click
from campaigns.services.notices import ask_to_confirm
from campaigns.services.voice import WITH_VOICE
from campaigns.services.words import NoWords, Rendered, invitation_preview
from referrals.contacts import NAME_LENGTH, email_key
from referrals.forms import ReferForm, StrangerForm
from referrals.hours import call_by
from referrals.models import Advocate, Channel, Enrolment, Limit, Program, Question, Submission
from referrals.prepared import prepared
from referrals.services.enrolment import enrol
from referrals.services.referral import (
    NamedBefore,
    confirm_submission,
    hold_submission,
    submit_referrals,
)
from referrals.transitions import Refused
from referrals.visitors import client_of

CONFIRMATIONS_AN_HOUR = 5


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@limit_forms
def refer(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for whoever comes by; someone unknown proves the address before anything goes out."""
    program = get_object_or_404(_programs(), slug=slug)
    advocate: Advocate | None = getattr(request.user, "advocate", None)
    if advocate is None:
        form: ReferForm = _read(request, StrangerForm, program)
        if form.is_bound and form.is_valid():
            _hold(request, program, form, timezone.now())
            return redirect("refer-sent", slug)
        return _show(request, form, Enrolment(advocate=_stranger(form), program=program))
    mine = Enrolment.objects.for_page().select_related(*WITH_VOICE)
    enrolment = mine.filter(advocate=advocate, program=program).first()
    form = _read(request, ReferForm, program, advocate)
    if form.is_bound and form.is_valid():
        now = timezone.now()
        enrolment = enrolment or enrol(advocate, program, now=now)
        return _send(request, form, enrolment, _channel(request, program), now)
    return _show(request, form, enrolment or Enrolment(advocate=advocate, program=program))


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
@limit_forms
def refer_personal(request: HttpRequest, token: str) -> HttpResponse:
    """The form from a personal link: no sign-in, and what it takes in goes out at once."""
    enrolment = only_one(_of_token(token, channel_slug(request)))
    form = _read(request, ReferForm, enrolment.program, enrolment.advocate)
    if form.is_bound and form.is_valid():
        # Somebody who fills in a form has opened the link, also where no script told us.
        record_click(request.GET.get("ask", ""), enrolment.advocate_id, now=timezone.now())
        # Only its key is needed, and the link has brought it.
        channel = Channel(pk=enrolment.channel_id) if enrolment.channel_id else None
        return _send(request, form, enrolment, channel, timezone.now())
    return _show(request, form, enrolment)


@prepared
def _of_token(token: str, channel: str) -> QuerySet[Enrolment]:
    places = Enrolment.objects.for_page().select_related(*WITH_VOICE).live().on_channel(channel)
    return places.filter(token=token)


# Reports no more than that somebody is there, and only of the ask that led here: the signature says so.
@csrf_exempt
@require_POST
@count_unknown
def confirm_asked(request: HttpRequest, token: str) -> HttpResponse:
    """The open page tells that the person who was asked is looking at it."""
    enrolment = get_object_or_404(Enrolment, token=token)
    record_click(request.POST.get("visit", ""), enrolment.advocate_id, now=timezone.now())
    return HttpResponse(status=204)


@require_safe
@private_page
def show_held(request: HttpRequest, slug: str) -> HttpResponse:
    """Where a stranger is told to open their mail; the same for every address."""
    program = get_object_or_404(_programs(), slug=slug)
    return render(request, "campaigns/refer_sent.html", {"program": program})


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
@limit_forms
def confirm(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Shows a stranger who opened the mailed link what will be sent; the button sends it."""
    now = timezone.now()
    held = Submission.objects.filter(program__slug=slug, token=token, expires_at__gt=now)
    submission = held.select_related("program__owner", *WITH_VOICE).first()
    if submission is None:
        return render(request, "campaigns/link_over.html", {"slug": slug}, status=404)
    if request.method == "POST":
        return _confirm(request, submission, now)
    return _ask_to_confirm(request, submission)


def _programs() -> Any:
    return Program.objects.live().select_related("profile", "owner")


def _read(
    request: HttpRequest, form: type[ReferForm], program: Program, advocate: Advocate | None = None
) -> ReferForm:
    wants_another = "another" in request.POST
    return form(
        request.POST if request.method == "POST" and not wants_another else None,
        draft=request.POST if wants_another else None,
        program=program,
        questions=_questions(program.pk),
        advocate=advocate,
    )


@prepared
def _questions(program: int) -> QuerySet[Question]:
    return Question.objects.filter(profile__program=program)


def _show(request: HttpRequest, form: ReferForm, enrolment: Enrolment) -> HttpResponse:
    program = enrolment.program
    page = {
        "program": program,
        "form": form,
        "preview": _preview(enrolment),
        "advocate": enrolment.advocate,
        "enrolment": enrolment,
        "asked": request.GET.get("ask", "")[:100],
        "call_by": call_by(program, timezone.now()),
    }
    return render(request, "campaigns/refer.html", page)


def _send(
    request: HttpRequest, form: ReferForm, enrolment: Enrolment, channel: Channel | None, now: datetime
) -> HttpResponse:
    agreement = str(form.fields["agreed"].label)
    try:
        submit_referrals(
            enrolment, form.friends(), agreement=agreement, channel=channel, now=now,
            client=client_of(request, now),
        )  # fmt: skip
    except NamedBefore as refused:
        form.refuse_named(refused.keys)
    except Refused as refused:
        form.add_error(None, str(refused))
    if form.has_refusals:
        return _show(request, form, enrolment)
    return redirect("receipt-personal", enrolment.token)


def _hold(request: HttpRequest, program: Program, form: ReferForm, now: datetime) -> None:
    """Keep what a stranger typed and mail them the link; too many in an hour get none, and the same page."""
    typed = form.cleaned_data
    if not Limit.objects.take(
        "confirm", email_key(typed["email"]), limit=CONFIRMATIONS_AN_HOUR, per=AN_HOUR, now=now
    ):
        return
    channel = _channel(request, program)
    submission = hold_submission(
        program, name=typed["name"], email=typed["email"], language=_language(request),
        friends=form.friends(), agreement=str(form.fields["agreed"].label),
        channel_id=channel.pk if channel else None, now=now,
    )  # fmt: skip
    ask_to_confirm(submission, now=now)


def _confirm(request: HttpRequest, submission: Submission, now: datetime) -> HttpResponse:
    try:
        enrolment, _named = confirm_submission(submission, now=now, client=client_of(request, now))
    except Refused as refused:
        return _ask_to_confirm(request, submission, str(refused))
    return redirect("receipt-personal", enrolment.token)


def _ask_to_confirm(request: HttpRequest, submission: Submission, refused: str = "") -> HttpResponse:
    program = submission.program
    sender = Enrolment(advocate=Advocate(name=submission.name, email=submission.email), program=program)
    page = {
        "program": program,
        "submission": submission,
        "preview": _preview(sender),
        "refused": refused,
    }
    return render(request, "campaigns/confirm.html", page)


def _channel(request: HttpRequest, program: Program) -> Channel | None:
    """The channel by whose link the advocate came (``?c=``)."""
    slug = channel_slug(request)
    return Channel.objects.filter(program=program, slug=slug, active=True).first() if slug else None


def _stranger(form: ReferForm) -> Advocate:
    """Who will stand in the message, as far as we know; the space is one that does not end a first name."""
    return Advocate(name=form.data.get("name", "").strip()[:NAME_LENGTH] or _("Your\u00a0name"))


def _language(request: HttpRequest) -> str:
    language = getattr(request, "LANGUAGE_CODE", "")
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _preview(enrolment: Enrolment) -> Rendered | None:
    """What a friend will be sent; nothing where nobody has written words, for then nothing can be sent."""
    try:
        return invitation_preview(enrolment, enrolment.program.language)
    except NoWords:
        return None
