"""Surveys in the back office: what the answers come to, who may see them, and the table of them."""

import re

import pytest

from campaigns.models import SurveyResponse
from campaigns.services.survey_report import Result
from referrals.models import Membership
from tests.cast import client_of, member_of, said
from tests.factories import (
    NOW,
    AdvocateFactory,
    EnrolmentFactory,
    ProgramFactory,
    SurveyFactory,
    SurveyResponseFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    return SurveyFactory(program=ProgramFactory())


@pytest.fixture
def maya(survey):
    return client_of(member_of(survey.program))


def answered(survey, score, **more):
    name = more.pop("name", "Anna Rossi")
    place = EnrolmentFactory(program=survey.program, advocate=AdvocateFactory(name=name))
    return SurveyResponseFactory(survey=survey, enrolment=place, score=score, answered_at=NOW, **more)


def url(survey, page="change"):
    return f"/admin/campaigns/survey/{survey.pk}/{page}/"


def test_the_page_says_what_the_answers_come_to_and_not_more_than_they_tell(maya, survey):
    for score in (10, 9, 8, 3):
        answered(survey, score)
    SurveyResponseFactory(survey=survey, enrolment=EnrolmentFactory(program=survey.program))

    page = " ".join(re.sub("<[^>]+>", " ", maya.get(url(survey)).text).split())

    assert "Answered 4 80 %" in page
    assert "+25" in page
    assert "too few answers to tell: 20 are the least" in page


def test_the_score_has_an_interval_that_narrows_with_more_answers():
    few, many = Result(40, 20, 10, 6, 4), Result(4000, 2000, 1000, 600, 400)

    assert few.score == many.score == 30
    assert few.interval[0] < many.interval[0] < 30 < many.interval[1] < few.interval[1]
    assert round(many.interval[1] - many.interval[0]) == 7
    assert Result(5, 5, 5, 0, 0).interval[1] <= 100


def test_the_table_has_every_answer_and_no_formula(maya, survey):
    answered(survey, 9, answers={"reason": "=cmd()"}, name="Anna Rossi")
    answered(survey, 3, answers={}, name="Bert Blum")

    lines = b"".join(maya.get(url(survey, "export")).streaming_content).decode().splitlines()

    assert lines[0].endswith("may be quoted,What is the main reason for your answer?")
    assert ("Anna Rossi" in lines[1], lines[1].endswith(",'=cmd()")) == (True, True)
    assert len(lines) == 3


def test_only_the_programs_own_people_see_its_answers(survey):
    response = answered(survey, 9, answers={"reason": "A secret"})
    stranger = client_of(member_of(ProgramFactory()))

    for page in (
        url(survey),
        url(survey, "export"),
        f"/admin/campaigns/surveyresponse/{response.pk}/change/",
    ):
        assert stranger.get(page).status_code == 404
    assert "A secret" not in stranger.get("/admin/campaigns/surveyresponse/").text
    sales = client_of(member_of(survey.program, Membership.Role.SALES))
    assert "A secret" in sales.get("/admin/campaigns/surveyresponse/?answer=9-10").text
    assert sales.post(url(survey), {"name": "Mine"}).status_code == 403


def test_a_manager_takes_a_link_back(maya, survey, client):
    response = answered(survey, 9)
    page = f"/admin/campaigns/surveyresponse/{response.pk}/step/revoke/"

    answer = maya.post(page, {"_do": "1"}, follow=True)
    again = maya.post(page, {"_do": "1"}, follow=True)

    assert said(answer)[0].text == "Take the link back: Anna Rossi."
    assert "was taken back before" in said(again)[0].text
    assert SurveyResponse.objects.get().score == 9
    assert client.get(f"/s/{response.token}/").status_code == 404


def test_a_survey_with_answers_is_closed_and_not_removed(maya, survey):
    answered(survey, 9)

    refused = maya.post(url(survey, "delete"), {"post": "yes"}, follow=True)

    assert said(refused)[0].text.endswith("Close it instead.")
