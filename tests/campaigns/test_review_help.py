"""Step by step to a review, which is a deed, once for each place."""

import pytest
from django.utils import timezone

from campaigns.models import Message, OutreachPlan
from campaigns.services.plan import why_not_live
from referrals.models import Event
from tests.campaigns.clockwork import DAY, End, Kind, Trigger, happens, run, the_ask
from tests.factories import (
    NOW,
    AdvocateFactory,
    EnrolmentFactory,
    OutreachPlanFactory,
    PlanStepFactory,
    ReviewPlaceFactory,
    RewardRuleFactory,
    SurveyResponseFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return EnrolmentFactory(advocate__name="Anna Rossi")


def url(place):
    return f"/a/{place.token}/review/"


def left():
    return [event.data["place"] for event in Event.objects.filter(kind=Kind.REVIEW_LEFT).order_by("pk")]


def test_the_page_has_the_places_and_the_persons_own_words_to_copy(client, anna):
    SurveyResponseFactory(
        enrolment=anna, answered_at=NOW, changed_at=NOW, score=9,
        answers={"now": "Now it is quiet.", "before": "It was loud.", "own_1": "A secret."},
    )  # fmt: skip
    ReviewPlaceFactory(program=anna.program, name="Google", words="You need an account.")
    ReviewPlaceFactory(program=anna.program, name="Old", is_active=False)
    ReviewPlaceFactory(name="Of others")

    page = client.get(url(anna)).text

    assert "It was loud.\n\nNow it is quiet.</textarea>" in page
    assert ("You need an account." in page, "A secret" in page) == (True, False)
    assert [name in page for name in ("Open Google", "Open Old", "Of others")] == [True, False, False]
    assert left() == []


def test_saying_that_one_has_left_one_counts_once_for_each_place(client, anna):
    google, other = (
        ReviewPlaceFactory(program=anna.program),
        ReviewPlaceFactory(program=anna.program, name="Else"),
    )
    for place in (google, google, other):
        page = client.post(url(anna), {"place": place.pk}, follow=True)

    client.post(url(anna), {"place": ReviewPlaceFactory(name="Of others").pk})
    assert left() == ["Google", "Else"]
    assert page.text.count("You have left one here") == 2
    assert "I have left one" not in page.text


@pytest.mark.parametrize("rewarded", [True, False])
def test_who_gets_something_for_it_is_asked_to_say_so(client, anna, rewarded):
    ReviewPlaceFactory(program=anna.program)
    if rewarded:
        RewardRuleFactory(program=anna.program, when=Kind.REVIEW_LEFT)

    assert ("Please mention that in it" in client.get(url(anna)).text) == rewarded


def test_an_unknown_link_and_one_of_a_program_that_is_over_lead_nowhere(client, anna):
    assert client.get("/a/nobody-knows-this/review/").status_code == 404
    anna.program.status = "paused"
    anna.program.save()
    assert client.get(url(anna)).status_code == 404


def test_a_promoter_is_led_there_only_where_there_is_a_place(client, anna):
    asked = SurveyResponseFactory(
        enrolment=anna, answered_at=timezone.now(), changed_at=timezone.now(), score=9
    )

    assert url(anna) not in client.get(f"/s/{asked.token}/thanks/").text
    ReviewPlaceFactory(program=anna.program)
    assert url(anna) in client.get(f"/s/{asked.token}/thanks/").text


def test_a_plan_asks_for_a_review_names_the_place_and_is_over_with_it(client):
    plan = OutreachPlanFactory(
        aim=OutreachPlan.Aim.REVIEW, trigger=Trigger.PROMOTER, earliest_days=1, first=None
    )  # fmt: skip
    PlanStepFactory(plan=plan, purpose="review_request")
    assert why_not_live(plan).startswith("Step 1 asks for a review. Say first where")
    ReviewPlaceFactory(program=plan.program)
    assert why_not_live(plan) == ""
    happens(AdvocateFactory(), Kind.SATISFACTION, score=9)

    run(NOW, 3)
    [mail] = Message.objects.all()
    place = mail.advocate.enrolments.get()
    assert mail.context["place"] == "Google"
    assert mail.context["link"].startswith(f"http://localhost:8000{url(place)}?ask=")
    client.post(
        mail.context["link"].removeprefix("http://localhost:8000"),
        {"place": plan.program.review_places.get().pk},
    )

    assert (the_ask().end_reason, the_ask().clicked_at is not None) == (End.ANSWERED, True)
    run(NOW + 4 * DAY, 1)
    assert Message.objects.count() == 1
