"""Another system gives an advocate something because it is fair: within the limits, and once."""

import pytest

from referrals.public_ids import public_id
from rewards.models import Budget, Reward, RewardScheme
from tests.cast import System
from tests.factories import BudgetFactory, EnrolmentFactory, IncentiveFactory, RewardSchemeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    place = EnrolmentFactory(advocate__external_id="42")
    card = IncentiveFactory(program=place.program)
    BudgetFactory(program=place.program, amount=10_000, starts_on="2020-01-01", ends_on="2099-01-01")
    desk = System(place.program)
    desk.body = {
        "advocate": {"external_id": "42"}, "incentive": public_id("inc", card.pk), "reason": "Waited three weeks",
        "external_id": "case-7",
    }  # fmt: skip
    return desk


def test_goodwill_is_promised_takes_from_the_budget_and_waits_for_a_person(desk):
    [offered] = desk.get("/incentives").json()["data"]
    answer = desk.post("/rewards", desk.body)

    given = answer.json()
    assert answer.status_code == 201
    assert (given["status"], given["needs_approval"], given["side"]) == ("pending", True, "advocate")
    assert (given["incentive"], given["amount"]) == (offered["name"], offered["amount"])
    assert Budget.objects.get().used == 4000
    assert Reward.objects.get().event.data == {"note": "Waited three weeks"}


def test_the_same_cause_again_is_the_same_reward_and_another_is_refused(desk):
    first, again = desk.post("/rewards", desk.body), desk.post("/rewards", desk.body)
    other = IncentiveFactory(program=desk.program, name="a mug")
    changed = desk.post("/rewards", desk.body | {"incentive": public_id("inc", other.pk)})

    assert (again.status_code, again.json()) == (200, first.json())
    assert (changed.status_code, Reward.objects.count()) == (409, 1)
    assert desk.post("/rewards", desk.body | {"external_id": "case-8"}).status_code == 201


def test_nothing_is_given_beyond_what_is_set_aside(desk):
    RewardScheme.objects.filter(program=desk.program).delete()
    RewardSchemeFactory(program=desk.program, goodwill_a_year=5000)
    desk.post("/rewards", desk.body)

    answer = desk.post("/rewards", desk.body | {"external_id": "case-8"})

    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("Of what is set aside for goodwill in a year, €10.00 is left.")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"incentive": "inc_0"}, "/incentive"),
        ({"reason": ""}, "/reason"),
        ({"advocate": {"code": "X"}}, "/advocate"),
    ],
)
def test_what_cannot_be_given_is_refused_where_it_stands(desk, wrong, pointer):
    answer = desk.post("/rewards", desk.body | wrong)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_what_another_program_gives_is_not_given_here(desk):
    foreign = IncentiveFactory()

    answer = desk.post("/rewards", desk.body | {"incentive": public_id("inc", foreign.pk)})

    assert answer.json()["errors"][0]["pointer"] == "/incentive"
