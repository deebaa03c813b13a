from datetime import timedelta
from hashlib import sha256
from hmac import new

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.models import Event
from referrals.transitions import Refused
from rewards.draws import Entry, commitment, draw_winners, new_seed, pick
from rewards.models import Contest, Reward
from rewards.services.contest import collect_entries, draw, enter_free, published
from tests.factories import EnrolmentFactory, EventFactory, IncentiveFactory, RewardFactory

entries = st.lists(st.builds(Entry, st.text("ABC", min_size=1, max_size=3), st.integers(1, 9)), min_size=1)


@given(entries, st.integers(1, 5))
def test_a_draw_repeats_whatever_the_order_of_its_entries(rows, places):
    seed = "s" * 64
    winners = draw_winners(seed, rows, places)

    assert winners == draw_winners(seed, list(reversed(rows)), places)
    assert len(set(winners)) == len(winners) == min(places, len({row.name for row in rows}))


def test_a_draw_can_be_repeated_with_nothing_but_a_hash_function():
    seed = new_seed()
    ticket = int.from_bytes(new(seed.encode(), b"prize 1", sha256).digest(), "big") % 10

    assert draw_winners(seed, [Entry("A", 4), Entry("B", 6)], 1) == ["A" if ticket < 4 else "B"]
    assert commitment(seed) == sha256(seed.encode()).hexdigest()


def test_chances_follow_the_weights():
    hits = [pick("seed", str(n), [Entry("A", 1), Entry("B", 9)]) for n in range(2000)]

    assert 140 < hits.count("A") < 260


@pytest.fixture
def contest(db, now):
    mug = IncentiveFactory(name="a mug")
    contest = Contest.objects.create(
        program=mug.program, name="Spring", starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1)
    )
    contest.actions.create(when=Event.Kind.REVIEW_LEFT, weight=2)
    contest.prizes.create(place=1, incentive=mug)
    return contest


def test_actions_bring_chances_once_and_the_draw_can_be_checked(contest, now):
    anna, carla = (EnrolmentFactory(program=contest.program) for _ in range(2))
    EventFactory(kind=Event.Kind.REVIEW_LEFT, program=contest.program, advocate=anna.advocate)
    for _ in range(2):
        collect_entries(now=now)
    enter_free(contest, carla, now=now)
    enter_free(contest, carla, now=now)
    assert list(contest.entries.leaderboard().values_list("enrolment", "chances")) == [
        (anna.pk, 2),
        (carla.pk, 1),
    ]
    assert "seed" not in published(contest)
    with pytest.raises(Refused, match="not over"):
        draw(contest, now=now)

    draw(contest, now=now + timedelta(days=1))
    draw(contest, now=now + timedelta(days=2))

    contest.refresh_from_db()
    facts = published(contest)
    assert Reward.objects.get().enrolment.code == facts["winners"][0]
    assert commitment(facts["seed"]) == facts["seed_sha256"]
    assert draw_winners(facts["seed"], [Entry(*row) for row in facts["entries"]], 1) == facts["winners"]


def test_a_free_entry_outside_the_period_is_refused(contest, now):
    with pytest.raises(Refused, match="takes no entries now"):
        enter_free(contest, EnrolmentFactory(program=contest.program), now=now + timedelta(days=1))


def test_a_contest_entry_handed_out_as_a_reward_is_one_chance(contest, now):
    ticket = IncentiveFactory(program=contest.program, kind="contest", value=0)
    reward = RewardFactory(
        status="approved",
        referral__enrolment__program=contest.program,
        rule__incentive=ticket,
        amount=0,
        cost=0,
    )
    reward.advance("issued", now=now)

    for _ in range(2):
        collect_entries(now=now)

    assert list(contest.entries.values_list("enrolment", "weight")) == [(reward.enrolment_id, 1)]
