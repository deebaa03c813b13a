"""Deciding about rewards in the back office: each step, one by one or many, and what the page explains."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from referrals.services.conversion import record_conversion
from rewards.models import Budget, Reward, RewardScheme
from rewards.services.reward import approve
from tests.cast import client_of, member_of, said
from tests.factories import NOW, ProgramFactory, ReferralFactory, RewardFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db
LIST = reverse("admin:rewards_reward_changelist")


def page_of(reward):
    return reverse("admin:rewards_reward_change", args=[reward.pk])


def take(rewards, step, user, **typed):
    chosen = {"action": step, "_selected_action": [str(reward.pk) for reward in rewards], "_do": "1"}
    return client_of(user).post(f"{LIST}?decide=all", {**chosen, **typed}, follow=True)


def shown(user, **query):
    return set(client_of(user).get(LIST, query).context["cl"].result_list)


def in_one_program(count, **facts):
    rule = RewardRuleFactory()
    return [
        RewardFactory(rule=rule, referral=ReferralFactory(enrolment__program=rule.program), **facts)
        for _ in range(count)
    ]


def test_a_first_approval_of_two_is_noted_and_a_second_person_completes_it():
    [reward] = in_one_program(1)
    RewardScheme.objects.create(program=reward.program, second_person_above=4000)
    first, second = member_of(reward.program), member_of(reward.program)

    noted = said(take([reward], "approve", first))
    again = said(take([reward], "approve", first))
    done = said(take([reward], "approve", second))

    words = f"Your approval of {reward} is noted. A reward of this value needs a second person."
    assert noted == again == [("info", words)]
    assert done == [("success", f"Approve: {reward}.")]
    assert Reward.objects.get().status == "approved"


def test_the_list_shows_who_approved_first():
    [reward] = in_one_program(1)
    RewardScheme.objects.create(program=reward.program, second_person_above=1)
    first = member_of(reward.program)
    take([reward], "approve", first)

    html = client_of(first).get(LIST, {"decide": "second"}).content.decode()

    assert f"approved by {first.username}, needs a second" in html


def test_each_question_of_the_list_has_its_answer():
    rule = RewardRuleFactory(incentive__fulfilment="person")
    facts = {"rule": rule, "referral__enrolment__program": rule.program}
    budget = Budget.objects.create(
        program=rule.program, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), amount=1
    )
    by_hand = RewardFactory(status="approved", **facts)
    RewardFactory(status="approved", due_at=timezone.now() + timedelta(days=1), **facts)
    waiting = RewardFactory(status="waiting", **facts)
    claim = RewardFactory(status="claimed", budget=budget, **facts)
    boss = member_of(rule.program)

    assert shown(boss, decide="by-person") == {by_hand}
    assert shown(boss, decide="waiting") == {waiting}
    assert shown(boss, decide="claims") == {claim}
    assert shown(boss, decide="second") == set()
    assert shown(boss, decide="all", budget=str(budget.pk)) == {claim}


def test_a_claim_is_settled_in_the_list_and_what_is_none_says_why():
    claim, issued = in_one_program(2, status="issued")
    Reward.objects.filter(pk=claim.pk).advance("claimed", now=NOW)
    boss = member_of(claim.program)

    response = take([claim, issued], "settle", boss, outcome="waived", note="An old customer")

    assert said(response) == [
        ("success", f"Settle the claim: {claim}."),
        ("warning", f"1 was left as it is: {issued} is “handed out”."),
    ]
    assert set(Reward.objects.values_list("status", flat=True)) == {"waived", "issued"}


def test_a_claim_is_not_settled_without_a_reason():
    [claim] = in_one_program(1, status="claimed")

    response = take([claim], "settle", member_of(claim.program), outcome="issued", note=" ")

    assert response.context["form"].errors["note"] == ["This field is required."]
    assert Reward.objects.get().status == "claimed"


def test_words_for_the_person_are_plain():
    [reward] = in_one_program(1)

    response = take([reward], "decline", member_of(reward.program), reason="other", note="<b>no</b>")

    assert response.context["form"].errors["note"] == ["Write this in plain words, without markup."]
    assert Reward.objects.get().status == "pending"


def test_the_page_explains_the_decision_with_every_step_and_rule():
    rule = RewardRuleFactory(minimum=10000, hold_days=14)
    referral = ReferralFactory(enrolment__program=rule.program)
    record_conversion(referral, external_id="7", amount=20000, currency="EUR", now=NOW)
    reward = Reward.objects.get()
    boss = member_of(rule.program)
    approve(Reward.objects.all(), now=NOW, by=boss)

    context = client_of(boss).get(page_of(reward)).context
    steps, books = context["panels"]

    assert f"Rule {rule.pk}: {reward.rule.sentence}" in [str(line) for line in context["summary"]]
    assert "The sale was €200.00; the rule asks for €100.00." in context["summary"]
    assert [(strip_tags(str(row[1])), row[3]) for row in steps.rows] == [
        ("sale recorded: €200.00", "the product"),
        ("reward promised", "the product"),
        ("reward approved", boss.username),
    ]
    assert [row[1:] for row in books.rows] == [("budget → promised", "€40.00"), ("promised → owed", "€40.00")]


def test_what_a_step_does_not_fit_is_not_offered():
    [reward] = in_one_program(1)
    boss = member_of(reward.program)

    offered = [row["step"].name for row in client_of(boss).get(page_of(reward)).context["steps"]]

    assert offered == ["approve", "decline"]


def test_support_reads_and_decides_nothing_and_a_stranger_finds_nothing():
    [reward] = in_one_program(1)
    support, stranger = member_of(reward.program, "support"), member_of(ProgramFactory())
    step = f"{page_of(reward).removesuffix('change/')}step/approve/"

    assert client_of(support).get(page_of(reward)).context["steps"] == []
    assert client_of(support).post(step, {"_do": "1"}).status_code == 403
    assert client_of(stranger).post(step, {"_do": "1"}).status_code == 404
    take([reward], "approve", support)
    take([reward], "approve", stranger)
    assert Reward.objects.get().status == "pending"
