"""Budgets, the ladder, mystery gifts, prizes and tax thresholds, as the manager keeps them."""

import pytest
from django.urls import reverse

from rewards.draws import commitment
from rewards.models import Budget, MysteryOutcome, Prize, Reward, TaxThreshold, Tier
from tests.cast import client_of, member_of, said
from tests.factories import (
    BudgetFactory,
    CharityFactory,
    IncentiveFactory,
    MysteryBoxFactory,
    MysteryOutcomeFactory,
    PrizeFactory,
    ProgramFactory,
    RewardFactory,
    RewardRuleFactory,
    RewardSchemeFactory,
    TaxThresholdFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db


def page(row, name="change"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def add(name):
    return reverse(f"admin:rewards_{name}_add")


def errors(response):
    return response.context["adminform"].form.errors


@pytest.fixture
def program():
    return ProgramFactory()


@pytest.fixture
def client(program):
    return client_of(member_of(program))


class TestBudget:
    def typed(self, program, **more):
        return {
            "program": program.pk,
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
            "amount": "1000",
            "afterwards": "wait",
        } | more

    def test_the_list_says_what_is_promised_spent_and_free(self, client, program):
        budget = BudgetFactory(program=program, amount=100000, used=60000)
        rule = RewardRuleFactory(program=program)
        RewardFactory(rule=rule, referral__enrolment__program=program, budget=budget, cost=45000)
        RewardFactory(
            rule=rule, referral__enrolment__program=program, budget=budget, cost=15000, status="issued"
        )

        html = client.get(reverse("admin:rewards_budget_changelist")).content.decode()
        summary = client.get(page(budget)).context["summary"]

        assert [
            words for words in ("€1,000.00", "€450.00", "€150.00", "€400.00", "60 %") if words not in html
        ] == []
        assert summary[0] == "€450.00 promised, €150.00 spent, €400.00 free."

    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            ({"amount": "-1"}, {"amount": ["An amount is never negative. Write 0 or more."]}),
            ({"ends_on": "2025-12-31"}, {"ends_on": ["The last day must not be before the first."]}),
        ],
    )
    def test_what_cannot_be_is_refused(self, client, program, more, refusal):
        response = client.post(add("budget"), self.typed(program, **more))

        assert errors(response).items() >= refusal.items()
        assert Budget.objects.count() == 0

    def test_two_budgets_for_one_day_are_refused(self, client, program):
        BudgetFactory(program=program)

        response = client.post(
            add("budget"), self.typed(program, starts_on="2026-12-31", ends_on="2027-03-31")
        )

        assert errors(response)["__all__"] == [
            f"There is a budget for {Budget.objects.get()} already. Let this one begin after it, or change that one."
        ]

    def test_it_never_shrinks_below_what_is_used(self, client, program):
        budget = BudgetFactory(program=program, amount=100000, used=60000)

        response = client.post(page(budget), self.typed(program, amount="599.99"))

        assert errors(response) == {
            "amount": ["€600.00 has been promised or spent already. The budget cannot be smaller."]
        }
        assert client.post(page(budget), self.typed(program, amount="600")).status_code == 302

    def test_more_money_moves_the_waiting_list(self, client, program, now):
        budget = BudgetFactory(program=program, starts_on="2020-01-01", ends_on="2099-12-31", amount=0)
        rule = RewardRuleFactory(program=program)
        for _number in range(2):
            RewardFactory(rule=rule, referral__enrolment__program=program, status="waiting")
        typed = self.typed(program, starts_on="2020-01-01", ends_on="2099-12-31", amount="50")

        response = client.post(page(budget), typed, follow=True)

        assert said(response)[0] == ("success", "1 reward from the waiting list is promised now.")
        assert sorted(Reward.objects.values_list("status", flat=True)) == ["pending", "waiting"]
        assert Budget.objects.values_list("amount", "used").get() == (5000, 4000)

    def test_what_was_promised_keeps_it(self, client, program):
        budget = BudgetFactory(program=program)
        RewardFactory(referral__enrolment__program=program, budget=budget)

        response = client.post(page(budget, "delete"), {"post": "yes"}, follow=True)

        assert (
            said(response)[0].text
            == "Rewards were promised from this budget. Set it to what they cost instead."
        )


