"""Which incentive works: each friend once, and no claim that the numbers do not carry."""

from datetime import timedelta

import pytest
from django.urls import reverse

from referrals.models import Referral
from rewards.services.report import by_kind_of_value, difference, effects, verdict, wilson
from tests.cast import client_of, member_of, superuser
from tests.factories import NOW, EnrolmentFactory, ProgramFactory, RewardRuleFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:incentives-compared")
YEAR = timedelta(days=365)


def friends(enrolment, at, named, bought):
    Referral.objects.bulk_create(
        Referral(
            enrolment=enrolment, program=enrolment.program, source="form", submitted_at=at, status_at=at,
            status="converted" if n < bought else "lost", token=f"{at:%y%m%d}{n}",
        )
        for n in range(named)
    )  # fmt: skip


def card_then_mug(card=(200, 20), mug=(200, 50)):
    """A gift card for a year, then a mug: friends named and friends who bought meanwhile."""
    program = ProgramFactory()
    enrolment = EnrolmentFactory(program=program)
    for kind, start, counts in (("gift_card", NOW - 2 * YEAR, card), ("swag", NOW - YEAR, mug)):
        RewardRuleFactory(
            program=program, incentive__kind=kind, incentive__name=kind, starts_at=start, ends_at=start + YEAR
        )
        friends(enrolment, start + timedelta(days=9), *counts)
    return program


def test_the_interval_of_wilson_is_the_published_one():
    # Newcombe 1998, table I: 81 of 263, method 3.
    low, high = wilson(81, 263)

    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_monetary_stands_against_the_rest_with_a_plain_sentence():
    money, other = by_kind_of_value(card_then_mug(), now=NOW)

    assert (money.named, money.bought, other.named, other.bought) == (200, 20, 200, 50)
    gap, low, high = difference(other, money)
    assert round(gap, 2) == 0.15
    assert 0 < low < gap < high
    assert verdict(money, other).startswith(
        "“everything else” works better than “money and discounts”: 15.0 percentage points more friends buy"
    )


def test_too_little_data_is_said_and_nothing_claimed():
    money, other = by_kind_of_value(card_then_mug(mug=(99, 99)), now=NOW)

    assert verdict(money, other) == "Too little data: 99 friends on one side so far, 100 are needed."


def test_no_difference_that_can_be_told_is_no_difference():
    money, other = by_kind_of_value(card_then_mug(mug=(200, 22)), now=NOW)

    assert verdict(money, other).startswith("No difference that the numbers can tell")


def test_a_friend_counts_once_for_two_rules_and_for_neither_of_two_things_at_a_time():
    program = card_then_mug()
    rules = {"starts_at": NOW - 2 * YEAR, "ends_at": NOW - YEAR}
    RewardRuleFactory(program=program, side="friend", incentive__kind="credit", **rules)
    once, _other = by_kind_of_value(program, now=NOW)
    RewardRuleFactory(program=program, incentive__kind="letter", incentive__name="a letter", **rules)
    neither, _other = by_kind_of_value(program, now=NOW)

    assert (once.named, neither.named) == (200, 0)
    assert [(e.label, e.named) for e in effects(program, "advocate", now=NOW)] == [
        ("swag", 200), ("gift_card", 0), ("a letter", 0),
    ]  # fmt: skip


def test_the_page_compares_with_interval_sources_and_the_field(django_assert_max_num_queries):
    program = card_then_mug()
    client = client_of(member_of(program, "analyst"))
    client.get(PAGE)

    with django_assert_max_num_queries(14):
        html = client.get(PAGE).content.decode()

    for words in (
        "Money against everything else",
        "percentage points more friends buy",
        "Newcombe, Statistics in Medicine 17",
        "24 % more effective",
    ):
        assert words in html
    assert html.count("<h1") == 1


def test_more_rules_ask_no_more(django_assert_num_queries):
    program = card_then_mug()
    for _ in range(2):
        with django_assert_num_queries(2):
            by_kind_of_value(program, now=NOW)
        for _ in range(3):
            RewardRuleFactory(program=program, starts_at=NOW - YEAR)


def test_a_program_that_is_not_yours_is_not_shown():
    foreign = card_then_mug()
    mine = ProgramFactory(name="Mine")

    page = client_of(member_of(mine)).get(PAGE, {"program": foreign.pk})

    assert page.context["program"] == mine
    assert client_of(superuser()).get(PAGE, {"program": foreign.pk}).context["program"] == foreign


def test_without_a_right_there_is_no_page(client):
    assert client.get(PAGE).status_code == 302
    assert client_of(UserFactory()).get(PAGE).status_code == 403
