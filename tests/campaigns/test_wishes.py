"""What people chose and what they got lately is asked before a plan begins with them, as the outbox would ask."""

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Ask, ContactPreference, Message, OutreachPlan
from campaigns.services.delivery import deliver_due
from campaigns.services.funnel import funnel
from campaigns.services.planner import plan_due
from campaigns.services.pressure import Pressure
from campaigns.services.prospects import judged
from referrals.models import Advocate
from tests.campaigns.clockwork import DAY, End, Trigger, happens, plan_after, run, sent, the_ask
from tests.cast import client_of, member_of
from tests.factories import NOW, AdvocateFactory, AskFactory, MessageFactory

pytestmark = pytest.mark.django_db
WEEKS = timedelta(weeks=1)


def chooses(advocate, **what):
    return ContactPreference.objects.create(advocate=advocate, key=advocate.email_key, changed_at=NOW, **what)


def got(advocate, count, at=NOW - DAY, **more):
    MessageFactory.create_batch(
        count, purpose="ask", advocate=advocate, status="sent", sent_at=at, to_address=advocate.email, **more
    )


CASES = [
    (lambda anna: chooses(anna, paused_until=NOW + DAY), "paused"),
    (lambda anna: chooses(anna, paused_until=NOW - DAY), ""),
    (lambda anna: chooses(anna, refused=["asks"]), "unwanted"),
    (lambda anna: chooses(anna, refused=["surveys", "news"]), ""),
    (lambda anna: chooses(anna, way="sms"), "way"),
    (lambda anna: chooses(anna, way="none"), "way"),
    (lambda anna: chooses(anna, way="email"), ""),
    # The choice of whoever had this mailbox before.
    (lambda anna: ContactPreference.objects.create(key=anna.email_key, way="none", changed_at=NOW), "way"),
    (lambda anna: got(anna, 1), ""),
    (lambda anna: got(anna, 2), "enough"),
    (lambda anna: got(anna, 1) or chooses(anna, often="less"), "enough"),
    (lambda anna: got(anna, 5, NOW - 2 * WEEKS), ""),
    (lambda anna: got(anna, 6, NOW - 2 * WEEKS), "enough"),
    (lambda anna: got(anna, 6, NOW - 5 * WEEKS), ""),
    # Two friends' mails to the same mailbox.
    (lambda anna: MessageFactory.create_batch(
        2, purpose="nurture", status="sent", sent_at=NOW - DAY, to_address=anna.email, to_key=anna.email_key
    ), "enough"),
]  # fmt: skip


@pytest.mark.parametrize(("does", "hindrance"), CASES)
def test_the_plan_judges_as_the_outbox_does(does, hindrance):
    plan, anna = plan_after(), AdvocateFactory()
    does(anna)

    message = MessageFactory(purpose="ask", advocate=anna, to_address=anna.email, program=plan.program)
    held = Pressure([message], now=NOW).hold(message)

    assert judged(Advocate.objects.filter(pk=anna.pk), plan, now=NOW).get().hindrance == hindrance
    assert bool(held) == bool(hindrance)


@pytest.mark.parametrize(
    ("choice", "reason", "words"),
    [
        ({"paused_until": NOW + 3650 * DAY}, "paused", "paused until 1 March 2036"),
        ({"refused": ["asks"]}, "unwanted", "wants no asks"),
        ({"way": "sms"}, "way", "not by e-mail"),
    ],
)
def test_the_preview_promises_nothing_to_whoever_does_not_want_it(choice, reason, words):
    plan = plan_after(Trigger.MEMBER, status="draft")
    chooses(AdvocateFactory(), **choice)
    manager = client_of(member_of(plan.program))
    url = reverse("admin:campaigns_outreachplan_preview", args=[plan.pk])

    assert "0 people are asked" in manager.get(url).text
    assert f"<td>{words}</td>" in "".join(
        line.strip() for line in manager.get(url, {"why": reason}).text.split("\n")
    )


