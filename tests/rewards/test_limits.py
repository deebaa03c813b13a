"""What a rule, a program or a threshold allows, it allows on every way a reward can take."""

from datetime import UTC, date, datetime, timedelta

import pytest

from referrals.models import Event, Segment
from referrals.services.conversion import record_conversion, reverse_conversion
from rewards.models import Budget, Incentive, MysteryBox, Prize, Reward, RewardScheme, TaxThreshold, Tier
from rewards.services.audit import ledger_differences
from rewards.services.points import balance, pick_prize
from rewards.services.reward import approve, decline, promise_waiting, release_rewards, revoke, undo
from rewards.services.tax import year_totals
from tests.factories import (
    EnrolmentFactory,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
YEAR = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}
NEXT_YEAR = {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 12, 31)}


def sell(referral, now, number=""):
    return record_conversion(
        referral, external_id=number or f"order {referral.pk}", amount=20000, currency="EUR", now=now
    )


def friends(rule, count):
    enrolment = EnrolmentFactory(program=rule.program)
    return [ReferralFactory(enrolment=enrolment) for _ in range(count)]


def statuses():
    return sorted(Reward.objects.values_list("status", flat=True))


def test_a_friend_who_buys_again_is_not_the_second_friend(now):
    rule = RewardRuleFactory(nth=2)
    ben, cleo, dora = friends(rule, 3)
    for number, referral in enumerate([ben, cleo, ben, dora]):
        sell(referral, now, str(number))

    assert [reward.referral for reward in Reward.objects.all()] == [cleo]


def test_the_second_friend_is_rewarded_once_although_an_earlier_sale_was_taken_back(now):
    ben, cleo, dora = friends(RewardRuleFactory(nth=2), 3)
    first = sell(ben, now)
    sell(cleo, now)
    reverse_conversion(first, reason="refunded", now=now)
    sell(dora, now)

    assert [reward.referral for reward in Reward.objects.all()] == [cleo]


def test_what_a_reversal_took_is_not_promised_again_over_the_limit(now):
    ben, cleo = friends(RewardRuleFactory(most=1), 2)
    sale = sell(ben, now)
    reverse_conversion(sale, reason="refunded", now=now)
    sell(cleo, now)
    sell(ben, now, "again")

    assert Reward.objects.alive().get().referral == cleo
    refused = undo(Reward.objects.filter(referral=ben), now=now, by=UserFactory()).refused
    assert [row.refusal for row in refused] == ["the advocate has as many of these as the rule allows"]


def test_a_sale_taken_back_is_no_step_forward(now):
    rule = RewardRuleFactory(when="referral.qualified")
    [ben] = friends(rule, 1)

    reverse_conversion(sell(ben, now), reason="refunded", now=now)

    assert Reward.objects.count() == 0


def test_a_mystery_gift_of_great_value_asks_for_approval_although_its_wrapping_is_worth_nothing(now):
    rule = RewardRuleFactory(
        incentive__kind="mystery", incentive__value=0, approval="above", approve_from=5000
    )
    car = IncentiveFactory(program=rule.program, name="a car", kind="swag", value=900_000)
    MysteryBox.objects.create(incentive=rule.incentive).outcomes.create(incentive=car)
    sell(*friends(rule, 1), now)

    assert Reward.objects.get().needs_approval


def test_a_rule_without_approval_does_not_spare_a_large_reward_two_people(now):
    rule = RewardRuleFactory(approval="never", incentive__fulfilment="automatic")
    RewardScheme.objects.create(program=rule.program, second_person_above=4000)
    sell(*friends(rule, 1), now)

    assert (release_rewards(now=now), statuses()) == (0, ["pending"])


def test_points_are_no_money_and_need_no_second_person(now):
    rule = RewardRuleFactory(incentive__kind="points", incentive__value=5000, approval="never")
    RewardScheme.objects.create(program=rule.program, second_person_above=4000)
    sell(*friends(rule, 1), now)

    assert not Reward.objects.get().needs_approval


