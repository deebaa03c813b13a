"""A survey behind a personal link: what is asked, kept, and recorded of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import CallTask, SurveyResponse, SurveyText
from campaigns.services.survey import invite
from referrals.models import Event
from tests.factories import NOW, EnrolmentFactory, ProgramFactory, SurveyFactory, SurveyResponseFactory

pytestmark = pytest.mark.django_db
Place = SurveyText.Place


@pytest.fixture
def asked():
    return SurveyResponseFactory(enrolment__advocate__name="Anna Rossi")


def url(response, page=""):
    return f"/s/{response.token}/{page}"


def send(client, response, score=9, **more):
    return client.post(url(response), {"recommend": str(score)} | more, follow=True)


def said():
    return list(Event.objects.filter(kind__in=["survey.answered", "satisfaction"]).order_by("pk"))


def test_an_answer_is_kept_and_recorded_as_what_they_say_about_being_satisfied(client, asked):
    page = send(client, asked, 9, reason="You call back.", may_quote="on")

    asked.refresh_from_db()
    [event] = said()
    assert "Thank you, Anna" in page.text
    assert (asked.score, asked.answers) == (9, {"reason": "You call back."})
    assert asked.questions["reason"] == "What is the main reason for your answer?"
    assert (asked.may_quote, "first name" in asked.quote_words) == (True, True)
    assert (event.kind, event.program, event.advocate) == (
        "survey.answered", asked.survey.program, asked.enrolment.advocate
    )  # fmt: skip
    assert event.data == {"survey": asked.survey.name, "score": 9}


def test_opening_the_link_with_a_number_in_it_only_chooses_it(client, asked):
    page = client.get(url(asked) + "?score=9").text

    asked.refresh_from_db()
    assert 'value="9" id="id_recommend_9" checked' in page
    assert page.count("checked") == 1
    assert (asked.answered_at, said()) == (None, [])
    assert "checked" not in client.get(url(asked) + "?score=11").text


def test_an_answer_sent_twice_counts_once_and_a_changed_number_counts_as_what_they_say_now(client, asked):
    send(client, asked, 9)
    send(client, asked, 9, reason="You call back.")
    assert len(said()) == 1

    send(client, asked, 3)

    assert [(e.kind, e.data["score"]) for e in said()] == [("survey.answered", 9), ("satisfaction", 3)]
    assert CallTask.objects.get().reason == "gave 3 of 10"


@pytest.mark.parametrize(
    ("score", "reads", "not_reads"),
    [
        (10, "Recommend someone", "calls you"),
        (8, "People read it", "Recommend someone"),
        (6, "Somebody of ours writes to you.", "Recommend someone"),
    ],
)
def test_the_thanks_lead_on_by_what_was_said(client, asked, score, reads, not_reads):
    page = send(client, asked, score).text

    assert reads in page
    assert not_reads not in page
    assert CallTask.objects.exists() == (score <= 6)


def test_what_was_typed_stands_there_again_beside_what_is_wrong_with_it(client, asked):
    page = client.post(url(asked), {"reason": "You call back.", "may_quote": "on"}).text

    assert "Choose a number from 0 to 10." in page
    assert "You call back.</textarea>" in page
    assert 'name="may_quote" aria' in page or 'name="may_quote" id="id_may_quote" checked' in page
    assert said() == []


@pytest.mark.parametrize(
    ("change", "reads"),
    [
        ({"expires_at": NOW}, "This link has expired"),
        ({"survey__is_open": False}, "This survey is closed"),
        ({"survey__program__status": "paused"}, "This survey is closed"),
        ({"answered_at": NOW, "score": 9}, "cannot be changed here any more"),
    ],
)
def test_a_link_that_is_over_says_so_and_takes_nothing(client, change, reads):
    program = ProgramFactory(status=change.pop("survey__program__status", "live"))
    asked = SurveyResponseFactory(enrolment__program=program, **change)

    page = send(client, asked, 2)

    asked.refresh_from_db()
    assert reads in page.text
    assert (asked.score in (None, 9), said()) == (True, [])


def test_a_link_that_was_taken_back_is_like_one_that_never_was(client):
    asked = SurveyResponseFactory(revoked_at=NOW)

    assert client.get(url(asked)).status_code == 404
    assert client.post(url(asked), {"recommend": "9"}).status_code == 404
    assert client.get("/s/nobody-knows-this/").status_code == 404


def test_nobody_keeps_lists_or_passes_on_the_page(client, asked):
    page = client.get(url(asked))

    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert (page["Cache-Control"], page["Referrer-Policy"]) == ("no-store", "same-origin")


def test_consent_is_taken_back_on_the_same_page_whatever_else_is_over(client, asked):
    send(client, asked, 9, reason="You call back.", may_quote="on")
    asked.survey.is_open = False
    asked.survey.save()

    page = client.post(url(asked), {"do": "keep_private"}, follow=True)

    asked.refresh_from_db()
    assert (asked.may_quote, asked.quote_words, asked.quote_at) == (False, "", None)
    assert "we may quote you" not in page.text


def test_the_page_speaks_the_readers_language_and_the_programs_own_words(client, asked):
    asked.enrolment.advocate.language = "it"
    asked.enrolment.advocate.save()
    for place, language, text in (
        (Place.RECOMMEND, "it", "Ci consiglieresti?"),
        (Place.TITLE, "en", "Two questions"),
        (Place.OWN_1, "en", "What did you miss?"),
    ):
        SurveyText.objects.create(survey=asked.survey, place=place, language=language, text=text)

    page = client.get(url(asked)).text

    assert '<html lang="it"' in page
    assert "Ci consiglieresti?" in page
    # The usual words are in the reader's language, the program's own are not: better one language than two.
    assert "Two questions" not in page
    # For its own question there are no usual words.
    assert "What did you miss?" in page


def test_the_story_asks_five_questions_more_and_a_survey_about_the_program_no_number(client):
    story = SurveyResponseFactory(survey__kind="before_after")
    program = SurveyResponseFactory(survey__kind="program")

    assert client.get(url(story)).text.count("<textarea") == 5
    page = client.get(url(program)).text
    assert ("<textarea" in page, "recommend_9" in page, "may_quote" in page) == (True, False, False)
    assert "Answer at least one question" in client.post(url(program), {}).text

    client.post(url(program), {"easier": "A shorter form."})

    assert [event.data for event in said()] == [{"survey": program.survey.name}]


def test_whoever_is_asked_again_before_they_answer_keeps_their_link(django_assert_num_queries):
    survey = SurveyFactory()
    places = EnrolmentFactory.create_batch(3, program=survey.program)
    first = invite(survey, places[:1], source="by_hand", now=NOW)

    for count in (1, 3):
        with django_assert_num_queries(5):
            again = invite(survey, places[:count], source="by_hand", now=NOW + timedelta(days=9))

    assert again[places[0].pk].token == first[places[0].pk].token
    assert SurveyResponse.objects.count() == 3
    renewed = SurveyResponse.objects.get(enrolment=places[0])
    assert renewed.expires_at == NOW + timedelta(days=99)


def test_an_old_link_to_a_survey_is_no_way_to_the_personal_link(client, asked):
    assert asked.enrolment.token in send(client, asked, 10).text

    SurveyResponse.objects.filter(pk=asked.pk).update(changed_at=timezone.now() - timedelta(days=2))

    assert asked.enrolment.token not in client.get(url(asked, "thanks/")).text


def test_an_answer_may_be_changed_for_some_days(client, asked):
    SurveyResponse.objects.filter(pk=asked.pk).update(
        answered_at=timezone.now() - timedelta(days=13), score=8, changed_at=NOW
    )

    assert "You may still change it" in client.get(url(asked)).text
    assert send(client, asked, 10).status_code == 200
    asked.refresh_from_db()
    assert asked.score == 10
