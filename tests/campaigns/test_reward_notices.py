"""What is written to whom when a reward moves, and before it expires."""

from datetime import timedelta

import pytest

from campaigns.models import Message
from campaigns.services.reward_notices import remind_expiring, write_reward_notices
from campaigns.services.words import render
from referrals.models import Event
from referrals.services.conversion import record_conversion, reverse_conversion
from rewards.models import ContestPrize, Reward, RewardScheme
from rewards.services.contest import draw, enter_free
from rewards.services.grant import grant_rewards
from rewards.services.mystery import open_gift
from rewards.services.points import pick_prize
from rewards.services.reward import decline, hand_out, promise_waiting, revoke, undo
from tests.factories import (
    ContestFactory,
    EnrolmentFactory,
    EventFactory,
    IncentiveFactory,
    MysteryBoxFactory,
    PrizeFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
    TierFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def purposes() -> list[str]:
    return sorted(Message.objects.values_list("purpose", flat=True))


def sell(referral, now):
    return record_conversion(referral, external_id="1", amount=20000, currency="EUR", now=now)


def all_of(reward):
    return Reward.objects.filter(pk=reward.pk)


def text_of(purpose) -> str:
    return render(Message.objects.select_related("program").get(purpose=purpose)).text


def test_the_thanks_for_a_customer_say_what_is_promised_and_when(now):
    referral = ReferralFactory()
    RewardRuleFactory(program=referral.program, incentive__name="a gift card", hold_days=14)

    sell(referral, now)

    assert (
        "For you, a gift card is set aside until March 18, 2026, so that your friend can still change their mind."
        in text_of("success_thanks")
    )


def test_without_rewards_the_thanks_speak_of_none(now):
    sell(ReferralFactory(), now)

    text = text_of("success_thanks")

    assert "set aside" not in text
    assert "reward" not in text.lower()


def test_a_decline_is_told_with_staffs_words(now):
    reward = RewardFactory(rule__incentive__name="a gift card")

    decline(all_of(reward), reason="other", note="You had it at the fair", now=now, by=UserFactory())

    text = text_of("reward_declined")
    assert "We cannot give you a gift card" in text
    assert "We looked at it on March 4 and could not give it. You had it at the fair." in text
    assert f"http://localhost:8000/me/rewards/{reward.pk}/" in text


def test_a_friend_is_told_on_their_own_page(now):
    reward = RewardFactory(rule__side="friend")

    decline(all_of(reward), reason="mistake", now=now, by=UserFactory())

    message = Message.objects.get()
    assert (message.purpose, message.to_address) == ("friend_reward", reward.referral.email)
    assert message.context["why"].endswith("It was promised by mistake. We are sorry.")
    assert message.context["link"] == f"http://localhost:8000/f/{reward.referral.token}/reward/{reward.pk}/"


def test_a_decline_that_was_undone_is_good_news_and_may_be_bad_news_again(now):
    reward, by = RewardFactory(), UserFactory()

    for _ in range(2):
        decline(all_of(reward), reason="mistake", now=now, by=by)
        undo(all_of(reward), now=now, by=by)

    assert purposes() == ["reward_declined"] * 2 + ["reward_promised"] * 2


def test_whoever_waits_in_line_hears_of_it_and_of_its_end(now):
    referral = ReferralFactory()
    rule = RewardRuleFactory(program=referral.program, incentive__stock=0)
    sell(referral, now)
    assert purposes() == ["reward_waiting", "success_thanks", "welcome"]
    assert "set aside" not in text_of("success_thanks")

    rule.incentive.stock = 1
    rule.incentive.save()
    promise_waiting(now=now)

    assert "is set aside for you now." in text_of("reward_promised")


def test_a_sale_that_was_taken_back_asks_gently_for_what_was_given(now):
    referral = ReferralFactory(name="Ben Weber")
    RewardRuleFactory(program=referral.program, incentive__name="a gift card")
    sale = sell(referral, now)
    Reward.objects.all().advance(Reward.Status.APPROVED, now=now)
    hand_out(Reward.objects.all(), now=now, by=None)

    reverse_conversion(sale, reason="refund", now=now)

    text = text_of("reward_claimed")
    assert "What Ben bought was cancelled or given back. So this one no longer counts." in text
    assert "please leave it unused" in text


def test_what_was_approved_and_taken_back_is_told(now):
    reward = RewardFactory(status="approved")

    revoke(all_of(reward), reason="duplicate", now=now, by=UserFactory())

    assert "We had to take it back on March 4. The same was rewarded before." in text_of("reward_declined")


def test_a_gift_that_is_still_wrapped_tells_neither_code_nor_content(now):
    box = MysteryBoxFactory()
    inside = IncentiveFactory(program=box.incentive.program, name="a golden pen", how_to_use="Write.")
    reward = RewardFactory(
        status="approved", rule__incentive=inside, wrapped_in=box.incentive, code="SECRET",
        referral__enrolment__program=box.incentive.program,
    )  # fmt: skip

    hand_out(all_of(reward), now=now, by=None)

    text = text_of("reward_advocate")
    assert "a mystery gift" in text
    assert "Open it whenever you like." in text
    assert [word in text for word in ("golden", "SECRET", "Write.")] == [False] * 3


def test_a_picked_prize_and_a_won_contest_are_told_of(now):
    enrolment = EnrolmentFactory()
    pot = IncentiveFactory(program=enrolment.program, kind="points", value=100)
    RewardRuleFactory(program=enrolment.program, incentive=pot, when="review.left", approval="never")
    grant_rewards(
        [EventFactory(kind="review.left", program=enrolment.program, advocate=enrolment.advocate)], now=now
    )
    Reward.objects.all().advance(Reward.Status.ISSUED, now=now)
    Message.objects.all().delete()
    contest = ContestFactory(program=enrolment.program, ends_at=now + DAY)
    ContestPrize.objects.create(
        contest=contest, place=1, incentive=IncentiveFactory(program=enrolment.program)
    )
    enter_free(contest, enrolment, now=now)

    pick_prize(PrizeFactory(program=enrolment.program), enrolment, now=now, key="1")
    draw(contest, now=now + 2 * DAY)

    assert purposes() == ["contest_won", "prize_picked"]


def test_a_tier_that_was_reached_is_told_with_its_perks(now):
    referral = ReferralFactory()
    RewardScheme.objects.create(program=referral.program, has_ladder=True)
    TierFactory(program=referral.program, name="Gold", threshold=1, perks="A card\nAn invitation")

    sell(referral, now)

    text = text_of("tier_reached")
    assert "you have reached Gold" in text
    assert "That brings you: A card; An invitation." in text


def expiring(now, days, **changes) -> Reward:
    return RewardFactory(
        status="issued",
        status_at=now - 30 * DAY,
        due_at=now - 30 * DAY,
        expires_at=now + days * DAY,
        **changes,
    )


def test_what_expires_within_a_week_is_told_of_once(now):
    soon = expiring(now, 6, code="GIFT-1")
    expiring(now, 8)
    expiring(now, -1)

    assert [remind_expiring(now=now) for _ in range(3)] == [1, 0, 0]

    message = Message.objects.get()
    assert (message.purpose, message.advocate) == ("reward_expiring", soon.enrolment.advocate)
    assert "is yours until March 10, 2026." in text_of("reward_expiring")
    assert "GIFT-1" in text_of("reward_expiring")


def test_a_friend_is_reminded_once_too(now):
    expiring(now, 6, rule__side="friend")

    assert [remind_expiring(now=now) for _ in range(2)] == [1, 0]
    assert purposes() == ["friend_reward"]


def test_what_was_used_or_has_just_come_is_not_reminded_of(now):
    RewardFactory(status="redeemed", expires_at=now + DAY)
    RewardFactory(status="issued", expires_at=now + DAY)

    assert remind_expiring(now=now) == 0


@pytest.mark.parametrize("count", [1, 5])
def test_reminders_cost_as_many_queries_however_many(now, count, django_assert_num_queries):
    for _ in range(count):
        expiring(now, 3)

    with django_assert_num_queries(4):
        remind_expiring(now=now)


@pytest.mark.parametrize("count", [1, 5])
def test_notices_of_a_batch_cost_as_many_queries_however_many(now, count, django_assert_num_queries):
    rule = RewardRuleFactory()
    for number in range(count):
        RewardFactory(
            rule=rule, referral=ReferralFactory(enrolment__program=rule.program, name=f"Ben {number}")
        )
    rewards = Reward.objects.all()
    moved = list(rewards.select_related(*Reward.TOLD_WITH))
    for reward in moved:
        reward.status_before, reward.status = "pending", "declined"

    with django_assert_num_queries(1):
        write_reward_notices(moved, now=now)

    assert Message.objects.count() == count


@pytest.mark.parametrize("count", [1, 5])
def test_tiers_reached_by_many_are_told_in_a_fixed_number_of_queries(now, count, django_assert_num_queries):
    tier = TierFactory()
    events = [
        EventFactory.build(
            kind=Event.Kind.TIER_REACHED, program=tier.program,
            advocate=EnrolmentFactory(program=tier.program).advocate, data={"tier": tier.name, "tier_id": tier.pk},
        )
        for _ in range(count)
    ]  # fmt: skip

    with django_assert_num_queries(5):
        Event.objects.record(events, now=now)

    assert purposes() == ["tier_reached"] * count


def test_opening_is_no_news(now):
    box = MysteryBoxFactory()
    gift = RewardFactory(
        status="issued", wrapped_in=box.incentive, referral__enrolment__program=box.incentive.program
    )

    open_gift(gift, now=now)

    assert purposes() == []
