"""The same thing done by many at one moment happens once; the database, not luck, sees to it."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import Sum

from referrals.models import Advocate, Conversion, Enrolment, Event, FollowUp, Limit, Referral
from referrals.services.conversion import record_conversion
from referrals.services.enrolment import enrol, enrol_address
from referrals.services.follow_up import log_call
from referrals.services.join import join_by_link
from referrals.services.known import NamedEnough
from referrals.services.referral import (
    Friend,
    NamedBefore,
    confirm_submission,
    hold_submission,
    submit_referrals,
)
from referrals.transitions import Refused
from rewards.models import LedgerEntry, LedgerTransaction, Reward
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def friends(count, start=0):
    return [Friend(name="Ben Weber", email=f"ben{start + n}@friend.example") for n in range(count)]


def balances():
    return dict(LedgerEntry.objects.values_list("account").annotate(Sum("amount")))


def test_forty_identical_sales_at_once_are_one_sale_and_one_reward_a_side(now):
    referral = ReferralFactory()
    FollowUpFactory(referral=referral)
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=referral.program, side=side)

    sales = at_once(
        40, lambda _: record_conversion(referral, external_id="42", amount=200, currency="EUR", now=now)
    )

    assert set(sales) == {Conversion.objects.get()}
    assert sorted(Reward.objects.values_list("side", flat=True)) == ["advocate", "friend"]
    assert balances() == {"budget": -8000, "promised": 8000}
    assert Counter(Event.objects.values_list("kind", flat=True)) == {
        "referral.converted": 1, "conversion.recorded": 1, "customer_created": 1, "reward.pending": 2
    }  # fmt: skip


def test_ten_different_sales_to_one_friend_at_once_still_earn_one_reward_a_side(now):
    referral = ReferralFactory()
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=referral.program, side=side)

    at_once(
        10, lambda n: record_conversion(referral, external_id=str(n), amount=200, currency="EUR", now=now)
    )

    assert Conversion.objects.count() == 10
    assert sorted(Reward.objects.values_list("side", flat=True)) == ["advocate", "friend"]
    assert balances() == {"budget": -8000, "promised": 8000}


def test_one_order_claimed_for_many_friends_at_once_goes_to_one(now):
    program = ProgramFactory()
    rivals = [ReferralFactory(enrolment__program=program) for _ in range(10)]

    said = at_once(
        10, lambda n: record_conversion(rivals[n], external_id="42", amount=200, currency="EUR", now=now)
    )

    assert Counter(type(answer) for answer in said) == {Conversion: 1, Refused: 9}
    assert Referral.objects.filter(status=Referral.Status.CONVERTED).count() == 1


def test_one_friend_named_twenty_times_at_once_by_one_advocate_is_named_once(now):
    enrolment = EnrolmentFactory()

    said = at_once(20, lambda _: submit_referrals(enrolment, friends(1), now=now, agreement=""))

    assert Counter(type(answer) for answer in said) == {list: 1, NamedBefore: 19}
    assert {str(a) for a in said if isinstance(a, Refused)} == {
        "Ben Weber has been named already. Nothing was sent; take this name off and send the rest."
    }
    assert (Referral.objects.count(), FollowUp.objects.count(), Event.objects.count()) == (1, 1, 1)


def test_the_daily_limit_of_an_advocate_holds_under_twenty_forms_at_once(now):
    enrolment = EnrolmentFactory()

    said = at_once(20, lambda n: submit_referrals(enrolment, friends(4, 4 * n), now=now, agreement=""))

    assert Counter(type(answer) for answer in said) == {list: 7, NamedEnough: 13}
    assert Referral.objects.count() == 28


def test_one_friend_named_by_ten_advocates_at_once_counts_for_one(now):
    program = ProgramFactory()
    enrolments = [EnrolmentFactory(program=program) for _ in range(10)]

    said = at_once(10, lambda n: submit_referrals(enrolments[n], friends(1), now=now, agreement=""))

    assert [type(answer) for answer in said] == [list] * 10
    assert Referral.objects.filter(status=Referral.Status.SUBMITTED).count() == 1


def test_two_who_decide_at_once_move_a_row_once(now):
    referral = ReferralFactory()

    said = at_once(
        2, lambda n: Referral.objects.get(pk=referral.pk).advance(("lost", "rejected")[n], now=now)
    )

    assert Counter(type(answer) for answer in said) == {Referral: 1, Refused: 1}
    assert Event.objects.count() == 1


def test_a_reward_approved_ten_times_at_once_moves_its_money_once(now):
    reward = RewardFactory()

    said = at_once(10, lambda _: Reward.objects.filter(pk=reward.pk).advance("approved", now=now))

    assert sum(len(answer.moved) for answer in said) == 1
    assert balances() == {"promised": -4000, "owed": 4000}
    assert LedgerTransaction.objects.count() == 1


def test_a_call_logged_ten_times_at_once_is_logged_once(now):
    call = FollowUpFactory()

    said = at_once(10, lambda _: log_call(call, FollowUp.Outcome.NO_ANSWER, now=now, by=None))

    assert Counter(type(answer) for answer in said) == {FollowUp: 1, Refused: 9}
    assert FollowUp.objects.open().count() == 1


def test_a_limit_gives_out_exactly_what_it_has(now):
    def take(_):
        return Limit.objects.take("form", "192.0.2.0/24", limit=7, per=timedelta(minutes=1), now=now)

    assert Counter(at_once(20, take)) == {True: 7, False: 13}


def test_ten_enrolments_at_once_are_one_place_in_the_program(now):
    advocate, program = AdvocateFactory(), ProgramFactory()

    places = at_once(10, lambda _: enrol(advocate, program, now=now))

    assert set(places) == {Enrolment.objects.get()}
    assert Event.objects.count() == 1


def test_one_address_proved_ten_times_at_once_is_one_advocate(now):
    program = ProgramFactory()

    places = at_once(
        10, lambda _: enrol_address(program, name="Cleo", email="cleo@x.example", language="en", now=now)
    )

    assert set(places) == {Enrolment.objects.get()}
    assert Advocate.objects.count() == 1


def test_a_held_recommendation_confirmed_ten_times_at_once_is_submitted_once(now):
    held = hold_submission(
        ProgramFactory(), name="Cleo", email="cleo@x.example", language="en", friends=friends(3),
        agreement="They agreed.", channel_id=None, now=now,
    )  # fmt: skip

    said = at_once(10, lambda _: confirm_submission(held, now=now))

    assert sorted(len(referrals) for _enrolment, referrals in said) == [0] * 9 + [3]
    assert Referral.objects.count() == 3


def test_two_held_recommendations_of_one_friend_confirmed_at_once_name_the_friend_once(now):
    program = ProgramFactory()
    held = [
        hold_submission(
            program, name="Cleo", email="cleo@x.example", language="en", friends=friends(1),
            agreement="They agreed.", channel_id=None, now=now,
        )
        for _ in range(2)
    ]  # fmt: skip

    said = at_once(2, lambda n: confirm_submission(held[n], now=now))

    assert sorted(len(referrals) for _enrolment, referrals in said) == [0, 1]


def test_a_friend_who_joins_by_link_while_the_advocate_names_them_is_there_once(now):
    enrolment, ben = EnrolmentFactory(), friends(1)[0]

    def come(n):
        if n % 2:
            return join_by_link(enrolment, ben, agreement="Call me.", click=None, now=now)
        return submit_referrals(enrolment, [ben], now=now, agreement="")

    said = at_once(10, come)

    assert {type(answer) for answer in said} <= {list, type(None), NamedBefore}
    assert Referral.objects.get().accepted_at == now
