"""Whatever a plan says and whatever people do meanwhile, every rule is kept."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from campaigns.models import Ask, ContactPolicy, ContactPreference, Message, Suppression, Topic
from campaigns.services.asks import record_click, sign
from campaigns.services.delivery import deliver_due
from campaigns.services.planner import plan_due
from campaigns.services.preference import Choice, change_preferences
from campaigns.services.suppression import suppress_keys
from campaigns.simulation.check import broken_rules
from tests.campaigns.clockwork import DAY, happens
from tests.factories import AdvocateFactory, OutreachPlanFactory, PlanStepFactory, ProgramFactory

pytestmark = pytest.mark.django_db
# The days on which clocks change in Rome, New York and on Lord Howe Island, a leap day, the turn of a year.
STARTS = ["2026-03-27", "2026-10-23", "2026-03-06", "2026-04-03", "2028-02-27", "2026-12-30"]
ZONES = ["", "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
WAYS, OFTEN = ContactPreference.Way, ContactPreference.Often
MOST_TICKS = 40

steps = st.lists(
    st.fixed_dictionaries(
        {
            "wait_days": st.integers(0, 9),
            "kind": st.sampled_from(["message", "message", "call"]),
            "purpose": st.sampled_from(["ask", "ask_follow_up", "ask_last"]),
        }
    ),
    min_size=1,
    max_size=4,
)
plans = st.fixed_dictionaries(
    {
        "earliest_days": st.integers(0, 6),
        "latest_days": st.integers(7, 30),
        "stretch": st.sampled_from([0, 50]),
        "touches": st.integers(1, 4),
        "rest_days": st.sampled_from([30, 60]),
        "stops_on_click": st.booleans(),
    }
)
policies = st.fixed_dictionaries(
    {
        "per_week": st.integers(1, 2),
        "per_month": st.integers(1, 3),
        "quiet_from": st.sampled_from([time(20), time(22, 15), time(1)]),
        "quiet_until": st.sampled_from([time(8), time(9, 45), time(3)]),
        "quiet_days": st.sampled_from(["", "7", "67", "134567"]),
    }
)
choices = st.builds(
    Choice,
    topics=st.sampled_from([[str(topic) for topic in Topic], ["news"]]),
    way=st.sampled_from([WAYS.ANY, WAYS.EMAIL, WAYS.SMS, WAYS.NONE]),
    often=st.sampled_from([OFTEN.NORMAL, OFTEN.LESS]),
    pause=st.booleans(),
    language=st.just("en"),
)
acts = st.lists(
    st.tuples(
        st.integers(2, 20),
        st.integers(0, 1),
        st.one_of(choices, st.sampled_from(["leaves", "clicks", "buys"])),
    ),
    min_size=2,
    max_size=4,
)


# A plan in a hurry, which caps and wishes have to hold back.
EAGER = {
    "earliest_days": 1, "latest_days": 30, "stretch": 0, "touches": 4, "rest_days": 30, "stops_on_click": False,
}  # fmt: skip
MAILS = [{"wait_days": days, "kind": "message", "purpose": "ask"} for days in (0, 2, 2, 2)]
NIGHT = {"quiet_from": time(20), "quiet_until": time(8), "quiet_days": "7"}
ALL = [str(topic) for topic in Topic]
PAUSE = Choice(ALL, WAYS.ANY, OFTEN.NORMAL, pause=True, language="en")
BY_TEXT = Choice(ALL, WAYS.SMS, OFTEN.NORMAL, pause=False, language="en")


# Two months of a company take a second: a few examples a run, and a failing one is shown as it is.
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start=st.sampled_from(STARTS),
    hour=st.integers(0, 23),
    zones=st.lists(st.sampled_from(ZONES), min_size=2, max_size=2),
    plan=plans,
    steps=steps,
    policy=policies,
    acts=acts,
)
@example(
    start="2026-04-03", hour=10, zones=["", "Australia/Lord_Howe"], plan=EAGER, steps=MAILS,
    policy=NIGHT | {"per_week": 1, "per_month": 3}, acts=[],
)  # fmt: skip
@example(
    start="2028-02-27", hour=23, zones=["Europe/Rome", ""], plan=EAGER, steps=MAILS,
    policy=NIGHT | {"per_week": 2, "per_month": 6}, acts=[(3, 0, PAUSE), (3, 1, BY_TEXT)],
)  # fmt: skip
def test_a_random_plan_keeps_every_rule(start, hour, zones, plan, steps, policy, acts):
    now = datetime.fromisoformat(start).replace(hour=hour, tzinfo=UTC)
    with transaction.atomic():
        ContactPolicy.objects.update_or_create(id=1, defaults=policy)
        program = ProgramFactory(timezone="Europe/Rome")
        people = [AdvocateFactory(timezone=zone, phone="+390612345678") for zone in zones]
        for number in range(2):
            made = OutreachPlanFactory(program=program, first=None, **(plan if number else {}))
            for position, step in enumerate(steps, start=1):
                PlanStepFactory(plan=made, position=position, **step)
        for person in people:
            happens(person, at=now, program=program)

        live(program, people, acts, now)

        keys = list(Message.objects.filter(ask__isnull=False).values_list("ask", "key"))
        assert list(broken_rules()) == []
        assert len(keys) == len(set(keys))
        assert not Ask.objects.filter(started_at__lt=now + timedelta(hours=24)).exists()
        transaction.set_rollback(True)


def live(program, people, acts, now):
    """Let the clock tick whenever something is due, and let people do what they do on their days."""
    days = {day: [] for day, _who, _act in acts}
    for day, who, act in acts:
        days[day].append((people[who], act))
    todo = sorted(days.items())
    end = now + 50 * DAY
    start, at = now, now
    for _tick in range(MOST_TICKS):
        while todo and start + todo[0][0] * DAY <= at:
            for person, act in todo.pop(0)[1]:
                do(person, act, program, at)
        plan_due(now=at)
        deliver_due(now=at)
        soon = [start + todo[0][0] * DAY] if todo else []
        soon += (
            Ask.objects.open().filter(due_at__gt=at).order_by("due_at").values_list("due_at", flat=True)[:1]
        )
        soon += Message.objects.filter(status="queued", due_at__gt=at).values_list("due_at", flat=True)
        at = max(min(soon, default=end), at + timedelta(minutes=1))
        if at >= end:
            return


def do(person, act, program, at):
    if act == "leaves":
        suppress_keys({person.email_key, person.phone_key}, None, Suppression.Reason.UNSUBSCRIBED, now=at)
    elif act == "buys":
        happens(person, at=at, program=program)
    elif act == "clicks":
        for ask in Ask.objects.running().filter(advocate=person):
            record_click(sign(ask.pk), person.pk, now=at)
    else:
        change_preferences(person, act, program=program, now=at)