def test_whoever_pauses_is_put_off_and_asked_afterwards_without_losing_a_year():
    plan_after(earliest_days=1)
    anna = AdvocateFactory()
    happens(anna)
    chooses(anna, paused_until=NOW + 90 * DAY)

    run(NOW, 95)

    assert (sent(), the_ask().state) == ([(90, "ask")], "running")


def test_a_pause_in_the_middle_of_a_round_makes_the_next_message_wait():
    plan_after(steps=[(0, "ask"), (7, "ask_last")], earliest_days=1, stretch=0)
    anna = AdvocateFactory()
    happens(anna)
    run(NOW, 2)
    chooses(anna, paused_until=NOW + 50 * DAY)

    run(NOW + 3 * DAY, 60)

    assert sent() == [(1, "ask"), (50, "ask_last")]


def test_whoever_has_had_enough_waits_for_their_turn():
    plan, anna = plan_after(earliest_days=1), AdvocateFactory()
    happens(anna)
    got(anna, 2, NOW)

    run(NOW + DAY, 7)

    assert [(m.due_at - NOW).days for m in Message.objects.filter(ask__plan=plan)] == [7]


def test_whoever_wants_no_asks_any_more_leaves_the_round():
    ask = AskFactory(started_at=NOW)
    chooses(ask.advocate, refused=["asks"])

    run(NOW, 1)

    assert (Ask.objects.get().end_reason, sent()) == (End.UNWANTED, [])


def test_a_survey_is_no_ask():
    plan = plan_after(steps=[(0, "review_request")], aim=OutreachPlan.Aim.REVIEW)
    chooses(AdvocateFactory(), refused=["asks"])

    assert judged(Advocate.objects.all(), plan, now=NOW).get().hindrance == ""


def two_ways():
    plan = plan_after(steps=[(0, "ask"), (7, "ask_follow_up"), (7, "ask_last")], earliest_days=1, stretch=0)
    plan.steps.filter(position=2).update(channel="sms")
    anna = AdvocateFactory(phone="+390669821234")
    happens(anna)
    return plan, anna


def ways():
    return [(m.purpose, m.channel, m.to_address) for m in Message.objects.order_by("pk")]


def test_whoever_wants_text_messages_only_is_asked_by_one_before_they_are_followed_up():
    plan, anna = two_ways()
    chooses(anna, way="sms")

    run(NOW, 30)

    assert ways() == [("ask", "sms", anna.phone), ("ask_follow_up", "sms", anna.phone)]
    assert (the_ask().end_reason, funnel(plan).asked) == ("", 1)


def test_an_ask_that_may_not_go_by_mail_any_more_goes_by_text_message():
    _plan, anna = two_ways()
    plan_due(now=NOW + DAY)
    chooses(anna, way="sms")
    deliver_due(now=NOW + DAY)
    assert Message.objects.get().held_for == "channel"

    run(NOW + 8 * DAY, 1)

    assert ways()[1:] == [("ask", "sms", anna.phone)]
    assert the_ask().touches == 1


def test_an_ask_that_was_held_back_for_good_is_not_followed_up_and_costs_no_rest():
    plan, anna = two_ways()
    plan_due(now=NOW + DAY)
    chooses(anna, refused=["news"])
    Message.objects.update(status="withheld", held_for="topic")

    run(NOW + 2 * DAY, 20)

    ask = the_ask()
    assert (ask.end_reason, ask.started_at, len(ways())) == (End.UNWANTED, None, 1)
    assert judged(Advocate.objects.all(), plan, now=NOW + 60 * DAY).get().hindrance == ""
    assert funnel(plan).asked == 0


def test_touches_count_what_left():
    two_ways()
    run(NOW, 9)
    Message.objects.filter(purpose="ask_follow_up").update(status="withheld", held_for="staff", sent_at=None)

    plan_due(now=NOW + 40 * DAY)

    assert (the_ask().touches, ways()[-1][0]) == (2, "ask_last")
