"""Some weeks of an invented company, with the clock running fast: every rule is kept."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Message, MessageTemplate, Suppression
from campaigns.simulation.check import broken_rules
from referrals.models import Event
from tests.factories import NOW, AdvocateFactory, AskFactory, MessageFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_two_simulated_weeks_keep_every_rule():
    said = StringIO()

    # Every eight hours: once a day might be at night, by whichever clock the test runs.
    call_command("simulate", customers=30, days=14, seed=7, hours=8, stdout=said)

    assert "Every rule was kept." in said.getvalue()
    assert Message.objects.filter(ask__isnull=False, sent_at__isnull=False).count() > 0
    with pytest.raises(CommandError, match="Choose another --seed"):
        call_command("simulate", customers=1, days=1, seed=7, stdout=StringIO())


def test_without_words_nothing_is_simulated():
    MessageTemplate.objects.all().delete()

    with pytest.raises(CommandError, match="Run sync first"):
        call_command("simulate", customers=1, days=1, stdout=StringIO())


def chose(at, **data):
    anna = AdvocateFactory()
    changed = Event(kind=Event.Kind.PREFERENCES_CHANGED, advocate=anna, occurred_at=at, data=data)
    Event.objects.record([changed], now=at)
    return anna


def sent(at, **more):
    usual = {"purpose": "ask", "status": "sent", "sent_at": at, "key": "ask:1:1"}
    return MessageFactory(**(usual | more))


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (lambda: sent(NOW.replace(hour=23)), "sent in quiet hours"),
        (lambda: [sent(NOW, key=f"k{n}", to_address="anna@mail.example") for n in range(3)], "over the cap"),
        (lambda: sent(NOW, ask=AskFactory(since=NOW)), "before the earliest moment"),
        (lambda: sent(NOW, not_after=NOW - timedelta(days=1), ask=AskFactory(since=NOW - timedelta(days=99))),
         "after the latest moment"),
        (lambda: Suppression.objects.create(
            key=sent(NOW).to_key, reason="unsubscribed", created_at=NOW - timedelta(days=1)), "wanted no more"),
        (lambda: sent(NOW, advocate=chose(NOW - DAY, paused_until=(NOW + DAY).isoformat())), "in their pause"),
        (lambda: sent(NOW, advocate=chose(NOW - DAY, topics=["news"])), "do not want to hear of"),
        (lambda: sent(NOW, advocate=chose(NOW - DAY, way="sms")), "by a way they do not want"),
        (lambda: [sent(NOW, key=f"k{n}", to_address="anna@mail.example", advocate=anna)
                  for anna in [chose(NOW - DAY, often="less")] for n in range(2)], "over the cap"),
        (lambda: [AskFactory(advocate=anna, started_at=at, ended_at=at + DAY, end_reason="done")
                  for anna in [AdvocateFactory()] for at in (NOW, NOW + 99 * DAY)], "asked again too soon"),
    ],
    ids=["quiet", "cap", "earliest", "latest", "unsubscribed", "pause", "topic", "way", "half as often", "rest"],
)  # fmt: skip
def test_the_check_sees_each_rule_that_is_broken(break_it, what):
    break_it()

    assert [what in line for line in broken_rules()] == [True]
