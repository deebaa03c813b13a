"""The books in the back office: what stands where, and whether it adds up."""

import pytest
from django.test import Client
from django.urls import reverse

from rewards.models import Account, Budget, LedgerCheck, LedgerEntry, Reward
from rewards.services.audit import check_ledger
from tests.cast import client_of, member_of, said, superuser
from tests.factories import (
    NOW,
    EventFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
LIST = reverse("admin:rewards_ledgertransaction_changelist")
CHECK = reverse("admin:rewards_ledger_check")


def booked(program, count=1, **facts):
    rule = RewardRuleFactory(program=program)
    for _ in range(count):
        RewardFactory(rule=rule, referral=ReferralFactory(enrolment__program=program), **facts)
    Reward.objects.filter(rule=rule).advance("approved", now=NOW)


def test_points_and_money_stand_apart_and_in_words():
    program = ProgramFactory()
    booked(program)
    booked(program, currency="PTS", cost=50)

    balances = client_of(member_of(program)).get(LIST).context["balances"]

    assert [(str(name), amount) for name, amount in balances] == [
        ("owed", "€40.00"),
        ("promised", "-€40.00"),
        ("owed", "50 points"),
        ("promised", "-50 points"),
    ]


def test_the_list_asks_as_often_with_three_as_with_one(django_assert_num_queries):
    boss = client_of(superuser())
    for count in (1, 3):
        booked(ProgramFactory(), count)
        boss.get(LIST)
        with django_assert_num_queries(8):
            boss.get(LIST)


def test_nothing_is_recomputed_by_looking():
    boss = client_of(superuser())

    page = boss.get(LIST).content.decode()

    assert "Not checked yet" in page
    assert LedgerCheck.objects.count() == 0
    assert boss.get(CHECK).status_code == 405


def test_a_check_that_finds_nothing_says_so():
    program = ProgramFactory()

    response = client_of(member_of(program)).post(CHECK, follow=True)

    assert said(response) == [("success", "Every balance was recomputed from its entries: all add up.")]
    assert "Everything adds up" in response.content.decode()


def test_a_superuser_reads_each_difference_and_a_manager_how_many():
    program = ProgramFactory(name="Friends")
    budget = Budget.objects.create(program=program, starts_on=NOW, ends_on=NOW, amount=100, used=7)
    budget.refresh_from_db()
    sentence = f"Budget {budget}: 7 marked as used, rewards cost 0."

    manager = client_of(member_of(program)).post(CHECK, follow=True)
    boss = client_of(superuser()).get(LIST)

    assert said(manager) == [("error", "1 thing does not add up.")]
    assert sentence not in manager.content.decode()
    assert boss.context["differences"] == [sentence]
    assert "1 thing does not add up" in boss.content.decode()


def test_the_newest_check_counts_and_old_ones_are_forgotten(now):
    Budget.objects.create(program=ProgramFactory(), starts_on=now, ends_on=now, amount=100, used=7)
    assert check_ledger(now=now.replace(year=2025)) == 1
    Budget.objects.update(used=0)

    assert [check_ledger(now=now), check_ledger(now=now)] == [0, 0]

    assert list(LedgerCheck.objects.values_list("checked_at", "count")) == [(now, 0)]


def test_who_may_not_see_the_books_does_not_check_them():
    program = ProgramFactory()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member_of(program), backend="django.contrib.auth.backends.ModelBackend")

    assert client_of(member_of(program, "support")).post(CHECK).status_code == 403
    assert Client().post(CHECK).status_code == 302
    assert strict.post(CHECK).status_code == 403
    assert LedgerCheck.objects.count() == 0


def test_a_reward_is_found_by_its_number():
    program = ProgramFactory()
    booked(program, 2)
    reward = Reward.objects.first()
    EventFactory()

    found = client_of(member_of(program)).get(LIST, {"q": str(reward.pk)}).context["cl"]

    assert found.result_count == 1
    assert LedgerEntry.objects.balance(Account.OWED, "EUR") == 8000
