"""What Fernhollow Solar gives: for both sides, by a ladder, for points, by chance, and to charities."""

from datetime import datetime, timedelta
from typing import Any

from referrals.models import Program
from rewards.models import (
    Budget,
    Charity,
    Contest,
    ContestAction,
    ContestPrize,
    Incentive,
    MysteryBox,
    MysteryOutcome,
    Prize,
    RewardRule,
    RewardScheme,
    Tier,
)
from rewards.services.codes import import_codes

Kind, Fulfilment, When, Side = Incentive.Kind, Incentive.Fulfilment, RewardRule.When, RewardRule.Side
BY_ITSELF = RewardRule.Approval.NEVER

INCENTIVES: dict[str, dict[str, Any]] = {
    "a £150 gift card": {
        "kind": Kind.GIFT_CARD,
        "value": 15_000,
        "how_to_use": "Enter the code at the checkout of any shop that takes High Street Cards.",
    },
    "£250 off the installation": {
        "kind": Kind.DISCOUNT,
        "value": 25_000,
        "how_to_use": "We take it off your final invoice. There is nothing to do.",
    },
    "50 sun points": {"kind": Kind.POINTS, "value": 50, "fulfilment": Fulfilment.AUTOMATIC},
    "a solar garden lantern": {"kind": Kind.SWAG, "value": 2_500, "cost": 1_400, "stock": 24},
    "a £20 donation": {"kind": Kind.DONATION, "value": 2_000},
    "a cinema ticket": {
        "kind": Kind.GIFT_CARD,
        "value": 1_200,
        "cost": 900,
        "fulfilment": Fulfilment.CODE,
        "expires_after_days": 10,
        "how_to_use": "Show the code at the Regal in Fernhollow, any day but Saturday.",
    },
    "a mystery gift": {"kind": Kind.MYSTERY, "fulfilment": Fulfilment.AUTOMATIC},
    "a smart plug": {
        "kind": Kind.SWAG,
        "value": 1_900,
        "fulfilment": Fulfilment.AUTOMATIC,
        "how_to_use": "It comes by post within a week.",
    },
    "a year of sun forecasts": {
        "kind": Kind.CONTENT,
        "fulfilment": Fulfilment.AUTOMATIC,
        "link": "https://fernhollow.example/forecasts",
        "how_to_use": "Open the page and bookmark it: it is yours for a year.",
    },
    "an electric bicycle": {"kind": Kind.SURPLUS, "value": 120_000, "cost": 85_000, "stock": 1},
    "dinner for two at the Mill": {"kind": Kind.EVENT, "value": 9_000, "stock": 2},
}
# side, when, incentive, settings. The first two wait for nothing, so that a reward can be tried out at once.
RULES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (Side.ADVOCATE, When.CONVERSION, "a £150 gift card", {}),
    (Side.FRIEND, When.CONVERSION, "£250 off the installation", {"approval": BY_ITSELF}),
    (Side.ADVOCATE, When.SUBMITTED, "50 sun points", {"approval": BY_ITSELF, "most": 10, "most_days": 30}),
    (Side.ADVOCATE, When.REVIEW, "a cinema ticket", {"approval": BY_ITSELF}),
    (Side.ADVOCATE, When.TIER, "a mystery gift", {"approval": BY_ITSELF}),
)
PRIZES = (("a solar garden lantern", 150), ("a £20 donation", 100))
TIERS = (
    ("Ray", 1, "A thank-you card from our fitters"),
    ("Beam", 3, "A service visit every year\nFirst to hear of new products"),
    ("Daylight", 6, "Everything above\nDinner with the founders each summer"),
)
CHARITIES = (
    ("Fernhollow Food Bank", "Feeds 200 families of the valley every week."),
    ("Light for Schools", "Puts solar lamps into schools without electricity."),
)
OUTCOMES = (("a smart plug", 3), ("a year of sun forecasts", 6), ("a cinema ticket", 1))
CHANCES = (
    (ContestAction.When.FOLLOWED, 1),
    (ContestAction.When.REVIEW, 2),
    (ContestAction.When.SUBMITTED, 5),
)
# Fewer than the reviews of the story: the last reviewer waits in line.
CODES = ("REGAL-4H7Q", "REGAL-9TXM", "REGAL-2WKD")
# Seeds of an invented company: a real one draws its own at random.
SEED = "5a" * 32


def set_up_rewards(program: Program, *, now: datetime) -> None:
    """Everything a program can give, as a manager would have set it up three months ago."""
    RewardScheme.objects.create(program=program, has_ladder=True, second_person_above=100_000)
    things = {
        name: Incentive.objects.create(program=program, name=name, **what)
        for name, what in INCENTIVES.items()
    }
    for name, threshold, perks in TIERS:
        Tier.objects.create(program=program, name=name, threshold=threshold, perks=perks)
    since = {"hold_days": 0, "starts_at": now - timedelta(days=90)}
    for side, when, name, settings in RULES:
        RewardRule.objects.create(
            program=program, side=side, when=when, incentive=things[name], **since | settings
        )
    for name, points in PRIZES:
        Prize.objects.create(program=program, incentive=things[name], points=points)
    for name, about in CHARITIES:
        Charity.objects.create(program=program, name=name, about=about)
    box = MysteryBox.objects.create(incentive=things["a mystery gift"], seed=SEED)
    for name, chances in OUTCOMES:
        MysteryOutcome.objects.create(box=box, incentive=things[name], chances=chances)
    import_codes(things["a cinema ticket"], CODES)
    _begin_contest(program, things, now)
    Budget.objects.create(
        program=program,
        starts_on=(now - timedelta(days=90)).date(),
        ends_on=(now + timedelta(days=90)).date(),
        amount=1_200_000,
    )


def _begin_contest(program: Program, things: dict[str, Incentive], now: datetime) -> None:
    contest = Contest.objects.create(
        program=program,
        name="The long-day contest",
        about="Open to everyone in the program who lives in the United Kingdom and is 18 or older. No purchase is "
        "needed: whoever asks gets a chance for nothing.",
        starts_at=now - timedelta(days=25),
        ends_at=program.local(now + timedelta(days=12)).replace(hour=18, minute=0, second=0, microsecond=0),
        seed=SEED[::-1],
    )
    for when, weight in CHANCES:
        ContestAction.objects.create(contest=contest, when=when, weight=weight)
    for place, name in enumerate(("an electric bicycle", "dinner for two at the Mill"), start=1):
        ContestPrize.objects.create(contest=contest, place=place, incentive=things[name])
