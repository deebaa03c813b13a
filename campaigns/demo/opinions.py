"""What customers said when they were asked, where they may review the company, and whom it may quote."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from campaigns.models import ReviewPlace, Survey, SurveyResponse, Testimonial
from campaigns.services.survey import Said, answer, invite
from campaigns.services.testimonial import approve
from campaigns.survey_form import agreement_to_quote
from campaigns.survey_words import SurveyWords
from referrals.models import Enrolment


class Opinion(NamedTuple):
    """Said so many days ago."""

    days: int
    name: str
    score: int
    answers: dict[str, str]
    may_quote: bool = False


STORY = (
    Opinion(16, "Priya Shah", 10, {
        "before": "We dreaded every electricity bill, and had three quotes that nobody could explain.",
        "hesitation": "I feared that the roof would be a building site for weeks.",
        "now": "Two days of work, and the meter runs backwards at noon. My father rings to ask how much we made.",
    }, may_quote=True),
    Opinion(12, "Hannah Lindqvist", 9, {
        "problem": "Our house is all electric, and winters were expensive.",
        "helped": "One person who knew our house from the first visit to the last screw.",
    }, may_quote=True),
    Opinion(6, "Ruth Abernathy", 4, {
        "now": "The panels work. The app does not, and nobody has called me back.",
    }),
)  # fmt: skip
NOT_YET = "Dev Patel"


def ask_opinions(enrolments: dict[str, Enrolment], by: Any, now: datetime) -> None:
    """A survey with some answers, one that is quoted, and one that is still to be decided."""
    program = enrolments["Priya Shah"].program
    ReviewPlace.objects.create(
        program=program, name="Trusted Installers", url="https://reviews.example/fernhollow-solar",
        words="An e-mail address is enough. Choose the stars first.",
    )  # fmt: skip
    survey = Survey.objects.create(program=program, name="Your story", kind=Survey.Kind.BEFORE_AFTER)
    questions = SurveyWords(survey, []).questions()
    for one in STORY:
        at = now - timedelta(days=one.days)
        response = _invite(survey, enrolments[one.name], at)
        consent = agreement_to_quote(program) if one.may_quote else ""
        answer(response, Said(one.score, one.answers, questions, consent), language="en", now=at)
    _invite(survey, enrolments[NOT_YET], now - timedelta(days=1))
    approve(Testimonial.objects.filter(name="Priya"), now=now, by=by)


def _invite(survey: Survey, place: Enrolment, at: datetime) -> SurveyResponse:
    return invite(survey, [place], source=SurveyResponse.Source.BY_HAND, now=at)[place.pk]
