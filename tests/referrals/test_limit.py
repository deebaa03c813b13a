"""Allowances are buckets: full at first, filled again drop by drop."""

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referrals.models import Limit
from referrals.services.expiry import forget_expired
from tests.factories import NOW

pytestmark = pytest.mark.django_db
A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)


def take(at, limits=None, who="192.0.2.0/24"):
    return Limit.objects.wait("form", who, limits or {A_MINUTE: 6}, now=NOW + timedelta(seconds=at))


def test_a_full_bucket_gives_all_it_has_at_once_and_then_one_in_its_time():
    assert [take(0) for _ in range(6)] == [None] * 6
    assert take(0) == timedelta(seconds=10)
    assert take(9.5) == timedelta(seconds=0.5)
    assert (take(10), take(10)) == (None, timedelta(seconds=10))
    assert [take(80) for _ in range(7)] == [None] * 6 + [timedelta(seconds=10)]


def test_no_boundary_of_a_window_lets_twice_as_many_through():
    allowed = [at for at in range(120) if take(at) is None]

    assert max(sum(start <= at < start + 60 for at in allowed) for start in range(60)) <= 11
    assert len(allowed) == 17


def test_of_several_allowances_the_longest_wait_counts_and_everybody_has_their_own():
    limits = {A_MINUTE: 10, A_DAY: 2}
    assert [take(0, limits) for _ in range(3)] == [None, None, timedelta(hours=12)]
    assert take(0, limits, "198.51.100.0/24") is None


@settings(max_examples=15)
@given(st.lists(st.integers(0, 90), max_size=30), st.integers(1, 9))
def test_never_more_than_the_bucket_and_what_ran_in(seconds, limit):
    Limit.objects.all().delete()
    allowed = [at for at in sorted(seconds) if take(at, {A_MINUTE: limit}) is None]

    for first, last in combinations(allowed, 2):
        inside = sum(first <= at <= last for at in allowed)
        assert inside <= limit + (last - first) * limit / 60 + 1e-4


def test_a_bucket_that_is_full_again_is_forgotten_and_no_other():
    take(0)
    take(0, {A_DAY: 2})

    assert forget_expired(now=NOW + timedelta(seconds=9)) == 0
    assert forget_expired(now=NOW + timedelta(seconds=10)) == 1
    assert forget_expired(now=NOW + timedelta(hours=12)) == 1
