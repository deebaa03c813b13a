"""What customers say, with their leave, on public pages; and how it goes again."""

import pytest

from campaigns.models import SurveyResponse, Testimonial
from campaigns.services.erasure import erase_advocates
from referrals.models import Advocate, Event, Membership
from tests.cast import client_of, member_of, said
from tests.factories import NOW, EnrolmentFactory, SurveyResponseFactory, TestimonialFactory

pytestmark = pytest.mark.django_db
WORDS = "They call back the same day."


@pytest.fixture
def asked():
    return SurveyResponseFactory(
        enrolment__advocate__name="Anna Rossi", enrolment__advocate__company="Rossi Ltd"
    )


def send(client, asked, **more):
    typed = {"recommend": "9", "reason": WORDS, "may_quote": "on"} | more
    client.post(f"/s/{asked.token}/", {name: text for name, text in typed.items() if text})


def page(client, asked, share=False):
    place = asked.enrolment
    return client.get(f"/r/{place.code}/" if share else f"/p/{place.program.slug}/").text


def decide(asked, how, role=Membership.Role.MANAGER):
    staff = client_of(member_of(asked.survey.program, role))
    row = Testimonial.objects.get(response=asked)
    return staff.post(f"/admin/campaigns/testimonial/{row.pk}/step/{how}/", {"_do": "1"}, follow=True)


def test_an_answer_is_shown_once_its_giver_and_a_manager_agree(client, asked):
    assert "What customers say" not in page(client, asked)
    send(client, asked)
    draft = Testimonial.objects.get()
    assert (draft.status, draft.original, draft.name, draft.company) == ("draft", WORDS, "Anna", "Rossi Ltd")
    assert WORDS not in page(client, asked)

    answer = decide(asked, "approve")

    assert said(answer)[0].text == "Show it: Anna."
    for shown in (page(client, asked), page(client, asked, share=True)):
        assert WORDS in shown
        assert "<strong>Anna</strong>, Rossi Ltd" in shown
    decided = Event.objects.get(kind="testimonial.moved")
    assert (decided.data, decided.actor is not None) == ({"outcome": "approved"}, True)


@pytest.mark.parametrize("more", [{"may_quote": ""}, {"reason": ""}])
def test_without_leave_or_words_there_is_nothing_to_decide(client, asked, more):
    send(client, asked, **more)

    assert not Testimonial.objects.exists()


@pytest.mark.parametrize("how", ["button", "answer", "manager"])
def test_it_is_gone_from_the_pages_as_soon_as_it_is_taken_back(client, asked, how):
    send(client, asked)
    decide(asked, "approve")

    if how == "button":
        client.post(f"/s/{asked.token}/", {"do": "keep_private"})
    elif how == "answer":
        send(client, asked, may_quote="")
    else:
        decide(asked, "decline")

    assert WORDS not in page(client, asked)
    assert Testimonial.objects.get().status == ("declined" if how == "manager" else "withdrawn")


def test_other_words_are_decided_anew_and_the_same_are_not(client, asked):
    send(client, asked)
    decide(asked, "approve")

    send(client, asked)
    assert Testimonial.objects.get().status == "approved"
    send(client, asked, reason="They never call back.")

    changed = Testimonial.objects.get()
    assert (changed.status, changed.words) == ("draft", "They never call back.")


def test_a_manager_shortens_the_words_and_the_original_is_kept(client, asked):
    send(client, asked, reason=WORDS + " And more." * 50)
    row = Testimonial.objects.get()
    assert len(row.words) == 400
    maya = client_of(member_of(asked.survey.program))
    url = f"/admin/campaigns/testimonial/{row.pk}/change/"

    maya.post(url, {"words": WORDS, "name": "Anna", "company": "Rossi Ltd", "original": "No"})

    row.refresh_from_db()
    assert (row.words, row.original.endswith("And more."), row.status) == (WORDS, True, "draft")


def test_only_managers_of_the_program_decide(asked, client):
    send(client, asked)
    row = Testimonial.objects.get()

    assert decide(asked, "approve", Membership.Role.SALES).status_code == 403
    stranger = client_of(member_of(EnrolmentFactory().program))
    assert stranger.get(f"/admin/campaigns/testimonial/{row.pk}/change/").status_code == 404
    assert Testimonial.objects.get().status == "draft"


def test_a_page_shows_three_at_most_in_the_readers_language_first(client, django_assert_num_queries):
    place = EnrolmentFactory()
    for n in range(4):
        response = SurveyResponseFactory(enrolment=place, answered_at=NOW, score=9)
        TestimonialFactory(
            response=response, status="approved", words=f"Words {n}.", language="it" if n == 3 else "en"
        )

    with django_assert_num_queries(3):
        shown = client.get(f"/p/{place.program.slug}/", headers={"accept-language": "it"}).text

    assert [f"Words {n}." in shown for n in range(4)] == [False, True, True, True]
    assert shown.index("Words 3.") < shown.index("Words 2.")


def test_whoever_asks_to_be_forgotten_is_neither_quoted_nor_remembered(client, asked):
    send(client, asked)
    decide(asked, "approve")

    for _twice in range(2):
        erase_advocates(Advocate.objects.filter(pk=asked.enrolment.advocate_id), now=NOW, by=None)

    row, answer = Testimonial.objects.get(), SurveyResponse.objects.get()
    assert (row.status, row.original, row.words, row.name, row.company) == ("withdrawn", "", "", "", "")
    assert (answer.answers, answer.questions, answer.may_quote, answer.quote_words) == ({}, {}, False, "")
    # The number stays in the counts, the link leads nowhere.
    assert (answer.score, client.get(f"/s/{asked.token}/").status_code) == (9, 404)
    assert "What customers say" not in page(client, asked)
