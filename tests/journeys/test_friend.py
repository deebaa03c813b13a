import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Message
from referrals.models import Event, FollowUp, Referral
from tests.factories import FollowUpFactory, ReferralFactory, RewardRuleFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def referral():
    staff = UserFactory()
    return ReferralFactory(
        name="Ben Weber", email="ben@friend.example", owner=staff, enrolment__program__owner=staff
    )


@pytest.fixture
def invitation(referral):
    return f"/f/{referral.token}/"


YES = {"answer": "yes", "agreed": "on", "phone": "+39 06 6982 1234", "note": "Mornings"}


def test_a_friend_reads_who_recommends_and_what_is_in_it(
    client, referral, invitation, django_assert_num_queries
):
    for _ in range(2):
        rule = RewardRuleFactory(program=referral.program, side="friend")
        with django_assert_num_queries(3):
            text = client.get(invitation).text

    assert "Hello Ben" in text
    assert "Anna Rossi thinks that Acme can help you" in text
    assert f"You get {rule.incentive.name} when you become a customer." in text
    assert "Anna Rossi gave Acme your name and how to reach you, and said that you agree." in text


def test_a_yes_with_details_brings_a_call(client, referral, invitation):
    response = client.post(invitation, YES)

    assert response.url == invitation
    referral.refresh_from_db()
    assert (referral.phone, referral.note, bool(referral.accepted_at)) == ("+390669821234", "Mornings", True)
    assert (
        referral.consents.get().words == "Acme may contact me about this recommendation by e-mail or phone."
    )
    assert FollowUp.objects.open().get().referral == referral
    assert sorted(Message.objects.values_list("purpose", flat=True)) == ["friend_thanks", "sales_alert"]
    assert "Thank you, Ben" in client.get(invitation).text


def test_a_yes_said_twice_is_one_yes_with_the_newer_details(client, referral, invitation):
    client.post(invitation, YES)
    client.post(invitation, YES | {"note": "Evenings"})

    referral.refresh_from_db()
    assert referral.note == "Evenings"
    assert referral.consents.count() == 1
    assert Message.objects.count() == 2


def test_whoever_adds_something_days_later_is_heard_and_called_sooner(client, referral, invitation):
    referral.accepted_at = timezone.now() - timedelta(days=5)
    referral.save()
    call = FollowUpFactory(
        referral=referral, owner=referral.owner, due_at=timezone.now() + timedelta(days=60)
    )

    for _twice in range(2):
        page = client.post(invitation, YES | {"note": "Call me this week, please"}, follow=True).text

    assert "Thank you, we have it. Whoever calls you reads it." in page
    call.refresh_from_db()
    assert call.due_at < timezone.now() + timedelta(days=10)
    assert Event.objects.get(kind="referral.returned").data == {"note": "Call me this week, please"}
    assert Message.objects.get(purpose="friend_back").user == referral.owner


@pytest.mark.parametrize(
    ("hours", "said"),
    [(1000, "We call by"), (-1, "We meant to call you by now and are late."), (None, "We stay in touch.")],
)
def test_the_friend_reads_when_the_call_is_due_that_is_planned_now(client, referral, invitation, hours, said):
    referral.accepted_at = timezone.now() - timedelta(days=9)
    referral.save()
    if hours is not None:
        due = timezone.now() + timedelta(hours=hours)
        FollowUpFactory(referral=referral, due_at=due)

    page = client.get(invitation).text

    assert said in page
    assert hours != 1000 or f'datetime="{referral.program.local(due):%Y-%m-%dT%H:%M}' in page


def test_a_yes_needs_the_tick_and_loses_nothing_without_it(client, referral, invitation):
    text = client.post(invitation, YES | {"agreed": "", "phone": "12"}).text

    assert "Tick this if we may contact you. Without it we will not." in text
    assert 'href="#id_phone"' in text
    assert "Mornings</textarea>" in text
    referral.refresh_from_db()
    assert referral.accepted_at is None


