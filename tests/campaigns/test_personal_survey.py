"""A survey, sent by somebody of ours to one person in their own words."""

import pytest

from campaigns.models import Ask, Purpose, SurveyResponse
from campaigns.services.delivery import deliver_due
from campaigns.services.draft import Draft
from campaigns.services.personal import foresee, words_for, write
from campaigns.services.survey import Said, answer
from referrals.transitions import Refused
from tests.factories import EnrolmentFactory, SurveyFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return EnrolmentFactory(program__sender_name="Acme")


@pytest.fixture
def draft(place):
    return Draft(
        place=place, by=UserFactory(first_name="Tom"), purpose=Purpose.SURVEY_INVITE, key="personal:1",
        subject="Anna, how is it", body="Dear Anna, thank you. How is it going? {{ link }}",
    )  # fmt: skip


def test_it_is_offered_where_a_survey_takes_answers(place):
    closed = SurveyFactory(program=place.program, is_open=False)
    assert Purpose.SURVEY_INVITE not in {purpose for purpose, *_rest in words_for(place)}

    type(closed).objects.update(is_open=True)

    assert Purpose.SURVEY_INVITE in {purpose for purpose, *_rest in words_for(place)}


def test_it_leads_to_an_answer_of_theirs_and_the_round_is_over_with_it(draft, place, now):
    SurveyFactory(program=place.program, kind="program")
    survey = SurveyFactory(program=place.program, kind="satisfaction")
    assert foresee(draft, now=now).may
    assert not SurveyResponse.objects.exists()

    message = write(draft, now=now)
    deliver_due(now=now)

    message.refresh_from_db()
    row = SurveyResponse.objects.get()
    assert f"/s/{row.token}/" in message.text
    assert (row.survey, row.source, row.ask, row.enrolment) == (survey, "by_hand", message.ask, place)
    assert message.ask.plan.name == "Written personally: surveys"
    answer(row, Said(9, {}, {}), language="en", now=now)
    assert Ask.objects.get().end_reason == Ask.End.ANSWERED


def test_a_survey_that_was_closed_meanwhile_is_not_sent(draft, now):
    with pytest.raises(Refused, match="No survey takes answers any more"):
        write(draft, now=now)

    assert not Ask.objects.exists()
