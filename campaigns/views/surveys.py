"""The survey behind a personal link: questions, thanks, and where it leads from there."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.doors import A_DAY, count_unknown, limit_forms, private_page
from campaigns.models import ReviewPlace, SurveyResponse, SurveyText
from campaigns.services.asks import record_click, sign
from campaigns.services.survey import TAKES_ANSWERS, answer, keep_private
from campaigns.survey_form import SurveyForm
from campaigns.survey_words import SurveyWords
from referrals.transitions import Refused

State = SurveyResponse.State


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
@count_unknown
@limit_forms
def show_survey(request: HttpRequest, token: str) -> HttpResponse:
    """The questions; or, where no answer is taken, why not. A number in the link only chooses it beforehand."""
    response = _response(token)
    with override(_language(response)):
        if request.POST.get("do") == "keep_private":
            keep_private(response, now=timezone.now())
            return redirect("survey-thanks", token)
        return _questions(request, response, timezone.now())


# Reports no more than that somebody is there, and only of the round that led to this link.
@csrf_exempt
@require_POST
@count_unknown
def confirm_survey_seen(request: HttpRequest, token: str) -> HttpResponse:
    """The open page tells that whoever was asked is looking at it."""
    _note_click(_response(token), timezone.now())
    return HttpResponse(status=204)


@require_safe
@private_page
@count_unknown
def show_thanks(request: HttpRequest, token: str) -> HttpResponse:
    """What becomes of the answer, and what its giver may do next: recommend us, or wait for a call."""
    response = _response(token)
    if response.answered_at is None:
        return redirect("survey", token)
    with override(_language(response)):
        words = SurveyWords(response.survey, response.survey.texts.all())
        now, program = timezone.now(), response.survey.program
        # For a day: an old link to a survey is no way to the personal link.
        leads_on = response.is_promoter and program.is_live and now < (response.changed_at or now) + A_DAY
        page = _page(response, now) | {
            "thanks": words.at(SurveyText.Place.THANKS),
            "leads_on": leads_on,
            "may_review": leads_on and ReviewPlace.objects.of(program).exists(),
        }
        return render(request, "campaigns/survey_thanks.html", page)


def _response(token: str) -> SurveyResponse:
    found = SurveyResponse.objects.for_page().exclude(revoked_at__isnull=False)
    response: SurveyResponse = get_object_or_404(found, token=token)
    return response


def _language(response: SurveyResponse) -> str:
    """The reader's own, where they have chosen one; else what their browser asks for."""
    return response.enrolment.advocate.language or get_language() or response.survey.program.language


def _questions(request: HttpRequest, response: SurveyResponse, now: datetime) -> HttpResponse:
    page = _page(response, now)
    if page["state"] not in TAKES_ANSWERS:
        return render(request, "campaigns/survey_over.html", page)
    words = SurveyWords(response.survey, response.survey.texts.all())
    form = SurveyForm(
        request.POST if request.method == "POST" else None,
        response=response, questions=words.questions(), score=_score(request),
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        # Somebody who answers has opened the link, also where no script told us.
        _note_click(response, now)
        try:
            answer(response, form.said, language=get_language() or "", now=now)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("survey-thanks", response.token)
    page |= {
        "form": form,
        "title": words.at(SurveyText.Place.TITLE),
        "intro": words.at(SurveyText.Place.INTRO),
    }
    return render(request, "campaigns/survey.html", page)


def _page(response: SurveyResponse, now: datetime) -> dict[str, object]:
    return {
        "program": response.survey.program,
        "response": response,
        "advocate": response.enrolment.advocate,
        "enrolment": response.enrolment,
        "state": response.state(now),
    }


def _note_click(response: SurveyResponse, now: datetime) -> None:
    if response.ask_id:
        record_click(sign(response.ask_id), response.enrolment.advocate_id, now=now)


def _score(request: HttpRequest) -> int | None:
    asked = request.GET.get("score", "")
    return int(asked) if asked in {str(number) for number in range(11)} else None
