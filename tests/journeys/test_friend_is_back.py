"""A friend who left details is at the share link again, and whoever calls hears of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Message
from referrals.models import Event, Referral
from tests.factories import EnrolmentFactory, UserFactory
from tests.journeys.test_share import BEN, PERSON

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(client):
    client.defaults["HTTP_USER_AGENT"] = PERSON["User-Agent"]
    return client


def leave_details(ben):
    """At Anna's link, two hours ago; returns the link."""
    place = EnrolmentFactory(program__owner=UserFactory())
    link = f"/r/{place.code}/"
    ben.get(f"{link}join/")
    ben.post(f"{link}join/", BEN)
    Referral.objects.update(accepted_at=timezone.now() - timedelta(hours=2))
    return link


@pytest.fixture
def link(ben):
    return leave_details(ben)


def returns():
    return Event.objects.filter(kind=Event.Kind.REFERRAL_RETURNED).count()


def test_the_device_of_the_form_tells_that_the_friend_is_back_once_a_day(ben, link):
    assert ben.post(f"{link}seen/").status_code == 204
    ben.post(f"{link}seen/")

    assert returns() == 1
    assert Message.objects.filter(purpose="friend_back").count() == 1


def test_the_device_is_known_for_this_month_and_the_next(ben, time_machine):
    counts = []
    time_machine.move_to("2026-03-28T10:00Z")
    link = leave_details(ben)
    for day in ("2026-04-02T10:00Z", "2026-05-02T10:00Z"):
        time_machine.move_to(day)
        ben.post(f"{link}seen/")
        counts.append(returns())

    assert counts == [1, 1]


@pytest.mark.parametrize(
    "visitor", [{"cookie": False}, {"headers": {"User-Agent": "Googlebot/2.1"}}, {"link": "another"}]
)
def test_without_the_cookie_from_a_machine_or_at_another_link_nobody_is_recognised(ben, link, visitor):
    if "cookie" in visitor:
        ben.cookies.clear()
    path = f"/r/{EnrolmentFactory().code}/" if "link" in visitor else link

    assert ben.post(f"{path}seen/", headers=visitor.get("headers", {})).status_code == 204
    assert returns() == 0


def test_a_stranger_without_a_cookie_costs_no_question_more(client, link, django_assert_num_queries):
    client.cookies.clear()
    with django_assert_num_queries(0):
        client.post(f"{link}seen/")