class TestLadder:
    def typed(self, program, **more):
        return {"program": program.pk, "name": "Friend", "measure": "conversions", "threshold": "1"} | more

    def test_what_friends_bought_is_typed_as_money_and_friends_as_a_number(self, client, program):
        client.post(add("tier"), self.typed(program, measure="value", threshold="500"))

        tier = Tier.objects.get()
        assert tier.threshold == 50000
        assert 'value="500.00"' in client.get(page(tier)).content.decode()

    def test_the_whole_ladder_stands_on_each_page(self, client, program):
        TierFactory(program=program, name="Friend", threshold=1, perks="A card")
        top = TierFactory(program=program, name="Ambassador", threshold=5, perks="A card\nA dinner")

        [panel] = client.get(page(top)).context["panels"]

        assert panel.rows == [
            ("Friend", "1 new customer", "A card"), ("Ambassador", "5 new customers", "A card, A dinner"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            ({"threshold": "-1"}, {"threshold": ["An amount is never negative. Write 0 or more."]}),
            ({"threshold": "2.5"}, {"threshold": ["This is counted in whole numbers."]}),
            (
                {"threshold": "1"},
                {"__all__": ["Another tier begins there already. Give each its own threshold."]},
            ),
            (
                {"threshold": "5", "name": "First"},
                {"__all__": ["There is one like this already. Change that one instead."]},
            ),
            (
                {"threshold": "5", "measure": "points"},
                {"__all__": [
                    "One ladder has one measure: “friends who became customers”, over the same days on every tier."
                ]},
            ),
        ],
        ids=["negative", "fraction", "same-threshold", "same-name", "other-measure"],
    )  # fmt: skip
    def test_what_makes_no_ladder_is_refused(self, client, program, more, refusal):
        TierFactory(program=program, name="First", threshold=1)

        response = client.post(add("tier"), self.typed(program, **more))

        assert errors(response).items() >= refusal.items()
        assert Tier.objects.count() == 1

    def test_a_hole_at_the_foot_is_refused(self, client, program):
        hole = (
            "The ladder would have a hole at its foot: whoever brings up to 2 friends would stand nowhere. "
            "Let a tier begin with 1 first."
        )

        assert errors(client.post(add("tier"), self.typed(program, threshold="3"))) == {"threshold": [hole]}
        first = TierFactory(program=program, name="First", threshold=1)
        assert client.post(add("tier"), self.typed(program, threshold="3")).status_code == 302
        assert errors(client.post(page(first), self.typed(program, threshold="4")))["threshold"] == [hole]
        removed = client.post(page(first, "delete"), {"post": "yes"}, follow=True)
        assert (said(removed)[0].text, Tier.objects.count()) == (hole, 2)

    def test_a_tier_that_rules_name_stays(self, client, program):
        tier = TierFactory(program=program, threshold=1)
        RewardRuleFactory(program=program, tier=tier)

        response = client.post(page(tier, "delete"), {"post": "yes"}, follow=True)

        assert said(response)[0].text == "1 rule is for this tier. Change it first."

    def test_a_tier_that_nothing_hangs_on_goes(self, client, program):
        tier = TierFactory(program=program, threshold=1)

        client.post(page(tier, "delete"), {"post": "yes"})

        assert Tier.objects.count() == 0

    def test_a_ladder_that_is_switched_off_says_so(self, client, program):
        RewardSchemeFactory(program=program, has_ladder=False)
        tier = TierFactory(program=program)

        assert "is set to have no ladder, so nobody climbs there." in client.get(page(tier)).content.decode()