def test_no_thanks_ends_it_and_may_be_said_again(client, referral, invitation):
    FollowUpFactory(referral=referral)

    for _ in range(2):
        assert client.post(invitation, {"answer": "no"}).url == invitation

    referral.refresh_from_db()
    assert (referral.status, referral.status_reason) == ("lost", "declined")
    assert not FollowUp.objects.open().exists()
    assert not Message.objects.exists()
    assert "That is fine. We will not call or write." in client.get(invitation).text


def test_a_friend_may_change_their_mind_both_ways(client, referral, invitation):
    for answer, status in ((YES, "submitted"), ({"answer": "no"}, "lost"), (YES, "submitted")):
        client.post(invitation, answer)
        referral.refresh_from_db()
        assert referral.status == status
        assert FollowUp.objects.open().count() == (status == "submitted")


def test_deleting_asks_once_more_and_then_deletes(client, referral, invitation):
    text = client.get(invitation).text
    assert text.index("<summary>Delete my data") < text.index("Delete everything about me")

    for _ in range(2):
        client.post(invitation, {"answer": "delete"})

    referral.refresh_from_db()
    assert (referral.name, referral.email, bool(referral.erased_at)) == ("", "", True)
    text = client.get(invitation).text
    assert "Your data has been deleted" in text
    assert "<form" not in text


def test_a_yes_after_deleting_is_refused_with_a_sentence(client, referral, invitation):
    client.post(invitation, {"answer": "delete"})

    text = client.post(invitation, YES).text

    assert "Your data has been deleted" in text
    referral.refresh_from_db()
    assert referral.phone == ""


def test_a_friend_who_came_by_a_link_reads_no_more_of_the_advocate_than_there(client):
    referral = ReferralFactory(source="link")

    text = client.get(f"/f/{referral.token}/").text

    assert "Anna thinks that Acme can help you" in text
    assert "Rossi" not in text
    assert "Acme has your name and how to reach you." in text


def test_the_page_stays_when_the_program_ends(client, referral, invitation):
    referral.program.status = "ended"
    referral.program.save()

    assert client.post(invitation, {"answer": "delete"}).status_code == 302


@pytest.mark.parametrize("status", ["under_review", "contacted", "rejected"])
def test_what_staff_decided_is_not_for_the_friend(client, referral, invitation, status):
    before = re.sub("value=.+?>", "", client.get(invitation).text)
    Referral.objects.update(status=status, status_reason="existing_customer", status_note="Rude on the phone")

    assert re.sub("value=.+?>", "", client.get(invitation).text) == before


def test_looking_changes_nothing_whoever_looks(client, referral, invitation):
    for method in (client.get, client.head):
        for headers in ({}, {"User-Agent": "BarracudaCentral/1.0"}):
            assert method(invitation, headers=headers).status_code == 200

    referral.refresh_from_db()
    assert (referral.status, referral.accepted_at) == ("submitted", None)
    assert not Event.objects.exists()


def test_the_page_is_not_kept_listed_or_passed_on(client, invitation):
    response = client.get(invitation)

    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "same-origin"


def test_an_unknown_token_does_not_exist(client):
    for answer in ({}, YES, {"answer": "delete"}):
        assert client.post("/f/nothing/", answer).status_code == 404
    assert client.get("/f/nothing/").status_code == 404
    assert client.get("/f/%00/").status_code == 404


@pytest.mark.parametrize("answer", ["", "maybe", "\x00"])
def test_any_other_answer_changes_nothing(client, referral, invitation, answer):
    assert client.post(invitation, {"answer": answer}).status_code == 200
    referral.refresh_from_db()
    assert referral.accepted_at is None


def test_an_answer_comes_from_our_own_page_only(invitation):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(invitation, {"answer": "delete"}).status_code == 403
    assert Client().delete(invitation).status_code == 405
    response = Client().post(invitation, {"answer": "delete"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
