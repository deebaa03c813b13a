"""“Where is my reward?”: support types who asks, and reads what to answer and why."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.services.answers import look_up
from referrals.services.conversion import record_conversion
from rewards.models import Reward
from rewards.services.reward import approve
from tests.cast import client_of, member_of, superuser
from tests.factories import (
    NOW,
    AdvocateFactory,
    EnrolmentFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:where")


def anna(**program):
    """Anna, who recommended Ben, who bought; both get something."""
    advocate = AdvocateFactory(
        name="Anna Rossi", email="anna.rossi@gmail.com", phone="+39061234567", external_id="C-77"
    )
    enrolment = EnrolmentFactory(advocate=advocate, program=ProgramFactory(country="IT", **program))
    ben = ReferralFactory(enrolment=enrolment, email="ben@friend.example", phone="+39067654321")
    for side in ("advocate", "friend"):
        RewardRuleFactory(program=enrolment.program, side=side, hold_days=14)
    record_conversion(ben, external_id="1", amount=20000, currency="EUR", now=NOW)
    return enrolment


def answers(asked, user):
    return {(str(a.reward.recipient_name), a.reward.side) for a in look_up(asked, user, now=NOW).answers}


@pytest.mark.parametrize(
    "asked",
    ["Anna.Rossi+x@gmail.com", "annarossi@googlemail.com", "06 1234567", "+39 06 1234567", "C-77", "rossi"],
)
def test_an_advocate_is_found_however_they_are_named(asked):
    program = anna().program

    assert answers(asked, member_of(program, "support")) == {("Anna Rossi", "advocate")}


@pytest.mark.parametrize("asked", ["BEN@friend.example", "067654321", "Ben Weber"])
def test_a_friend_is_found_with_what_the_friend_gets(asked):
    program = anna().program

    assert answers(asked, member_of(program, "sales")) == {("Ben Weber", "friend")}


def test_a_share_code_finds_whose_it_is():
    enrolment = anna()

    assert answers(enrolment.code.lower(), member_of(enrolment.program)) == {("Anna Rossi", "advocate")}


def test_the_answer_comes_with_every_step_and_rule():
    program = anna().program
    boss = member_of(program)
    approve(Reward.objects.filter(side="advocate"), now=NOW, by=boss)

    [answer] = look_up("C-77", member_of(program, "support"), now=NOW).answers

    assert answer.standing.state == "Approved"
    assert [event.kind for event in answer.steps] == [
        "conversion.recorded", "reward.pending", "reward.approved",
    ]  # fmt: skip
    assert answer.steps[-1].actor == boss
    assert answer.reasons[0] == f"Rule {answer.reward.rule_id}: {answer.reward.rule.sentence}"


def test_rewards_of_other_programs_stay_there():
    program, other = anna().program, ProgramFactory()
    elsewhere = EnrolmentFactory(advocate=Reward.objects.first().enrolment.advocate, program=other)
    RewardFactory(referral=ReferralFactory(enrolment=elsewhere))

    assert len(look_up("C-77", member_of(program, "support"), now=NOW).answers) == 1
    assert len(look_up("C-77", superuser(), now=NOW).answers) == 2
    assert look_up("C-77", member_of(ProgramFactory()), now=NOW).nobody


def test_a_friend_without_reward_is_explained_rule_by_rule():
    enrolment = EnrolmentFactory(program__currency="EUR")
    friend = ReferralFactory(enrolment=enrolment)
    small = RewardRuleFactory(program=enrolment.program, minimum=50000)
    off = RewardRuleFactory(program=enrolment.program, active=False)
    partner = RewardRuleFactory(program=enrolment.program, kind="partner")
    fifth = RewardRuleFactory(program=enrolment.program, nth=5)
    later = RewardRuleFactory(program=enrolment.program, starts_at=NOW + timedelta(days=1))
    named = RewardRuleFactory(program=enrolment.program, when="referral.contacted")
    for rule in (small, off, partner, fifth, named):
        type(rule).objects.filter(pk=rule.pk).update(created_at=NOW - timedelta(days=1))
    record_conversion(friend, external_id="1", amount=20000, currency="EUR", now=NOW)

    [line] = look_up(enrolment.advocate.email, superuser(), now=NOW).without

    assert dict(line.reasons) == {
        small: "The sale was €200.00; the rule asks for €500.00.",
        off: "The rule, or what it gives, is switched off.",
        partner: "It is only for: partner. The advocate is: customer.",
        fifth: "It is only for friend number 5 who buys.",
        later: "It happened before the rule began.",
        named: "It has not happened: a friend is contacted.",
    }


def test_a_friend_who_does_not_count_and_a_limit_that_was_reached_are_said():
    rule = RewardRuleFactory(most=1)
    type(rule).objects.filter(pk=rule.pk).update(created_at=NOW - timedelta(days=1))
    enrolment = EnrolmentFactory(program=rule.program)
    rejected = ReferralFactory(enrolment=enrolment, status="rejected")
    for number in range(2):
        friend = ReferralFactory(enrolment=enrolment)
        record_conversion(friend, external_id=str(number), amount=100, currency="EUR", now=NOW)

    found = look_up(enrolment.advocate.email, superuser(), now=NOW).without

    assert {line.referral: line.reasons[0][1] for line in found} == {
        rejected: "The friend is “does not count”, and brings nobody anything.",
        friend: "The limit was reached: 1 of at most 1 were given to this advocate.",
    }


def test_looking_up_three_rewards_asks_as_often_as_one(django_assert_num_queries):
    enrolment = EnrolmentFactory()
    rule = RewardRuleFactory(program=enrolment.program)
    support = member_of(enrolment.program, "support")
    for count in (1, 3):
        for _ in range(count):
            ReferralFactory(enrolment=enrolment)
            RewardFactory(rule=rule, referral=ReferralFactory(enrolment=enrolment))
        user = type(support).objects.get(pk=support.pk)
        with django_assert_num_queries(10):
            look_up(enrolment.advocate.email, user, now=NOW)


def test_the_page_says_what_to_answer_and_keeps_the_address_out_of_its_own():
    program = anna().program
    response = client_of(member_of(program, "support")).post(PAGE, {"asked": "anna.rossi@gmail.com"})
    html = response.content.decode()

    assert response.status_code == 200
    assert response.context["cards"][0]["headline"] in html
    assert "Every step and rule" in html
    assert "gmail.com" not in response.request["PATH_INFO"] + response.request["QUERY_STRING"]


def test_nobody_found_says_what_to_try_and_keeps_what_was_typed():
    html = client_of(superuser()).post(PAGE, {"asked": "nobody@x.example"}).content.decode()

    assert "Nobody found" in html
    assert "Try a part of the name" in html
    assert 'value="nobody@x.example"' in html


@pytest.mark.parametrize("asked", ["", "a"])
def test_too_little_finds_nobody_and_says_why(asked):
    page = client_of(superuser()).post(PAGE, {"asked": asked})

    assert page.context["form"].errors["asked"]
    assert "found" not in page.context


def test_a_hostile_name_is_text():
    rule = RewardRuleFactory()
    RewardFactory(rule=rule, referral=ReferralFactory(enrolment__program=rule.program, name="<script>x"))

    html = client_of(superuser()).post(PAGE, {"asked": "anna"}).content.decode()

    assert "<script>x" not in html
    assert "&lt;script&gt;x" in html


def test_strangers_people_without_a_role_and_forged_forms_stay_outside():
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(superuser(), backend="django.contrib.auth.backends.ModelBackend")

    assert Client().get(PAGE).status_code == 302
    assert client_of(UserFactory()).get(PAGE).status_code == 403
    assert strict.post(PAGE, {"asked": "anna"}).status_code == 403


def test_the_way_there_stands_under_people_for_whoever_may():
    program = ProgramFactory()

    def groups(user):
        page = client_of(user).get("/admin/")
        return {
            model["object_name"]: group["app_label"]
            for group in page.context["app_list"]
            for model in group["models"]
        }

    assert groups(member_of(program, "support"))["where"] == "people"
    assert groups(member_of(program, "analyst"))["incentives-compared"] == "rewards"
    assert "where" not in groups(UserFactory())
