"""Other systems give customers a link to a survey, and read what they answered."""

import pytest

from campaigns.models import SurveyResponse
from referrals.public_ids import public_id
from tests.cast import System
from tests.factories import NOW, EnrolmentFactory, SurveyFactory, SurveyResponseFactory

pytestmark = pytest.mark.django_db


def test_a_shop_shows_a_customer_their_link_and_reads_the_answer(client):
    shop = System()
    place, survey = EnrolmentFactory(program=shop.program), SurveyFactory(program=shop.program)
    body = {"advocate": {"code": place.code}, "survey": public_id("srv", survey.pk)}

    first, again = shop.post("/answers", body), shop.post("/answers", body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["link"] == again.json()["link"]
    client.post(
        first.json()["link"].removeprefix("http://localhost:8000"), {"recommend": "9", "reason": "Quick."}
    )
    [row] = shop.get("/answers", answered="true").json()["data"]
    assert (row["score"], row["may_quote"]) == (9, False)
    assert row["answers"] == [{"question": "What is the main reason for your answer?", "answer": "Quick."}]
    assert SurveyResponse.objects.get().source == "api"


def test_a_closed_or_foreign_survey_takes_nobody_in():
    shop = System()
    place = EnrolmentFactory(program=shop.program)

    for survey in (SurveyFactory(program=shop.program, is_open=False), SurveyFactory()):
        refused = shop.post(
            "/answers", {"advocate": {"code": place.code}, "survey": public_id("srv", survey.pk)}
        )
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/survey"


def test_the_list_is_filtered_by_survey_person_answer_and_moment():
    shop = System()
    first, second = (
        SurveyResponseFactory(enrolment=EnrolmentFactory(program=shop.program)) for _n in range(2)
    )
    SurveyResponse.objects.filter(pk=second.pk).update(answered_at=NOW, changed_at=NOW, score=8)

    def found(**query):
        return [row["id"] for row in shop.get("/answers", **query).json()["data"]]

    one, two = public_id("ans", first.pk), public_id("ans", second.pk)
    assert found() == [one, two]
    assert found(answered="false") == found(survey=public_id("srv", first.survey_id)) == [one]
    assert found(advocate=public_id("adv", second.enrolment.advocate_id)) == [two]
    assert found(changed_after="2026-03-04T09:59:00Z") == [two]
