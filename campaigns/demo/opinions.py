"""What customers said when they were asked, where they may review the company, and whom it may quote."""

from datetime import datetime
from typing import Any, NamedTuple

from campaigns.models import ReviewPlace, Survey, SurveyResponse, Testimonial
from campaigns.services.survey import Said, answer, invite
from campaigns.services.testimonial import approve
from campaigns.survey_form import agreement_to_quote
from campaigns.survey_words import SurveyWords
from referrals.models import Enrolment, Program


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


def begin_survey(program: Program, now: datetime) -> None:
    ReviewPlace.objects.create(
        program=program, name="Trusted Installers", url="https://reviews.example/fernhollow-solar",
        words="An e-mail address is enough. Choose the stars first.",
    )  # fmt: skip
    Survey.objects.create(program=program, name="Your story", kind=Survey.Kind.BEFORE_AFTER)


def give_opinion(one: Opinion, place: Enrolment, at: datetime) -> None:
    """Somebody is asked, and answers at once."""
    response = ask_opinion(place, at)
    questions = SurveyWords(response.survey, []).questions()
    consent = agreement_to_quote(place.program) if one.may_quote else ""
    answer(response, Said(one.score, one.answers, questions, consent), language="en", now=at)


def ask_opinion(place: Enrolment, at: datetime) -> SurveyResponse:
    survey = Survey.objects.get(program=place.program_id)
    return invite(survey, [place], source=SurveyResponse.Source.BY_HAND, now=at)[place.pk]


def quote(by: Any, now: datetime) -> None:
    """One testimonial is agreed to; the other is still to be decided."""
    approve(Testimonial.objects.filter(name="Priya"), now=now, by=by)
