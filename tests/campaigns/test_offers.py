"""What pages promise, by the program's type and its rules."""

import pytest

from campaigns.offers import Offer, offers_of
from campaigns.services.words import offers
from rewards.models import RewardRule, RewardScheme
from tests.factories import (
    IncentiveFactory,
    MysteryBoxFactory,
    ProgramFactory,
    RewardRuleFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sides", "advocate", "friend"),
    [("none", 0, 0), ("advocate", 1, 0), ("friend", 0, 1), ("both", 1, 1)],
)
def test_pages_and_mails_speak_of_the_sides_that_get_something(client, now, sides, advocate, friend):
    program = ProgramFactory(slug="acme")
    RewardScheme.objects.create(program=program, sides=sides)
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=program, side=side, incentive__name=f"a gift for the {side}")

    offered = offers_of(program, read_by="advocate", now=now)
    page = client.get("/p/acme/").text

    assert (len(offered.advocate), len(offered.friend)) == (advocate, friend)
    assert ("a gift for the advocate" in page, "a gift for the friend" in page) == (advocate, friend)
    assert ("What you both get" in page) is bool(advocate and friend)
    assert sorted(offers([program.pk])[program.pk]) == ["advocate"] * advocate + ["friend"] * friend


@pytest.mark.parametrize("when", RewardRule.When)
@pytest.mark.parametrize("reader", ["advocate", "friend"])
def test_every_cause_of_a_reward_has_words(now, when, reader):
    rule = RewardRuleFactory(when=when)

    [offer] = offers_of(rule.program, read_by=reader, now=now).advocate

    assert offer.when.startswith(("when ", "for "))


def test_conditions_are_told(now):
    program = ProgramFactory()
    gift = IncentiveFactory(program=program, name="a gift")
    gold = TierFactory(program=program, name="Gold")
    RewardRuleFactory(program=program, incentive=gift, minimum=10000, nth=5, tier=gold, kind="partner")

    [offer] = offers_of(program, read_by="advocate", now=now).advocate

    assert offer == Offer(
        "a gift",
        "when your friend becomes a customer, with an order of €100.00 or more, for friend number 5 who becomes "
        "one, on tier “Gold”, for partners",
    )


def test_what_only_partners_get_is_not_offered_to_a_customer(now):
    rule = RewardRuleFactory(kind="partner")

    assert offers_of(rule.program, read_by="advocate", now=now, kind="customer").advocate == []
    [offer] = offers_of(rule.program, read_by="advocate", now=now, kind="partner").advocate
    assert offer.when == "when your friend becomes a customer"
    # A mail says in a few words what anybody gets.
    assert offers([rule.program_id]) == {}


def test_a_mystery_gift_links_to_its_odds(client, now):
    program = ProgramFactory(slug="acme")
    box = MysteryBoxFactory(incentive__program=program)
    RewardRuleFactory(program=program, incentive=box.incentive)

    assert offers_of(program, read_by="advocate", now=now).advocate == [
        Offer("a mystery gift", "when your friend becomes a customer", f"/p/acme/mystery/{box.incentive.pk}/")
    ]
    assert f'href="/p/acme/mystery/{box.incentive.pk}/"' in client.get("/p/acme/").text