def test_a_decision_taken_back_forgets_who_approved_first(now):
    rule = RewardRuleFactory()
    RewardScheme.objects.create(program=rule.program, second_person_above=4000)
    sell(*friends(rule, 1), now)
    first, second = UserFactory(), UserFactory()
    approve(Reward.objects.all(), now=now, by=first)
    decline(Reward.objects.all(), reason="other", now=now, by=first)
    undo(Reward.objects.all(), now=now, by=first)

    assert approve(Reward.objects.all(), now=now, by=second).moved == []


def test_the_clock_does_not_repeat_an_approval_that_was_taken_back(now):
    rule = RewardRuleFactory(approval="never")
    sell(*friends(rule, 1), now)
    release_rewards(now=now)
    undo(Reward.objects.all(), now=now, by=UserFactory())

    assert (release_rewards(now=now), statuses()) == (0, ["pending"])


def test_a_reward_that_gets_neither_incentive_stays_what_the_rule_promised(now):
    rule = RewardRuleFactory(incentive__stock=0, fallback="other")
    rule.fallback_incentive = IncentiveFactory(program=rule.program, name="a cup", stock=0)
    rule.save()
    sell(*friends(rule, 1), now)

    reward = Reward.objects.get()

    assert (reward.status, reward.incentive) == ("declined", rule.incentive)


def test_a_budget_counts_the_days_of_the_programs_office(now):
    rule = RewardRuleFactory(program__timezone="Pacific/Auckland")
    Budget.objects.create(program=rule.program, amount=0, **YEAR)
    Budget.objects.create(program=rule.program, amount=4000, **NEXT_YEAR)
    new_year = datetime(2026, 12, 31, 12, tzinfo=UTC)

    sell(*friends(rule, 1), new_year)

    assert statuses() == ["pending"]


def test_undoing_after_the_budget_has_ended_leaves_it_alone_and_waits_for_the_next(now):
    rule = RewardRuleFactory()
    budget = Budget.objects.create(program=rule.program, amount=4000, **YEAR)
    sell(*friends(rule, 1), now)
    decline(Reward.objects.all(), reason="other", now=now, by=UserFactory())

    undo(Reward.objects.all(), now=now + timedelta(days=400), by=UserFactory())

    budget.refresh_from_db()
    assert (budget.used, statuses(), ledger_differences()) == (0, ["waiting"], [])
    Budget.objects.create(program=rule.program, amount=4000, **NEXT_YEAR)
    assert promise_waiting(now=now + timedelta(days=400)) == 1


def test_a_long_waiting_list_for_one_thing_does_not_hold_up_another(now, monkeypatch):
    monkeypatch.setattr("rewards.services.reward.BATCH", 2)
    gone = RewardRuleFactory(incentive__stock=0)
    for referral in friends(gone, 3):
        sell(referral, now)
    there = RewardRuleFactory(incentive__stock=0)
    sell(*friends(there, 1), now)
    Incentive.objects.filter(pk=there.incentive_id).update(stock=1)

    assert promise_waiting(now=now) == 1


def with_points(now, points=100):
    rule = RewardRuleFactory(
        incentive__kind="points", incentive__value=points, incentive__fulfilment="automatic", approval="never"
    )
    [referral] = friends(rule, 1)
    sale = sell(referral, now)
    release_rewards(now=now)
    mug = IncentiveFactory(program=rule.program, name="a mug", kind="swag", value=900)
    return referral.enrolment, Prize.objects.create(program=rule.program, incentive=mug, points=70), sale


