from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.services.attribution import Facts, SaleFact, TouchFact, attribute, attribute_all
from tests.factories import NOW

ANNA, CARLO = 1, 2
WAYS = ["decided", "code", "personal", "link", "name"]


def program(**more):
    return SimpleNamespace(**{"attribution_days": 90, "click_days": None, "which_touch": "last"} | more)


def touch(way, enrolment=ANNA, days=1, **more):
    """A touch so many days before NOW."""
    return TouchFact(f"{way}:{enrolment}:{days}", way, enrolment, NOW - timedelta(days=days), **more)


def answer(*touches, customer_since=None, **rules):
    decision = attribute(program(**rules), Facts(touches, customer_since), NOW)
    return decision.enrolment, [str(verdict) for _touch, verdict in decision.considered], str(decision.rule)


@pytest.mark.parametrize(("stronger", "weaker"), list(pairwise(WAYS)))
def test_a_stronger_way_beats_a_weaker_one_however_much_later_that_was(stronger, weaker):
    assert answer(touch(stronger, ANNA, 30), touch(weaker, CARLO, 1)) == (
        ANNA, ["counts", "weaker"], "strongest",
    )  # fmt: skip


def test_of_two_codes_the_last_counts_or_the_first_if_the_program_says_so():
    codes = touch("code", ANNA, 20), touch("code", CARLO, 3)

    assert answer(*codes) == (CARLO, ["not_last", "counts"], "last")
    assert answer(*codes, which_touch="first") == (ANNA, ["counts", "not_first"], "first")


def test_the_window_ends_after_its_days_and_a_mere_visit_may_have_its_own():
    assert answer(touch("personal", days=90)) == (ANNA, ["counts"], "only")
    assert answer(touch("personal", days=91)) == (None, ["too_old"], "nobody")
    assert answer(touch("link", days=31), click_days=30) == (None, ["too_old"], "nobody")
    assert answer(touch("personal", days=31), click_days=30) == (ANNA, ["counts"], "only")


def test_what_comes_after_the_sale_is_passed_over():
    assert answer(touch("code", days=-1), touch("link", CARLO)) == (CARLO, ["counts", "after"], "only")


def test_nobody_recommends_themselves():
    assert answer(touch("code", is_own=True), touch("link", CARLO)) == (CARLO, ["own", "counts"], "only")


def test_a_recommendation_that_does_not_count_brings_no_sale_either():
    assert answer(touch("personal", is_settled=True)) == (None, ["settled"], "nobody")


def test_a_customer_from_before_comes_by_nobody_but_one_made_with_the_sale_does():
    long_ago, just_now = NOW - timedelta(days=400), NOW - timedelta(hours=1)

    assert answer(touch("code"), customer_since=long_ago) == (None, ["customer"], "nobody")
    assert answer(touch("code"), customer_since=just_now) == (ANNA, ["counts"], "only")
    assert answer(touch("personal", referral=7), customer_since=long_ago) == (ANNA, ["counts"], "only")


def test_a_further_order_follows_the_first_long_after_the_window():
    first, later = SaleFact("1", NOW), SaleFact("2", NOW + timedelta(days=400))
    facts = Facts((touch("personal"), TouchFact("c", "code", CARLO, NOW + timedelta(days=399))))

    found = attribute_all(program(), facts, [later, first])

    assert {order: (d.enrolment, str(d.rule)) for order, d in found.items()} == {
        "1": (ANNA, "only"), "2": (ANNA, "follows"),
    }  # fmt: skip


touches = st.builds(
    TouchFact,
    key=st.uuids().map(str),
    way=st.sampled_from(WAYS),
    enrolment=st.integers(1, 3),
    at=st.integers(-5, 100).map(lambda days: NOW - timedelta(days=days)),
    is_own=st.booleans(),
    is_settled=st.booleans(),
)
rules = st.builds(
    program, which_touch=st.sampled_from(["last", "first"]), click_days=st.sampled_from([None, 30])
)


@given(rules, st.lists(touches, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_touches_became_known_changes_nothing(rule, found, random):
    shuffled = random.sample(found, len(found))

    assert attribute(rule, Facts(tuple(found)), NOW) == attribute(rule, Facts(tuple(shuffled)), NOW)


@given(rules, st.lists(touches, max_size=6))
def test_whoever_is_chosen_could_count_and_nobody_stronger_could(rule, found):
    decision = attribute(rule, Facts(tuple(found)), NOW)

    verdicts = {str(verdict) for _touch, verdict in decision.considered}
    able = [
        t for t, verdict in decision.considered if verdict in {"counts", "weaker", "not_last", "not_first"}
    ]
    assert len(decision.considered) == len(found)
    assert ("counts" in verdicts) == bool(able) == (decision.enrolment is not None)
    for t in able:
        assert t.at <= NOW and not t.is_own and not t.is_settled
        assert WAYS.index(decision.touch.way) <= WAYS.index(t.way)


@given(rules, st.lists(touches, max_size=6), st.lists(touches, max_size=4))
def test_what_cannot_count_never_changes_whom_the_sale_counts_for(rule, found, others):
    late = [TouchFact(t.key, t.way, t.enrolment, NOW + timedelta(seconds=1)) for t in others]

    assert (
        attribute(rule, Facts((*found, *late)), NOW).touch == attribute(rule, Facts(tuple(found)), NOW).touch
    )
