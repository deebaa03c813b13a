"""Writing rules: the preview that saves nothing, and settings that cannot all be meant."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from referrals.services.conversion import record_conversion
from rewards.models import RewardRule
from tests.cast import client_of, member_of, said
from tests.factories import (
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
    RewardSchemeFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db
ADD = reverse("admin:rewards_rewardrule_add")
NOTHING = "In the last 12 months it would have given nothing: nothing happened that it answers to."


def page(rule, name="change"):
    return reverse(f"admin:rewards_rewardrule_{name}", args=[rule.pk])


def typed(incentive, **more):
    return {
        "program": incentive.program_id, "when": "conversion.recorded", "minimum": "0", "nth": "0",
        "side": "advocate", "incentive": incentive.pk, "hold_days": "14", "approval": "never", "approve_from": "0",
        "fallback": "wait", "active": "on",
    } | more  # fmt: skip


def sale(program, amount=10000):
    referral = ReferralFactory(enrolment__program=program)
    record_conversion(
        referral, external_id=str(referral.pk), amount=amount, currency="EUR",
        now=timezone.now() - timedelta(days=10),
    )  # fmt: skip


@pytest.fixture
def gift():
    return IncentiveFactory(name="a €40 gift card", cost=3500)


@pytest.fixture
def client(gift):
    return client_of(member_of(gift.program))


def preview(response):
    return [str(line) for line in response.context["adminform"].form.preview()]


def errors(response):
    return response.context["adminform"].form.errors


class TestPreview:
    def test_it_says_what_the_rule_would_do_and_would_have_cost_and_saves_nothing(self, client, gift):
        sale(gift.program)
        sale(gift.program)
        sale(gift.program, amount=100)

        response = client.post(ADD, typed(gift, minimum="50", _preview="1"))

        assert preview(response) == [
            "When a friend becomes a customer, the advocate gets a €40 gift card, if the sale is €50.00 or more, "
            "after 14 days.",
            "In the last 12 months it would have given 2 rewards, at a cost of €70.00.",
        ]
        assert (RewardRule.objects.count(), said(response)) == (0, [])
        assert 'value="50"' in response.content.decode()

    def test_a_rule_that_exists_stays_as_it_was(self, client, gift):
        rule = RewardRuleFactory(program=gift.program, incentive=gift, hold_days=3)

        response = client.post(page(rule), typed(gift, hold_days="30", _preview="1"))

        assert preview(response)[0].endswith("gets a €40 gift card, after 30 days.")
        assert (RewardRule.objects.get().hold_days, rule.history.count()) == (3, 1)

    def test_the_page_of_a_rule_says_the_same(self, client, gift):
        rule = RewardRuleFactory(program=gift.program, incentive=gift)
        sale(gift.program)

        summary = [str(line) for line in client.get(page(rule)).context["summary"]]

        assert summary[1] == "In the last 12 months it would have given 1 reward, at a cost of €35.00."

    def test_a_year_without_sales_is_said(self, client, gift):
        assert preview(client.post(ADD, typed(gift, _preview="1")))[1] == NOTHING

    def test_a_wrong_rule_has_no_preview(self, client, gift):
        response = client.post(ADD, typed(gift, minimum="-5", _preview="1"))

        assert (preview(response), list(errors(response))) == ([], ["minimum"])

    def test_others_get_no_preview(self, gift):
        rule = RewardRuleFactory(program=gift.program, incentive=gift)
        sales = client_of(member_of(gift.program, "sales"))

        assert sales.post(page(rule), typed(gift, _preview="1")).status_code == 403
        assert "_preview" not in sales.get(page(rule)).content.decode()

    def test_it_costs_the_same_however_many_sales_there_were(
        self, client, gift, django_assert_max_num_queries
    ):
        client.post(ADD, typed(gift, _preview="1"))
        counts = []
        for more in (1, 3):
            for _number in range(more):
                sale(gift.program)
            with django_assert_max_num_queries(30) as seen:
                client.post(ADD, typed(gift, _preview="1"))
            counts.append(len(seen))

        assert counts[0] == counts[1]


def test_a_rule_is_saved_with_money_as_it_was_typed(client, gift):
    client.post(
        ADD, typed(gift, minimum="99.50", approval="above", approve_from="500", most="2", most_days="30")
    )

    rule = RewardRule.objects.get()
    assert (rule.minimum, rule.approve_from, rule.most, rule.most_days) == (9950, 50000, 2, 30)


@pytest.mark.parametrize(
    ("more", "field", "refusal"),
    [
        ({"minimum": "-1"}, "minimum", "An amount is never negative. Write 0 or more."),
        ({"when": "review.left", "minimum": "5"}, "minimum", "Only a sale has an amount. Set this to 0."),
        ({"when": "review.left", "nth": "5"}, "nth", "Only sales are counted. Set this to 0."),
        (
            {"when": "review.left", "side": "friend"},
            "side", "No friend has a part in this. Choose the advocate.",
        ),
        ({"approval": "above"}, "approve_from", "Say from which value on."),
        ({"approve_from": "9"}, "approve_from", "Choose “from this value on” above, or set this to 0."),
        ({"most_days": "9"}, "most_days", "Say how many at most, or leave the days empty."),
        ({"fallback": "other"}, "fallback_incentive", "Choose the other incentive."),
        (
            {"starts_at_0": "2026-05-02", "starts_at_1": "00:00", "ends_at_0": "2026-05-01", "ends_at_1": "00:00"},
            "ends_at", "The end must come after the start.",
        ),
        ({"when": "tier.reached"}, "when", "This program has no ladder. Set its type first."),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_at_the_field(client, gift, more, field, refusal):
    response = client.post(ADD, typed(gift, **more))

    assert errors(response) == {field: [refusal]}
    assert RewardRule.objects.count() == 0


def test_the_fallback_is_another_incentive_of_the_same_program(client, gift):
    other = typed(gift, fallback="other")

    foreign = client.post(ADD, other | {"fallback_incentive": IncentiveFactory().pk})
    same = client.post(ADD, other | {"fallback_incentive": gift.pk})
    unused = client.post(ADD, typed(gift, fallback_incentive=IncentiveFactory(program=gift.program).pk))

    assert list(errors(foreign)) == ["fallback_incentive"]
    assert errors(same)["fallback_incentive"][0] == "That is what has run out. Choose another one."
    assert errors(unused)["fallback_incentive"] == ["Choose “another incentive” above, or leave this empty."]


def test_friends_get_no_points(client, gift):
    points = IncentiveFactory(program=gift.program, kind="points", value=100)

    response = client.post(ADD, typed(points, side="friend"))

    assert errors(response) == {
        "incentive": ["A friend has no account for this. Choose another incentive, or the advocate."]
    }


def test_a_side_that_gets_nothing_gets_no_rule(client, gift):
    RewardSchemeFactory(program=gift.program, sides="advocate")

    assert errors(client.post(ADD, typed(gift, side="friend"))) == {
        "side": [
            "In this program: the advocate gets something. Change its type first, or choose the other side."
        ]
    }
    assert client.post(ADD, typed(gift, side="advocate")).status_code == 302


def test_what_is_not_active_is_not_promised(client, gift):
    pen = IncentiveFactory(program=gift.program, active=False)

    assert errors(client.post(ADD, typed(pen))) == {
        "incentive": ["This incentive is not active. Choose another, or activate it first."]
    }
    assert client.post(ADD, typed(pen, active="")).status_code == 302


def test_the_same_rule_twice_would_give_twice_and_is_refused(client, gift):
    RewardRuleFactory(program=gift.program, incentive=gift)

    refused = client.post(ADD, typed(gift))
    client.post(ADD, typed(gift, minimum="100"))

    assert errors(refused)["when"] == [
        "Another rule does the same already, so both would give: “When a friend becomes a customer, the advocate "
        "gets a €40 gift card, once somebody approves it.” Change that one."
    ]
    assert RewardRule.objects.count() == 2


def test_the_same_rule_may_follow_when_the_first_has_ended(client, gift):
    ends = timezone.now() + timedelta(days=30)
    RewardRuleFactory(program=gift.program, incentive=gift, ends_at=ends)
    begins = {"starts_at_0": str((ends + timedelta(days=2)).date()), "starts_at_1": "00:00"}

    assert client.post(ADD, typed(gift, **begins)).status_code == 302


def test_a_tier_is_one_of_the_programs_ladder(client, gift):
    RewardSchemeFactory(program=gift.program, has_ladder=True)
    own, foreign = TierFactory(program=gift.program), TierFactory()
    rule = RewardRuleFactory(program=gift.program, incentive=gift)

    offered = client.get(page(rule)).context["adminform"].form.fields["tier"].queryset

    assert list(offered) == [own]
    assert list(errors(client.post(page(rule), typed(gift, tier=foreign.pk)))) == ["tier"]
    assert client.post(page(rule), typed(gift, tier=own.pk)).status_code == 302


def test_whoever_has_two_programs_may_not_mix_them():
    mine, other = IncentiveFactory(), IncentiveFactory()
    user = member_of(mine.program)
    user.memberships.create(program=other.program, role="manager")

    response = client_of(user).post(ADD, typed(other, program=mine.program_id))

    assert errors(response)["incentive"] == ["Choose an incentive of the same program."]
    assert RewardRule.objects.count() == 0


def test_what_was_promised_keeps_its_rule():
    reward = RewardFactory()

    response = client_of(member_of(reward.program)).post(
        page(reward.rule, "delete"), {"post": "yes"}, follow=True
    )

    assert said(response)[0].text == (
        "Rewards were promised under this rule and refer to it. Set it to “not active” instead."
    )
    assert RewardRule.objects.count() == 1


def test_a_manager_elsewhere_previews_nothing_of_ours(gift):
    client = client_of(member_of(ProgramFactory()))

    response = client.post(ADD, typed(gift, _preview="1"))

    assert {"program", "incentive"} <= set(errors(response))
    assert preview(response) == []


class TestBothSides:
    """“Credit for you, and credit for your friend on the first order over X” is one form."""

    def test_one_form_makes_a_rule_for_each_side(self, client, gift):
        credit = IncentiveFactory(program=gift.program, name="€20 credit")

        client.post(ADD, typed(gift, minimum="100", friend_incentive=credit.pk))

        mine, theirs = RewardRule.objects.order_by("side")
        assert (mine.side, mine.incentive, mine.minimum) == ("advocate", gift, 10000)
        assert (theirs.side, theirs.incentive, theirs.minimum) == ("friend", credit, 10000)

    def test_the_preview_tells_both_and_saves_neither(self, client, gift):
        credit = IncentiveFactory(program=gift.program, name="€20 credit")

        told = preview(client.post(ADD, typed(gift, friend_incentive=credit.pk, _preview="1")))

        assert [line for line in told if "gets" in line] == [
            "When a friend becomes a customer, the advocate gets a €40 gift card, after 14 days.",
            "When a friend becomes a customer, the friend gets €20 credit, after 14 days.",
        ]
        assert not RewardRule.objects.exists()

    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            ({"side": "friend"}, "The rule is for the friend already. Choose the advocate above."),
            ({"when": "review.left"}, "No friend has a part in this. Choose nothing here."),
        ],
    )
    def test_what_has_no_other_side_is_refused(self, client, gift, more, refusal):
        credit = IncentiveFactory(program=gift.program)

        response = client.post(ADD, typed(gift, friend_incentive=credit.pk, **more))

        assert errors(response)["friend_incentive"] == [refusal]
        assert not RewardRule.objects.exists()

    def test_another_programs_incentive_is_no_choice(self, client, gift):
        response = client.post(ADD, typed(gift, friend_incentive=IncentiveFactory().pk))

        assert "friend_incentive" in errors(response)

    def test_a_rule_that_exists_is_changed_alone(self, client, gift):
        rule = RewardRuleFactory(program=gift.program, incentive=gift)

        assert "friend_incentive" not in client.get(page(rule)).context["adminform"].form.fields