def test_a_prize_is_not_promised_again_with_points_that_are_spent(now):
    enrolment, prize, _sale = with_points(now)
    first = pick_prize(prize, enrolment, now=now, key="one")
    decline(Reward.objects.filter(pk=first.pk), reason="other", now=now, by=UserFactory())
    pick_prize(prize, enrolment, now=now, key="two")

    refused = undo(Reward.objects.filter(pk=first.pk), now=now, by=UserFactory()).refused

    assert [row.refusal for row in refused] == ["the advocate has spent the points on something else"]
    assert (balance(enrolment), ledger_differences()) == (30, [])


def test_points_claimed_back_after_they_were_spent_are_a_debt_and_no_mistake(now):
    enrolment, prize, sale = with_points(now)
    pick_prize(prize, enrolment, now=now, key="one")

    reverse_conversion(sale, reason="refunded", now=now)

    assert (balance(enrolment), ledger_differences()) == (-70, [])


def taxed(now, **rule):
    program = ProgramFactory(country="US")
    TaxThreshold.objects.create(country="US", year=2026, amount=6000, currency="EUR")
    rule = RewardRuleFactory(program=program, incentive__fulfilment="automatic", **rule)
    for referral in friends(rule, 2):
        sell(referral, now)
    return rule


def test_the_clock_holds_what_would_reach_the_tax_threshold_and_goes_on_with_the_rest(now):
    taxed(now, approval="never")

    assert release_rewards(now=now) == 1
    assert release_rewards(now=now) == 0
    held = Reward.objects.get(status="pending")
    assert held.needs_approval
    [refused] = approve(Reward.objects.filter(pk=held.pk), now=now, by=UserFactory()).refused
    assert "rewards of this year reach" in refused.refusal


def test_what_is_held_for_tax_does_not_count_as_given(now):
    rule = taxed(now)
    small = RewardFactory(
        rule=rule, referral__enrolment=Reward.objects.first().enrolment, amount=1500, cost=1500
    )

    decided = approve(Reward.objects.order_by("pk"), now=now, by=UserFactory())

    assert len(decided.moved) == 2
    small.refresh_from_db()
    assert small.status == "issued"


def test_a_year_counts_what_was_handed_out_in_it_although_it_was_used_later(now):
    rule = RewardRuleFactory(incentive__fulfilment="automatic")
    [referral] = friends(rule, 1)
    sell(referral, now)
    approve(Reward.objects.all(), now=now, by=UserFactory())
    Reward.objects.all().advance("redeemed", now=now + timedelta(days=365))
    advocates = {referral.enrolment.advocate_id}

    assert [sum(year_totals(advocates, year).values()) for year in (2026, 2027)] == [4000, 0]


def test_points_handed_back_lower_the_tier_they_had_lifted(now):
    rule = RewardRuleFactory(
        incentive__kind="points", incentive__value=100, incentive__fulfilment="automatic", approval="never"
    )
    RewardScheme.objects.create(program=rule.program, has_ladder=True)
    Tier.objects.create(program=rule.program, name="Silver", threshold=100, measure="points")
    [referral] = friends(rule, 1)
    sell(referral, now)
    release_rewards(now=now)
    assert referral.enrolment.standing.tier.name == "Silver"

    revoke(Reward.objects.all(), reason="mistake", now=now, by=UserFactory())

    referral.enrolment.standing.refresh_from_db()
    assert referral.enrolment.standing.tier is None
    assert Event.objects.filter(kind=Event.Kind.TIER_LEFT).count() == 1


def test_a_rule_for_a_segment_gives_to_its_people_only(now):
    italy = Segment.objects.create(name="Italy", conditions=[{"field": "country", "is": "is", "value": "IT"}])
    rule = RewardRuleFactory(segment=italy)
    inside, outside = (
        ReferralFactory(enrolment__program=rule.program, enrolment__advocate__country=country)
        for country in ("IT", "FR")
    )
    for number, referral in enumerate([inside, outside]):
        record_conversion(referral, external_id=str(number), amount=9900, currency="EUR", now=now)

    assert list(Reward.objects.values_list("referral", flat=True)) == [inside.pk]
    assert "if the advocate is in" in rule.sentence
