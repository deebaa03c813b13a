from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.doors import count_unknown, limit_forms, private_page
from campaigns.offers import Side, offers_of
from campaigns.services.reward_lines import RewardLine, lines_of
from referrals.forms import DetailsForm
from referrals.models import Referral
from referrals.services.referral import accept, decline, erase_friend
from referrals.services.visit import note_return
from referrals.transitions import Refused
from referrals.visitors import calls_itself_bot, client_of
from rewards.models import Reward


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
@limit_forms
def show_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What an invited friend can say: yes with details, no thanks, delete my data. Each may be said again."""
    referral = get_object_or_404(Referral.objects.for_page(), token=token)
    now = timezone.now()
    answer = request.POST.get("answer")
    if answer == "no":
        decline(referral, now=now)
        return redirect("invitation", token)
    if answer == "delete":
        erase_friend(referral, now=now)
        return redirect("invitation", token)
    form = DetailsForm(
        request.POST if answer == "yes" else None,
        program=referral.program,
        initial={
            "phone": referral.phone,
            "note": referral.note,
            "agreed": referral.accepted_at is not None,
        },
    )
    page = reverse("invitation", args=[token])
    if form.is_bound and form.is_valid() and _accept(request, referral, form, now):
        # Whoever had said yes sees the same page again, and reads there that it took what they added.
        return redirect(f"{page}?kept=1" if referral.accepted_at else page)
    kept = "kept" in request.GET
    return render(request, "campaigns/invitation.html", _page(referral, form, now) | {"kept": kept})


@csrf_exempt
@require_POST
def confirm_back(request: HttpRequest, token: str) -> HttpResponse:
    """The open page reports that the friend is there. It can only say so of the page's own friend, and changes
    nothing of theirs, so it needs no token of a form."""
    referral = get_object_or_404(Referral.objects.for_page(), token=token)
    if not calls_itself_bot(request):
        note_return(referral, now=timezone.now())
    return HttpResponse(status=204)


def _accept(request: HttpRequest, referral: Referral, form: DetailsForm, now: datetime) -> bool:
    typed = form.cleaned_data
    try:
        accept(
            referral,
            agreement=str(form.fields["agreed"].label),
            phone=typed["phone"],
            note=typed["note"],
            now=now,
            client=client_of(request, now),
        )
    except Refused as refused:
        form.add_error(None, str(refused))
    return form.is_valid()


def _page(referral: Referral, form: DetailsForm, now: datetime) -> dict[str, object]:
    program = referral.program
    call = referral.follow_ups.open().first() if referral.accepted_at else None
    return {
        "program": program,
        "referral": referral,
        "recommender": _recommender(referral),
        "form": form,
        "state": _state(referral),
        "rewards": _rewards(referral, now),
        "offers": offers_of(program, read_by=Side.FRIEND, now=now, kind=referral.enrolment.advocate.kind),
        "call_by": call.due_at if call else None,
        "late": bool(call and call.due_at < now),
    }


def _rewards(referral: Referral, now: datetime) -> list[RewardLine]:
    theirs = Reward.objects.filter(referral=referral, side=Side.FRIEND)
    return lines_of(theirs.with_people().order_by("-created_at", "-pk")[:20], now=now)


def _recommender(referral: Referral) -> str:
    """Whoever named the friend did so by name; behind a share link there is a first name, if at all."""
    if referral.source in Referral.BY_THEMSELVES:
        return referral.enrolment.shown_name
    return referral.enrolment.advocate.name


def _state(referral: Referral) -> str:
    """What the friend has said so far; what staff decided about the recommendation is not for this page."""
    if referral.erased_at:
        return "deleted"
    if referral.status == Referral.Status.LOST and referral.status_reason == Referral.Reason.DECLINED:
        return "declined"
    return "accepted" if referral.accepted_at else "open"
