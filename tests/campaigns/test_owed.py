"""A reward that is somebody's is handed over, also where they want no mail from us; where it cannot be, staff know."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from campaigns.models import Message
from campaigns.services import desk
from campaigns.services.delivery import deliver_due
from campaigns.services.suppression import suppress
from rewards.models import Reward
from rewards.services.reward import hand_out
from tests.cast import client_of, member_of
from tests.factories import MessageFactory, ProgramFactory, ReferralFactory, RewardFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reward():
    referral = ReferralFactory(enrolment__program=ProgramFactory(owner=UserFactory()))
    return RewardFactory(referral=referral, enrolment=referral.enrolment, status="approved")


def give(reward, now):
    hand_out(Reward.objects.filter(pk=reward.pk), now=now, by=None)
    return Message.objects.get(purpose="reward_advocate")


@pytest.mark.parametrize("comes_first", ["stop", "reward"])
def test_whoever_stopped_our_mail_still_gets_what_they_are_owed_and_nothing_else(
    client, reward, now, comes_first
):
    advocate = reward.enrolment.advocate
    to = {"to_address": advocate.email, "program": reward.program, "advocate": advocate}
    letter = MessageFactory(**to, status="sent", sent_at=now - timedelta(days=9))
    news = MessageFactory(**to, due_at=now)
    page = f"/u/{letter.token}/"
    assert "A reward that you are owed still comes: it is yours." in client.get(page).text

    steps = [lambda: client.post(page, {"do": "stop_all"}), lambda: give(reward, now)]
    for step in steps if comes_first == "stop" else steps[::-1]:
        step()
    deliver_due(now=now)

    news.refresh_from_db()
    assert "A reward that you are owed still comes" in client.get(page).text
    assert news.status == "withheld"
    assert [letter.to for letter in mail.outbox] == [[advocate.email]]


@pytest.mark.parametrize("reason", ["bounced", "complained", "erased"])
def test_where_it_cannot_arrive_it_waits_on_the_desk_until_somebody_says_how_they_got_it(reward, now, reason):
    suppress(reward.enrolment.advocate.email_key, None, reason, now=now)
    message = give(reward, now)
    deliver_due(now=now)
    maya = member_of(reward.program)

    def needs():
        return [need for need in desk.look(maya, now=now).needs if "did not reach" in need.words]

    assert mail.outbox == []
    if reason == "erased":
        assert needs() == []
        return
    [need] = needs()
    assert (need.number, need.words) == (1, "reward that did not reach its owner")
    assert client_of(maya).get(need.url).context["cl"].result_count == 1
    url = reverse("admin:campaigns_message_step", args=[message.pk, "brought"])
    client_of(maya).post(url, {"_do": "1", "note": "Read her the code on the phone."})

    message.refresh_from_db()
    assert (message.reason, needs()) == ("Read her the code on the phone.", [])
