"""Setting rewards up: who may, incentives, their supply, and the files with codes."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from referrals.models import Membership
from rewards.admin import codes
from rewards.admin.incentive import IncentiveAdmin, IncentiveForm
from rewards.models import CouponCode, Incentive, MysteryBox, Reward, RewardScheme
from tests.cast import client_of, member_of, said, superuser
from tests.factories import (
    BudgetFactory,
    CharityFactory,
    CouponCodeFactory,
    IncentiveFactory,
    MysteryBoxFactory,
    PrizeFactory,
    ProgramFactory,
    RewardFactory,
    RewardRuleFactory,
    RewardSchemeFactory,
    TaxThresholdFactory,
    TierFactory,
)

pytestmark = pytest.mark.django_db
Role = Membership.Role
ADD = reverse("admin:rewards_incentive_add")
LIST = reverse("admin:rewards_incentive_changelist")
MINE = (RewardSchemeFactory, BudgetFactory, TierFactory, PrizeFactory, CharityFactory, IncentiveFactory,
        RewardRuleFactory)  # fmt: skip


def page(row, name="change", *more):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk, *more])


def errors(response):
    return response.context["adminform"].form.errors


def incentive_form(program, **typed):
    return {
        "program": program.pk, "name": "a gift card", "kind": "gift_card", "value": "40", "fulfilment": "person",
        "active": "on",
    } | typed  # fmt: skip


def rows_of(program):
    box = MysteryBoxFactory(incentive=IncentiveFactory(program=program, kind="mystery"))
    return [factory(program=program) for factory in MINE] + [box]


class TestCast:
    def test_the_manager_sets_everything_up(self):
        program = ProgramFactory()
        client = client_of(member_of(program))

        assert [client.get(page(row)).status_code for row in rows_of(program)] == [200] * 8
        assert client.get(ADD).status_code == 200

    def test_a_manager_elsewhere_finds_nothing(self):
        client = client_of(member_of(ProgramFactory()))

        assert [client.get(page(row)).status_code for row in rows_of(ProgramFactory())] == [404] * 8

    def test_a_superuser_finds_everything(self):
        client = client_of(superuser())

        assert [client.get(page(row)).status_code for row in rows_of(ProgramFactory())] == [200] * 8

    def test_strangers_are_sent_to_the_door(self, client):
        assert [client.get(page(row)).status_code for row in rows_of(ProgramFactory())] == [302] * 8

    @pytest.mark.parametrize(("role", "budget"), [(Role.SALES, 403), (Role.ANALYST, 200)])
    def test_others_read_and_change_nothing(self, role, budget):
        program = ProgramFactory()
        client = client_of(member_of(program, role))
        rows = rows_of(program)

        seen = {row._meta.model_name: client.get(page(row)).status_code for row in rows}
        posted = {client.post(page(row), {"name": "mine"}).status_code for row in rows}

        assert seen.pop("budget") == budget
        assert (set(seen.values()), posted) == ({200}, {403})
        assert client.get(ADD).status_code == 403

    def test_tax_thresholds_are_the_same_for_all_programs(self):
        threshold = TaxThresholdFactory()

        assert client_of(member_of(ProgramFactory())).get(page(threshold)).status_code == 200
        assert client_of(member_of(ProgramFactory(), Role.SALES)).get(page(threshold)).status_code == 403
        analyst = client_of(member_of(ProgramFactory(), Role.ANALYST))
        assert analyst.post(page(threshold), {"amount": "1"}).status_code == 403


class TestIncentives:
    def test_cost_may_differ_from_value(self):
        program = ProgramFactory()

        client_of(member_of(program)).post(ADD, incentive_form(program, cost="12.50"))

        assert Incentive.objects.values_list("value", "cost").get() == (4000, 1250)

    def test_points_are_whole_numbers(self):
        program = ProgramFactory()
        client = client_of(member_of(program))
        typed = incentive_form(program, name="100 points", kind="points", fulfilment="automatic")

        refused = client.post(ADD, typed | {"value": "99.5"})
        client.post(ADD, typed | {"value": "100"})

        assert errors(refused)["value"][0] == "This is counted in whole numbers."
        assert Incentive.objects.get().value == 100
        assert 'value="100"' in client.get(page(Incentive.objects.get())).content.decode()

    @pytest.mark.parametrize(
        ("typed", "refusal"),
        [
            ({"value": "-1"}, {"value": ["An amount is never negative. Write 0 or more."]}),
            ({"cost": "-1"}, {"cost": ["An amount is never negative. Write 0 or more."]}),
            ({"value": "1.234"}, {"value": ["Write no more decimals than EUR has."]}),
            ({"value": "9" * 13}, {"value": ["No amount is that large."]}),
            ({"kind": "content"}, {"link": ["Give the link that unlocks with this reward."]}),
            (
                {"kind": "mystery", "fulfilment": "code"},
                {"fulfilment": ["This has no code to hand out. Choose another way."]},
            ),
        ],
        ids=["negative", "negative-cost", "decimals", "huge", "no-link", "no-code"],
    )
    def test_what_cannot_be_meant_is_refused_with_a_sentence(self, typed, refusal):
        program = ProgramFactory()

        response = client_of(member_of(program)).post(ADD, incentive_form(program, **typed))

        assert errors(response) == refusal
        assert Incentive.objects.count() == 0

    def test_a_second_one_of_the_same_name_is_refused_when_added_and_when_renamed(self):
        first = IncentiveFactory(name="a mug")
        second = IncentiveFactory(program=first.program, name="a pen")
        client = client_of(member_of(first.program))
        typed = incentive_form(first.program, name="a mug")

        refusal = {"__all__": ["There is one like this already. Change that one instead."]}
        assert errors(client.post(ADD, typed)) == refusal
        assert errors(client.post(page(second), typed)) == refusal

    def test_an_incentive_stays_in_its_program(self):
        incentive, other = IncentiveFactory(name="a mug"), ProgramFactory()
        boss = client_of(superuser())

        boss.post(page(incentive), incentive_form(other, name="a big mug"))

        incentive.refresh_from_db()
        assert (incentive.name, incentive.program == other) == ("a big mug", False)
        assert incentive.history.latest().history_user.is_superuser

    def test_a_mystery_gift_gets_its_box(self):
        program = ProgramFactory()

        client_of(member_of(program)).post(ADD, incentive_form(program, kind="mystery"))

        assert MysteryBox.objects.get().incentive.kind == "mystery"

    def test_what_hangs_on_it_keeps_it(self):
        rule = RewardRuleFactory()

        response = client_of(member_of(rule.program)).post(
            page(rule.incentive, "delete"), {"post": "yes"}, follow=True
        )

        assert said(response) == [
            ("warning", "Rules, rewards or codes hang on this incentive. Set it to “not active” instead.")
        ]
        assert Incentive.objects.count() == 1

    def test_the_list_warns_of_what_runs_out(self):
        program = ProgramFactory()
        IncentiveFactory(program=program, name="a mug", stock=0)
        IncentiveFactory(program=program, name="a pen", stock=500)
        scarce = IncentiveFactory(program=program, name="a card", stock=4)
        rule = RewardRuleFactory(program=program, incentive=scarce)
        RewardFactory(
            rule=rule, referral__enrolment__program=program, created_at=timezone.now() - timedelta(days=1)
        )
        client = client_of(member_of(program))

        html = client.get(LIST).content.decode()
        low = client.get(LIST, {"supply": "low"}).context["cl"]

        assert "nothing left" in html
        assert "500 left" in html
        assert "4 left, lasts 120 days" in html
        assert [row.name for row in low.result_list] == ["a mug"]

    def test_more_stock_moves_the_waiting_list_and_leaves_other_numbers_alone(self):
        mug = IncentiveFactory(name="a mug", stock=0)
        rule = RewardRuleFactory(program=mug.program, incentive=mug)
        RewardFactory(rule=rule, referral__enrolment__program=mug.program, status="waiting")
        typed = incentive_form(mug.program, name="a mug", stock="5")

        response = client_of(member_of(mug.program)).post(page(mug), typed, follow=True)

        assert said(response)[0] == ("success", "1 reward from the waiting list is promised now.")
        assert (Reward.objects.get().status, Incentive.objects.get().stock) == ("pending", 4)

    def test_saving_another_field_forgets_no_promise_made_meanwhile(self, rf):
        mug = IncentiveFactory(name="a mug", stock=5)
        form = IncentiveForm(incentive_form(mug.program, name="a large mug", stock="5"), instance=mug)
        request = rf.post(page(mug))
        request.user = superuser()

        assert form.is_valid()
        Incentive.objects.filter(pk=mug.pk).update(stock=3)
        IncentiveAdmin(Incentive, admin.site).save_model(request, form.instance, form, True)

        assert Incentive.objects.values_list("name", "stock").get() == ("a large mug", 3)


class TestCodes:
    def upload(self, pool, content, name="codes.csv", user=None):
        file = SimpleUploadedFile(name, content)
        return client_of(user or member_of(pool.program)).post(
            page(pool, "step", "codes"), {"codes": file, "_do": "1"}, follow=True
        )

    @pytest.fixture
    def pool(self):
        return IncentiveFactory(fulfilment="code")

    def test_a_file_fills_the_pool_and_says_how_many_are_new(self, pool):
        CouponCodeFactory(incentive=pool, code="A-1")

        response = self.upload(pool, "\ufeffcode\r\nA-1\r\nA-2;x\r\n\r\nA-3\r\n".encode())

        assert said(response) == [("success", "2 codes are new.")]
        assert sorted(pool.codes.values_list("code", flat=True)) == ["A-1", "A-2", "A-3"]

    def test_a_spreadsheets_unicode_text_is_read(self, pool):
        self.upload(pool, "A-1\r\nÄ-2\r\n".encode("utf-16"))

        assert sorted(pool.codes.values_list("code", flat=True)) == ["A-1", "Ä-2"]

    @pytest.mark.parametrize(
        ("content", "refusal"),
        [
            (b"A-1\nA-2\nA-1\n", "Line 3 repeats the code of line 1. Nothing was imported."),
            (b"A-1\n" + b"x" * 81, "Line 2 is no code: write at most 80 printable characters. Nothing was imported."),
            (
                b"PK\x03\x04\x14\x00\xff\xfe\x00",
                "This is no text file. Save the list as CSV in UTF-8, then choose it again. Nothing was imported.",
            ),
            (
                b"A-1\n\x00\x01\x02",
                "This is no text file. Save the list as CSV in UTF-8, then choose it again. Nothing was imported.",
            ),
        ],
        ids=["duplicate", "too-long", "binary", "nul"],
    )  # fmt: skip
    def test_a_wrong_file_is_refused_by_line_and_nothing_is_half_saved(self, pool, content, refusal):
        response = self.upload(pool, content)

        assert response.context["form"].non_field_errors() == [refusal]
        assert CouponCode.objects.count() == 0

    def test_a_file_that_is_too_big_or_empty_is_refused(self, pool, monkeypatch):
        monkeypatch.setattr(codes, "LARGEST", 10)

        big, empty = self.upload(pool, b"A-1\n" * 3), self.upload(pool, b"")

        assert big.context["form"].errors["codes"] == [
            "This file is larger than 30 MB. Split it: codes that are there already are passed over."
        ]
        assert empty.context["form"].errors["codes"] == ["This file is empty. Choose the one with the codes."]
        assert CouponCode.objects.count() == 0

    def test_new_codes_go_to_whoever_waits(self, pool):
        rule = RewardRuleFactory(program=pool.program, incentive=pool)
        RewardFactory(rule=rule, referral__enrolment__program=pool.program, status="waiting")

        response = self.upload(pool, b"A-1\nA-2\n")

        assert [text for _level, text in said(response)] == [
            "2 codes are new.",
            "1 reward from the waiting list is promised now.",
        ]

    @pytest.mark.parametrize("role", [Role.SALES, Role.SUPPORT, Role.ANALYST])
    def test_only_managers_add_codes(self, pool, role):
        response = self.upload(pool, b"A-1\n", user=member_of(pool.program, role))

        assert (response.status_code, CouponCode.objects.count()) == (403, 0)

    def test_a_pool_elsewhere_does_not_exist(self, pool):
        response = self.upload(pool, b"A-1\n", user=member_of(ProgramFactory()))

        assert (response.status_code, CouponCode.objects.count()) == (404, 0)

    def test_managers_read_the_codes_and_others_their_beginning(self, pool):
        coupon = CouponCodeFactory(incentive=pool, code="SECRET-7K2M")
        url = reverse("admin:rewards_couponcode_changelist")
        sales = client_of(member_of(pool.program, Role.SALES))

        assert "SECRET-7K2M" in client_of(member_of(pool.program)).get(url).content.decode()
        assert "SEC…" in (html := sales.get(url).content.decode())
        assert "SECRET" not in html
        assert sales.get(page(coupon)).status_code == 403
        assert client_of(member_of(pool.program)).get(page(coupon)).status_code == 200

    def test_nobody_spells_a_code_out_by_asking_how_it_begins(self, pool):
        CouponCodeFactory(incentive=pool, code="SECRET-7K2M")
        sales = client_of(member_of(pool.program, Role.SALES))

        response = sales.get(reverse("admin:rewards_couponcode_changelist"), {"code__startswith": "S"})

        assert response.status_code == 400


def test_the_type_of_a_program_says_what_follows_and_money_is_typed_as_money():
    program = ProgramFactory()
    client = client_of(member_of(program))

    typed = {
        "program": program.pk,
        "sides": "none",
        "second_person_above": "500",
        "goodwill_a_year": "300",
        "warn_days": "7",
    }
    client.post(reverse("admin:rewards_rewardscheme_add"), typed)

    scheme = RewardScheme.objects.get()
    assert (scheme.second_person_above, scheme.goodwill_a_year, scheme.warn_days) == (50000, 30000, 7)
    assert [str(line) for line in client.get(page(scheme)).context["summary"]] == [
        "Nobody is promised anything: pages and mails speak of no reward, and no rule takes effect.",
        "From €500.00 on, two people have to approve.",
        "Within a year, goodwill may cost up to €300.00.",
    ]


def test_where_nobody_gets_rewards_the_other_pages_say_so():
    scheme = RewardSchemeFactory(sides="none", program__name="Quiet friends")
    client = client_of(member_of(scheme.program))
    sentence = "“Quiet friends” gives no rewards, so none of this takes effect there."
    prize = PrizeFactory(program=scheme.program)

    for row in (
        prize,
        prize.incentive,
        TierFactory(program=scheme.program),
        BudgetFactory(program=scheme.program),
    ):
        listed = client.get(reverse(f"admin:rewards_{row._meta.model_name}_changelist"))
        assert sentence in listed.content.decode(), row
        assert sentence in client.get(page(row)).content.decode(), row
