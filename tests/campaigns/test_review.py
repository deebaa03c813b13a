import pytest
from django.urls import reverse

from referrals.models import Conversion, Referral
from referrals.services.referral import Friend, submit_referrals
from referrals.services.sale import take_conversion
from rewards.models import Reward
from rewards.services.reward import decline
from tests.cast import client_of, member_of, said
from tests.factories import (
    EnrolmentFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/admin/review/"


@pytest.fixture
def ben(now):
    enrolment = EnrolmentFactory(advocate__company="Weber Ltd")
    [referral] = submit_referrals(
        enrolment, [Friend("Ben Weber", "ben@mailinator.com", company="Weber Ltd")], agreement="Yes.", now=now
    )
    return referral


@pytest.fixture
def manager(ben):
    return client_of(member_of(ben.program))


def decide(client, decision, *rows, **more):
    chosen = [row.pk for row in rows]
    return client.post(PAGE, {"decision": decision, "chosen": chosen} | more, follow=True)


def test_a_suspicious_referral_stands_there_with_score_reasons_and_both_sides(manager, ben):
    page = manager.get(PAGE).text

    assert "score 50 of 100" in page
    assert "mailinator.com gives addresses away for a few minutes." in page
    assert page.count("Weber Ltd") == 2
    assert "same</span>" in page


def test_it_counts_lets_both_sides_go_on(manager, ben, now):
    RewardRuleFactory(program=ben.program, when="referral.submitted")
    take_conversion(ben.program, external_id="1", amount=100, currency="EUR", email=ben.email, now=now)
    assert not Reward.objects.exists()

    response = decide(manager, "counts", ben)

    assert [message.text for message in said(response)] == ["1 counts, for both sides."]
    ben.refresh_from_db()
    assert (ben.status, ben.risk.verdict, ben.risk.score) == ("converted", "counts", 0)
    assert Conversion.objects.get().referral == ben
    assert Reward.objects.get().referral == ben
    assert ben.messages.get(purpose="invitation").status == "queued"


def test_it_does_not_count_closes_both_sides_and_can_be_undone(manager, ben, now):
    rewards = [RewardFactory(referral=ben, rule__side=side) for side in ("advocate", "friend")]

    decide(manager, "does_not", ben, reason="suspicious", note="Same phone")
    ben.refresh_from_db()
    assert (ben.status, ben.status_note, ben.risk.verdict) == ("rejected", "Same phone", "does_not")
    assert {Reward.objects.get(pk=r.pk).status for r in rewards} == {"declined"}

    decide(manager, "undo", ben)
    ben.refresh_from_db()
    assert (ben.status, ben.risk.verdict, ben.risk.score) == ("under_review", "", 50)
    assert {Reward.objects.get(pk=r.pk).status for r in rewards} == {"pending"}


def test_many_are_decided_at_once_and_the_page_says_which_were_left(manager, ben):
    other = ReferralFactory(enrolment=ben.enrolment, status="under_review")
    sold = ReferralFactory(enrolment=ben.enrolment, status="converted")

    response = decide(manager, "does_not", ben, other, sold, reason="suspicious")

    assert [m.text for m in said(response)] == ["2 do not count.", "1 stays as it is: Ben Weber – customer."]
    assert Referral.objects.filter(status="rejected").count() == 2


def test_a_sign_that_was_judged_does_not_stop_the_sale_afterwards(manager, ben, now):
    decide(manager, "counts", ben)

    taken = take_conversion(
        ben.program, external_id="1", amount=100, currency="EUR", email=ben.email, now=now
    )

    assert taken.conversion.referral == ben


def test_nobody_decides_elsewhere_or_without_the_right(ben):
    for user in (member_of(ProgramFactory()), member_of(ben.program, "analyst")):
        client_of(user).post(PAGE, {"decision": "counts", "chosen": [ben.pk]})
        ben.refresh_from_db()
        assert ben.status == "under_review"
    assert client_of(member_of(ben.program, "support")).get(PAGE).status_code == 200
    assert "Ben Weber" not in client_of(member_of(ProgramFactory())).get(PAGE).text


@pytest.mark.parametrize("rows", [1, 3])
def test_the_queue_costs_the_same_however_much_waits(manager, ben, rows, now, django_assert_max_num_queries):
    for n in range(rows):
        friend = Friend(f"Friend {n}", f"friend{n}@mailinator.com")
        submit_referrals(ben.enrolment, [friend], agreement="Yes.", now=now)
    manager.get(PAGE)

    with django_assert_max_num_queries(12):
        manager.get(PAGE)


def test_the_step_on_a_referrals_page_takes_its_rewards_along_and_back(manager, now):
    ben = ReferralFactory(enrolment__program=Referral.objects.get().program)
    before = RewardFactory(referral=ben, rule__side="friend")
    decline(Reward.objects.filter(pk=before.pk), reason="not_eligible", now=now, by=None)
    going = [RewardFactory(referral=ben), RewardFactory(referral=ben)]
    Reward.objects.filter(pk=going[1].pk).update(status="issued", due_at=now)

    def step(name, **form):
        manager.post(reverse("admin:referrals_referral_step", args=[ben.pk, name]), {"_do": "1"} | form)
        return [Reward.objects.get(pk=reward.pk).status for reward in (before, *going)]

    assert step("rejected", reason="existing_customer") == ["declined", "declined", "claimed"]
    assert step("reopen") == ["declined", "pending", "issued"]
