"""Staff hear of a call when it matters, once, in office hours, and only what they want to hear."""

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import AlertChoice, Message
from campaigns.services.call_alerts import alert_callers
from campaigns.services.delivery import deliver_due
from referrals.models import Event, FollowUp
from referrals.services.assignment import pass_on_calls
from referrals.services.follow_up import snooze
from referrals.services.handling import hand_over
from referrals.services.visit import note_return
from tests.cast import client_of, member_of
from tests.factories import (
    AbsenceFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ProgramFactory,
    ReferralFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"
ALERTS = ("call_soon", "call_overdue", "call_escalated", "friend_back", "sales_alert")


@pytest.fixture
def program():
    return ProgramFactory(lead=UserFactory(username="lead"), escalate_after_hours=2)


def call_due(program, due_at, **more):
    referral = ReferralFactory(enrolment=EnrolmentFactory(program=program))
    return FollowUpFactory(referral=referral, owner=UserFactory(), due_at=due_at, **more)


def told():
    return list(
        Message.objects.filter(purpose__in=ALERTS).order_by("pk").values_list("purpose", "user__username")
    )


def test_soon_then_overdue_then_the_lead_each_once(program, now):
    call = call_due(program, now + timedelta(minutes=20))
    owner = call.owner.username
    expected = []

    for later, news in (
        (-20, None), (0, ("call_soon", owner)), (10, None), (21, ("call_overdue", owner)), (130, None),
        (141, ("call_escalated", "lead")), (200, None),
    ):  # fmt: skip
        expected += [news] if news else []
        for _twice in range(2):
            alert_callers(now=now + timedelta(minutes=later))
        assert told() == expected

    call.refresh_from_db()
    assert (call.owner, call.referral.owner) == (program.lead, program.lead)
    event = Event.objects.get(kind="referral.escalated")
    assert (event.data["before"], event.data["owner"]) == (owner, "lead")
    assert Message.objects.get(purpose="call_escalated").context["caller"] == owner


def test_a_call_that_is_due_when_the_office_opens_is_told_of_before_it_is_overdue(program, now):
    opening = now.replace(hour=9)
    call = call_due(program, opening)
    owner = call.owner.username

    for minutes, news in ((-5, []), (5, ["call_soon"]), (25, []), (35, ["call_overdue"])):
        before = len(told())
        alert_callers(now=opening + timedelta(minutes=minutes))
        assert told()[before:] == [(purpose, owner) for purpose in news]


def test_nobody_is_alarmed_while_the_office_is_closed(program, now):
    call_due(program, now)

    assert alert_callers(now=now.replace(hour=22)) == 0
    assert told() == []


def test_a_call_that_was_put_off_is_told_of_again(program, now):
    call = call_due(program, now)
    alert_callers(now=now)
    snooze(call, now + timedelta(hours=1), now=now, by=call.owner)
    alert_callers(now=now + timedelta(minutes=50))

    assert [purpose for purpose, _user in told()] == ["call_soon", "call_soon"]


def test_what_is_done_alarms_nobody(program, now):
    call_due(program, now - timedelta(hours=1), done_at=now)

    assert alert_callers(now=now) == 0


def test_about_a_friend_under_review_nobody_is_told_to_call(program, now):
    call = call_due(program, now - timedelta(days=2))
    type(call.referral).objects.update(status="under_review")

    assert alert_callers(now=now) == 0
    assert told() == []


def test_without_a_lead_the_first_manager_gets_it(now):
    program = ProgramFactory()
    mara = member_of(program)
    call_due(program, now - timedelta(days=2))

    alert_callers(now=now)

    assert told() == [("call_escalated", mara.username)]


@pytest.mark.parametrize("count", [1, 3])
def test_many_alerts_cost_as_many_queries_as_one(program, now, count, django_assert_num_queries):
    for _ in range(count):
        call_due(program, now - timedelta(minutes=5))
        call_due(program, now + timedelta(minutes=5))
        call_due(program, now - timedelta(days=2))

    with django_assert_num_queries(30):
        alert_callers(now=now)


def test_whoever_gets_a_friend_from_a_colleague_reads_of_it(program, now):
    call, ines = call_due(program, now), UserFactory(username="ines")

    hand_over(type(call.referral).objects.all(), ines, now=now, by=call.owner)
    hand_over(type(call.referral).objects.all(), call.owner, now=now, by=call.owner)
    AbsenceFactory(user=call.owner, stand_in=ines)
    pass_on_calls(now=now)

    assert told() == [("sales_alert", "ines"), ("sales_alert", "ines")]


class TestAFriendWhoComesBack:
    def test_is_told_of_once_a_day(self, program, now):
        call = call_due(program, now)
        call.referral.accepted_at = now - timedelta(hours=2)

        for hours in (0, 1, 24):
            note_return(call.referral, now=now + timedelta(hours=hours))

        assert told() == [("friend_back", call.owner.username)] * 2

    @pytest.mark.parametrize(("said_yes", "status"), [(None, "submitted"), (0.5, "submitted"), (9, "lost")])
    def test_who_has_not_answered_or_is_settled_has_not_come_back(self, program, now, said_yes, status):
        call = call_due(program, now)
        call.referral.status = status
        call.referral.accepted_at = said_yes and now - timedelta(hours=said_yes)

        note_return(call.referral, now=now)

        assert told() == []

    def test_the_page_reports_a_person_and_no_machine(self, client, program, now):
        call = call_due(program, now)
        type(call.referral).objects.update(accepted_at=now)
        url = reverse("invitation-seen", args=[call.referral.token])

        assert client.post(url, HTTP_USER_AGENT="Googlebot/2.1").status_code == 204
        assert told() == []
        assert client.post(url, HTTP_USER_AGENT=PHONE).status_code == 204
        assert told() == [("friend_back", call.owner.username)]
        assert client.get(url).status_code == 405
        assert client.post(reverse("invitation-seen", args=["x"])).status_code == 404


def test_an_alert_that_somebody_does_not_want_stays_here(program, now):
    call = call_due(program, now)
    AlertChoice.objects.create(user=call.owner, due_soon=False)
    alert_callers(now=now)

    deliver_due(now=now)

    message = Message.objects.get(purpose="call_soon")
    assert (message.status, message.reason) == ("withheld", "They chose not to get this alert.")


def test_everyone_chooses_their_own_alerts(program):
    tom, ines = member_of(program, "sales"), member_of(program, "sales")
    theirs = AlertChoice.objects.create(user=ines)
    client = client_of(tom)

    client.post(reverse("admin:campaigns_alertchoice_add"), {"user": tom.pk, "overdue": "on"})

    assert AlertChoice.objects.get(user=tom).wanted == ["a call is overdue"]
    assert client.get(reverse("admin:campaigns_alertchoice_change", args=[theirs.pk])).status_code == 404
    assert client.post(reverse("admin:campaigns_alertchoice_add"), {"user": ines.pk}).status_code == 200


def test_a_told_call_is_no_longer_looked_at(program, now):
    call = call_due(program, now)
    alert_callers(now=now)

    call.refresh_from_db()
    assert call.told == FollowUp.Told.DUE_SOON
