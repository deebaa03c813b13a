"""Step by step to a review, from a personal link."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, override
from django.views.decorators.http import require_http_methods

from campaigns.doors import count_unknown, limit_forms, private_page
from campaigns.models import ReviewPlace
from campaigns.services.asks import record_click
from campaigns.services.review_help import is_rewarded, note_review, own_words, reviewed
from referrals.models import Enrolment


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
@limit_forms
def help_review(request: HttpRequest, token: str) -> HttpResponse:
    """Where to write, with which words, and a button for “I have left one”."""
    enrolment = get_object_or_404(Enrolment.objects.for_page().live(), token=token)
    places = list(ReviewPlace.objects.of(enrolment.program))
    now = timezone.now()
    if request.method == "POST":
        record_click(request.GET.get("ask", ""), enrolment.advocate_id, now=now)
        for place in places:
            if str(place.pk) == request.POST.get("place"):
                note_review(enrolment, place, now=now)
        return redirect("review-help", token)
    done = reviewed(enrolment, places)
    page = {
        "program": enrolment.program,
        "enrolment": enrolment,
        "places": [(place, place.pk in done) for place in places],
        "done": bool(done),
        "words": own_words(enrolment),
        "is_rewarded": is_rewarded(enrolment, now=now),
        "asked": request.GET.get("ask", "")[:100],
    }
    with override(enrolment.advocate.language or get_language()):
        return render(request, "campaigns/review_help.html", page)
