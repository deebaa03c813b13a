"""Surveys, reviews, follows and shares of which other systems tell: by the API, a file or their own call."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from referrals.models import Event, HookMapping
from rewards.models import Reward
from tests.cast import System
from tests.factories import EnrolmentFactory, RewardRuleFactory
from tests.referrals.test_hook import connect, send

pytestmark = pytest.mark.django_db
DEEDS = ("survey.answered", "review.left", "followed", "shared")


@pytest.fixture
def anna():
    """An advocate in a program that gives something for each of the four."""
    place = EnrolmentFactory(advocate__external_id="7", advocate__email="anna@rossi.example")
    for deed in DEEDS:
        RewardRuleFactory(program=place.program, when=deed)
    return place


def rewarded():
    return sorted(Reward.objects.values_list("event__kind", flat=True))


def test_the_api_takes_them_once_and_gives_them_back(anna):
    system = System(anna.program)
    for deed in DEEDS:
        told = {"kind": deed, "advocate": {"external_id": "7"}, "external_id": "1", "data": {"place": "Maps"}}
        assert [system.post("/events", told).status_code for _ in range(2)] == [201, 200]

    assert rewarded() == sorted(DEEDS)
    assert [row["kind"] for row in system.get("/events").json()["data"]] == list(DEEDS)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_file_brings_them_once(anna, deed, tmp_path):
    path = tmp_path / "deeds.csv"
    path.write_text(f"advocate,occurred_at,network\n7,{timezone.now():%Y-%m-%d},Maps\n")
    for _ in range(2):
        call_command("import_events", str(path), kind=deed, program=anna.program.slug)

    assert (rewarded(), Event.objects.get(kind=deed).data) == ([deed], {"network": "Maps"})


@pytest.mark.parametrize("deed", DEEDS)
def test_another_systems_call_can_mean_them(anna, deed, now):
    source = connect(program=anna.program)
    pointers = {"email": "/email"}
    HookMapping.objects.create(source=source, says="done", means=deed, pointers=pointers)

    for _ in range(2):
        send(source, {"type": "done", "email": "anna@rossi.example"}, now=now)

    assert rewarded() == [deed]


@pytest.mark.parametrize(("days", "rewards"), [(29, 1), (31, 0)])
def test_what_happened_long_before_it_was_told_is_history_and_earns_nothing(anna, days, rewards):
    at = (timezone.now() - timedelta(days=days)).isoformat()
    told = {"kind": "review.left", "advocate": {"external_id": "7"}, "occurred_at": at}

    assert System(anna.program).post("/events", told).status_code == 201
    assert Reward.objects.count() == rewards


def test_what_happened_before_the_rule_began_earns_nothing(anna):
    anna.program.reward_rules.update(starts_at=timezone.now() - timedelta(days=1))
    at = (timezone.now() - timedelta(days=2)).isoformat()
    told = {"kind": "shared", "advocate": {"external_id": "7"}, "occurred_at": at}

    assert System(anna.program).post("/events", told).status_code == 201
    assert Reward.objects.count() == 0