class TestMystery:
    def typed(self, *outcomes):
        rows = {"outcomes-TOTAL_FORMS": str(len(outcomes)), "outcomes-INITIAL_FORMS": "0"}
        for number, (incentive, chances) in enumerate(outcomes):
            rows |= {f"outcomes-{number}-incentive": incentive.pk, f"outcomes-{number}-chances": chances}
        return rows

    def table_errors(self, response):
        [inline] = response.context["inline_admin_formsets"]
        return [form.errors for form in inline.formset.forms]

    @pytest.fixture
    def box(self, program):
        return MysteryBoxFactory(incentive=IncentiveFactory(program=program, kind="mystery"))

    def test_chances_become_odds_in_percent_beside_the_hash(self, client, box, program):
        gifts = [(IncentiveFactory(program=program), chances) for chances in (1, 3)]

        client.post(page(box), self.typed(*gifts))
        html = client.get(page(box)).content.decode()

        assert [words for words in ("25.0 %", "75.0 %", commitment(box.seed)) if words not in html] == []
        assert box.seed not in html

    @pytest.mark.parametrize("count", [1, 3])
    def test_its_page_costs_the_same_with_more_outcomes(
        self, client, box, program, count, django_assert_num_queries
    ):
        for _number in range(count):
            MysteryOutcomeFactory(box=box, incentive=IncentiveFactory(program=program))
        client.get(page(box))

        with django_assert_num_queries(10):
            client.get(page(box))

    def test_no_box_in_a_box_nothing_of_other_programs_and_no_negative_chance(self, client, box, program):
        own = IncentiveFactory(program=program)
        other_box = IncentiveFactory(program=program, kind="mystery")

        nested = client.post(page(box), self.typed((other_box, 1)))
        foreign = client.post(page(box), self.typed((IncentiveFactory(), 1)))
        never = client.post(page(box), self.typed((own, -1)))

        assert self.table_errors(nested) == [{"incentive": ["A mystery gift cannot hold another one."]}]
        assert list(self.table_errors(foreign)[0]) == ["incentive"]
        assert list(self.table_errors(never)[0]) == ["chances"]
        assert MysteryOutcome.objects.count() == 0

    def test_odds_stay_once_somebody_has_drawn(self, client, box, program):
        outcome = MysteryOutcomeFactory(box=box, incentive=IncentiveFactory(program=program))
        RewardFactory(
            referral__enrolment__program=program, incentive=outcome.incentive, wrapped_in=box.incentive
        )

        changed = self.typed((outcome.incentive, 9)) | {
            "outcomes-INITIAL_FORMS": "1",
            "outcomes-0-id": outcome.pk,
        }
        client.post(page(box), changed)

        assert MysteryOutcome.objects.get().chances == 1
        assert client.get(page(box)).context["summary"] == [
            "Somebody has drawn, so the odds stay as they are. For others, add a new mystery gift."
        ]

    def test_a_box_is_not_removed_without_its_gift(self, client, box):
        assert client.post(page(box, "delete"), {"post": "yes"}).status_code == 404


def test_a_prize_is_something_of_the_program_and_not_points(client, program):
    points = IncentiveFactory(program=program, kind="points", value=10)
    typed = {"program": program.pk, "points": "100", "active": "on"}

    assert errors(client.post(add("prize"), typed | {"incentive": points.pk})) == {
        "incentive": ["Points buy something else than points or chances."]
    }
    assert "incentive" in errors(client.post(add("prize"), typed | {"incentive": IncentiveFactory().pk}))
    mug = IncentiveFactory(program=program)
    assert "points" in errors(client.post(add("prize"), typed | {"incentive": mug.pk, "points": "-5"}))
    assert client.post(add("prize"), typed | {"incentive": mug.pk}).status_code == 302
    assert Prize.objects.get().points == 100


def test_what_was_picked_or_given_to_stays(client, program):
    prize, charity = PrizeFactory(program=program), CharityFactory(program=program)
    RewardFactory(referral__enrolment__program=program, prize=prize, charity=charity, status="issued")

    kept = [said(client.post(page(row, "delete"), {"post": "yes"}, follow=True)) for row in (prize, charity)]

    assert [messages[0].text for messages in kept] == [
        "It has been picked. Set it to “not active” instead.",
        "People gave to it. Set it to “not active” instead.",
    ]
    assert client.get(page(charity)).context["summary"] == ["€40.00 given so far."]


class TestTax:
    typed = {"country": "us", "year": "2026", "amount": "600", "currency": "usd", "warn_at_percent": "80"}

    def test_a_threshold_is_money_of_its_country(self, client):
        client.post(add("taxthreshold"), self.typed | {"source": "IRS, form 1099-NEC"})

        row = TaxThreshold.objects.get()
        assert (row.country, row.currency, row.amount) == ("US", "USD", 60000)
        assert client.get(page(row)).context["summary"] == [
            "In United States, rewards of $600.00 or more in 2026 wait for a person."
        ]

    @pytest.mark.parametrize(
        ("more", "field", "refusal"),
        [
            ({"country": "XQ"}, "country", "No country has this code. Write two letters, such as US."),
            ({"currency": "ABC"}, "currency", "No currency has this code. Write three letters, such as USD."),
            ({"amount": "-1"}, "amount", "An amount is never negative. Write 0 or more."),
            (
                {"warn_at_percent": "101"},
                "warn_at_percent",
                "Ensure this value is less than or equal to 100.",
            ),
            ({"year": "26"}, "year", "Ensure this value is greater than or equal to 2000."),
        ],
    )
    def test_what_cannot_be_is_refused(self, client, more, field, refusal):
        response = client.post(add("taxthreshold"), self.typed | more)

        assert errors(response)[field] == [refusal]
        assert TaxThreshold.objects.count() == 0

    def test_a_country_has_one_threshold_a_year(self, client):
        TaxThresholdFactory(country="US", year=2026)

        response = client.post(add("taxthreshold"), self.typed)

        assert errors(response)["__all__"] == ["There is one like this already. Change that one instead."]
