from datetime import timedelta

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from referrals.models import Advocate, AdvocateSummary, Event, Spending, StaleSummary
from referrals.services.conversion import record_conversion, reverse_conversion
from referrals.services.enrolment import enrol
from referrals.services.referral import Friend, submit_referrals
from referrals.services.summary import COUNTED_KINDS, rebuild_summaries, renew_summaries
from tests.factories import NOW, AdvocateFactory, ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db
Kind = Event.Kind


def happened(advocate, kind, days_ago=0, **data):
    at = NOW - timedelta(days=days_ago)
    event = Event(kind=kind, advocate=advocate, occurred_at=at, data=data)
    return Event.objects.record([event], now=NOW)


def facts():
    renew_summaries(now=NOW)
    return AdvocateSummary.objects.get()


def test_purchases_are_counted_and_each_currency_is_added_up_by_itself():
    anna = AdvocateFactory()
    happened(anna, Kind.PURCHASE, 40, amount=1000, currency="EUR")
    happened(anna, Kind.PURCHASE, 9, amount=250, currency="EUR")
    happened(anna, Kind.DEAL_WON, 3, amount=700, currency="USD")

    summary = facts()

    assert (summary.purchases, summary.first_purchase_at, summary.last_purchase_at, summary.last_deal_at) == (
        3, NOW - timedelta(days=40), NOW - timedelta(days=3), NOW - timedelta(days=3),
    )  # fmt: skip
    assert set(Spending.objects.values_list("currency", "amount")) == {("EUR", 1250), ("USD", 700)}


def test_what_they_said_last_is_how_satisfied_they_are_and_nonsense_is_not_read():
    anna = AdvocateFactory()
    happened(anna, Kind.SATISFACTION, 1, score=3)
    happened(anna, Kind.SURVEY_ANSWERED, 5, score=10)
    happened(anna, Kind.SATISFACTION, 0, score="very; DROP TABLE")
    happened(anna, Kind.SATISFACTION, 0, score=11)

    assert (facts().satisfaction, facts().satisfied_at) == (3, NOW - timedelta(days=1))


def test_a_friend_counts_when_named_and_when_they_buy_until_the_sale_is_taken_back():
    enrolment = enrol(AdvocateFactory(), ProgramFactory(), now=NOW)
    [referral] = submit_referrals(
        enrolment, [Friend("Ben Weber", "ben@friend.example")], now=NOW, agreement="Yes."
    )
    renew_summaries(now=NOW)
    assert _brought(enrolment.advocate) == (1, 0)

    sale = record_conversion(referral, external_id="A1", amount=100, currency="EUR", now=NOW)
    renew_summaries(now=NOW)
    assert _brought(enrolment.advocate) == (1, 1)

    reverse_conversion(sale, reason="refund", now=NOW)
    renew_summaries(now=NOW)
    assert _brought(enrolment.advocate) == (1, 0)


def _brought(advocate):
    return AdvocateSummary.objects.values_list("referrals", "customers").get(advocate=advocate)


def test_being_asked_saying_no_and_talking_are_contact():
    anna = AdvocateFactory()
    happened(anna, Kind.ASKED, 9)
    happened(anna, Kind.ASK_DECLINED, 8)
    happened(anna, Kind.ADVOCATE_CALLED, 2)
    happened(anna, Kind.REWARD_ISSUED, 0)

    summary = facts()

    assert [(NOW - at).days for at in (summary.asked_at, summary.declined_at, summary.contact_at)] == [
        9,
        8,
        2,
    ]


def test_who_was_recommended_is_known_and_who_came_alone_is_not():
    referral = ReferralFactory()
    came, alone = AdvocateFactory(), AdvocateFactory()
    rows = [
        Event(kind=Kind.CUSTOMER_CREATED, advocate=came, referral=referral, occurred_at=NOW),
        Event(kind=Kind.CUSTOMER_CREATED, advocate=alone, occurred_at=NOW),
    ]
    Event.objects.record(rows, now=NOW)
    renew_summaries(now=NOW)

    assert dict(AdvocateSummary.objects.values_list("advocate", "referred_at")) == {
        came.pk: NOW,
        alone.pk: None,
    }


def test_renewing_costs_the_same_for_however_many_people(django_assert_num_queries):
    for many in (1, 3):
        for _ in range(many):
            anna = AdvocateFactory()
            happened(anna, Kind.PURCHASE, amount=1, currency="EUR")
            happened(anna, Kind.PURCHASE, amount=2, currency="EUR")
        # Taking the rows, two statements of facts, and a last look that finds nothing.
        with django_assert_num_queries(12):
            assert renew_summaries(now=NOW) == many

    assert not StaleSummary.objects.exists()


def test_with_nothing_new_a_look_is_all_it_takes(django_assert_num_queries):
    with django_assert_num_queries(4):
        assert renew_summaries(now=NOW) == 0


def test_an_event_that_changes_no_fact_leaves_no_work():
    happened(AdvocateFactory(), Kind.REWARD_ISSUED)

    assert not StaleSummary.objects.exists()


def test_the_command_adds_everyone_up_from_the_log(capsys):
    happened(AdvocateFactory(), Kind.ENGAGED)

    call_command("rebuild_summaries")

    assert capsys.readouterr().out == "Added up: 1.\n"
    assert AdvocateSummary.objects.get().engagements == 1


DATA = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.one_of(st.integers(0, 10**9), st.none(), st.text(max_size=3)),
        "currency": st.sampled_from(["EUR", "USD", "", "eur"]),
        "score": st.one_of(st.integers(-1, 12), st.text(max_size=3)),
        "from": st.sampled_from(["converted", "contacted"]),
    },
)
HAPPENING = st.tuples(
    st.integers(0, 2), st.sampled_from([*sorted(COUNTED_KINDS), Kind.REWARD_ISSUED]), st.integers(0, 5), DATA
)


@given(st.lists(st.lists(HAPPENING, max_size=4), max_size=4))
def test_facts_kept_up_to_date_step_by_step_are_those_counted_from_the_first_event(batches):
    Event.objects.all().delete()
    Advocate.objects.all().delete()
    people = [AdvocateFactory() for _ in range(3)]
    for batch in batches:
        for who, kind, days, data in batch:
            happened(people[who], kind, days, **data)
        renew_summaries(now=NOW)
    kept = _everything()
    AdvocateSummary.objects.all().delete()
    Spending.objects.all().delete()

    assert rebuild_summaries() == 3

    assert _everything() == kept


def _everything():
    return (
        list(AdvocateSummary.objects.order_by("pk").values()),
        list(Spending.objects.order_by("advocate", "currency").values("advocate", "currency", "amount")),
    )
