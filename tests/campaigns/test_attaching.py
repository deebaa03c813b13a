"""“She called and mentioned Anna”: whose friend somebody is, because a colleague says so."""

from datetime import timedelta

import pytest
from django.urls import reverse

from referrals.models import Attribution, FollowUp, Referral
from referrals.services.explanation import answer_of, lines_of
from referrals.services.referral import Friend, submit_referrals
from referrals.services.sale import take_conversion
from rewards.models import Reward
from tests.cast import client_of, member_of, said
from tests.factories import EnrolmentFactory, FollowUpFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db
WHY = "She called and mentioned Anna."


@pytest.fixture
def call():
    return FollowUpFactory(referral__enrolment__advocate__name="Cleo Bianchi")


@pytest.fixture
def anna(call):
    return EnrolmentFactory(program=call.referral.program, advocate__name="Anna Rossi")


def attach(row, anna, role="sales", **form):
    page = reverse(f"admin:referrals_{row._meta.model_name}_step", args=[row.pk, "attach"])
    client = client_of(member_of(anna.program, role))
    return client.post(page, {"_do": "1", "enrolment": anna.pk, "note": WHY} | form, follow=True)


@pytest.mark.parametrize("at", ["call", "referral"])
def test_the_friend_goes_on_in_the_name_of_whoever_told_them(call, anna, at):
    attach(call if at == "call" else call.referral, anna)

    theirs = anna.referrals.get()
    call.referral.refresh_from_db()
    assert (call.referral.status, call.referral.status_reason) == ("rejected", "other_advocate")
    assert (theirs.status, theirs.name, theirs.email) == ("submitted", "Ben Weber", call.referral.email)
    assert FollowUp.objects.open().get().referral == theirs
    for row in (call.referral, theirs):
        page = client_of(member_of(anna.program)).get(
            reverse("admin:referrals_referral_change", args=[row.pk])
        )
        assert WHY in page.text


def test_what_was_agreed_on_the_phone_holds_for_the_other_advocate(call, anna, now):
    agreed = now + timedelta(days=40)
    FollowUp.objects.update(due_at=agreed)

    attach(call, anna)

    planned = FollowUp.objects.open().get()
    assert (planned.referral.enrolment, planned.due_at, planned.owner) == (anna, agreed, call.owner)


def test_sales_move_with_the_friend_and_say_why_and_later_ones_follow(call, anna, now):
    rule = RewardRuleFactory(program=anna.program)
    ben = call.referral
    bought = {"amount": 100, "currency": "EUR", "email": ben.email, "now": now}
    take_conversion(anna.program, external_id="A1", **bought)

    attach(ben, anna)
    later = take_conversion(anna.program, external_id="A2", **bought)

    first = Attribution.objects.select_related("program", "enrolment__advocate").get(external_id="A1")
    assert answer_of(first)[0] == "It counts for Anna Rossi: a colleague said so."
    assert WHY in answer_of(first)
    assert later.conversion.referral.enrolment == anna
    told = next(line for line in lines_of(later.attribution) if line.who == "Anna Rossi")
    assert told.how == "a colleague said so, or the order names the referral"
    alive = Reward.objects.alive().get(rule=rule)
    assert (alive.enrolment, alive.status) == (anna, "pending")


def test_who_was_rewarded_keeps_the_friend(call, anna, now):
    RewardRuleFactory(program=anna.program)
    take_conversion(
        anna.program, external_id="A1", amount=100, currency="EUR", email=call.referral.email, now=now
    )
    Reward.objects.advance("issued", now=now)

    page = attach(call.referral, anna)

    assert "A reward for Ben Weber has been handed out to Cleo Bianchi." in page.text
    assert not anna.referrals.exists()


def test_what_was_given_for_naming_the_friend_stays_and_ties_nobody(call, anna, now):
    RewardRuleFactory(program=anna.program, when="referral.submitted", hold_days=0, approval="never")
    [ben] = submit_referrals(
        call.referral.enrolment, [Friend(name="Ben Lind", email="ben@lind.example")], now=now, agreement="Asked him."
    )  # fmt: skip
    Reward.objects.advance("issued", now=now)

    attach(ben, anna)

    assert anna.referrals.get().name == "Ben Lind"
    kept = Reward.objects.get()
    assert (kept.enrolment, kept.status) == (call.referral.enrolment, "issued")


def test_an_advocate_of_another_program_cannot_be_chosen_nor_by_who_may_not(call, anna):
    attach(call.referral, anna, enrolment=EnrolmentFactory().pk)
    refused = attach(call.referral, anna, "support")

    assert refused.status_code == 403
    assert Referral.objects.get() == call.referral


def test_to_whom_the_friend_counts_already_nothing_changes(call, anna):
    response = attach(call.referral, call.referral.enrolment)

    assert [message.level for message in said(response)] == ["warning"]
    assert Referral.objects.get().status == "submitted"


@pytest.mark.parametrize(("role", "may"), [("support", True), ("analyst", False)])
def test_support_takes_down_a_friend_whom_an_advocate_names_on_the_phone(anna, role, may):
    client = client_of(member_of(anna.program, role))
    typed = {
        "enrolment": anna.pk,
        "name": "Eva Lind",
        "email": "eva@lind.example",
        "agreement": "Anna asked her.",
    }

    response = client.post(reverse("admin:referrals_referral_add"), typed)

    assert response.status_code == (302 if may else 403)
    assert anna.referrals.count() == may
