from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from referrals.models import Advocate, Enrolment, Program, Referral
from tests.factories import (
    AdvocateFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client: Client) -> Enrolment:
    enrolment = EnrolmentFactory(advocate__user=User.objects.create_user("anna"))
    client.force_login(enrolment.advocate.user)
    return enrolment


def test_whoever_is_not_signed_in_is_asked_for_the_address(client):
    assert client.get("/me/").url == "/account/login/code/?next=/me/"
    assert client.post("/me/settings/").url == "/account/login/code/?next=/me/settings/"


def test_before_the_first_recommendation_the_link_is_ready(client, anna):
    page = client.get("/me/").text

    assert "No referrals yet. Your link is ready:" in page
    assert f"http://localhost:8000/r/{anna.code}/" in page
    assert f"/r/{anna.code}/qr.svg" in page
    assert anna.personal_path in page


def test_each_friend_stands_with_state_reason_and_next_step(client, anna):
    due = timezone.now() + timedelta(days=20)
    FollowUpFactory(referral=ReferralFactory(enrolment=anna, name="Ben Weber"), due_at=due)
    ReferralFactory(enrolment=anna, name="Cleo Marin", status="rejected", status_reason="existing_customer")

    page = client.get("/me/").text

    assert f"We call Ben by {due:%B} {due.day}, {due:%H:%M}." in page
    assert "We were already in touch with Cleo, so this one cannot count." in page
    assert "existing" not in page


def test_a_reward_stands_with_its_code_and_how_to_use_it(client, anna):
    rule = RewardRuleFactory(
        program=anna.program, incentive__name="a €40 gift card", incentive__how_to_use="Show it at the till."
    )
    RewardFactory(referral=ReferralFactory(enrolment=anna), rule=rule, status="issued", code="GIFT-7788")

    page = client.get("/me/").text

    assert "A €40 gift card" in page
    assert "Yours since March 4" in page
    assert "GIFT-7788" in page
    assert "Show it at the till." in page


def test_what_is_for_the_friend_or_for_someone_else_is_not_shown(client, anna):
    mine = ReferralFactory(enrolment=anna)
    friends_rule = RewardRuleFactory(program=anna.program, side="friend")
    RewardFactory(referral=mine, rule=friends_rule, status="issued", code="FRIEND-CODE")
    other = ReferralFactory(enrolment=EnrolmentFactory(program=anna.program), name="Dora Novak")
    RewardFactory(
        referral=other, rule=RewardRuleFactory(program=anna.program), status="issued", code="OTHER-CODE"
    )

    page = client.get("/me/").text

    assert "FRIEND-CODE" not in page
    assert "OTHER-CODE" not in page
    assert "Dora" not in page


@pytest.mark.parametrize("count", [1, 3, 300])
def test_the_portal_costs_as_many_queries_with_one_friend_as_with_three_hundred(
    client, anna, count, django_assert_num_queries
):
    referrals = [
        Referral(
            enrolment=anna, program=anna.program, source="form", name=f"Ben {n}", submitted_at=anna.joined_at,
            status_at=anna.joined_at, email_key=f"key{n}",
        )
        for n in range(count)
    ]  # fmt: skip
    Referral.objects.bulk_create(referrals)
    RewardFactory(referral=referrals[0], rule=RewardRuleFactory(program=anna.program))

    with django_assert_num_queries(11):
        page = client.get("/me/").text

    assert page.count('class="standing"') == min(count, 20) + 1
    assert ("Show 280 more" in page) is (count == 300)


def test_in_three_programs_there_are_three_links_for_as_many_queries(client, anna, django_assert_num_queries):
    others = [EnrolmentFactory(advocate=anna.advocate) for _ in range(2)]

    with django_assert_num_queries(11):
        page = client.get("/me/").text

    assert [f"/r/{enrolment.code}/qr.svg" in page for enrolment in [anna, *others]] == [True] * 3


def test_all_of_them_are_shown_on_request(client, anna):
    for _ in range(22):
        ReferralFactory(enrolment=anna)

    assert client.get("/me/").text.count('class="standing"') == 20
    assert client.get("/me/?all").text.count('class="standing"') == 22


def test_a_program_that_has_ended_shows_what_was_and_no_link(client, anna):
    Program.objects.update(status="ended")
    ReferralFactory(enrolment=anna, name="Ben Weber")

    page = client.get("/me/").text

    assert "Ben Weber" in page
    assert f"/r/{anna.code}/" not in page
    assert "takes no new recommendations just now" in page


def test_markup_in_a_name_is_only_text(client, anna):
    Referral.objects.filter(pk=ReferralFactory(enrolment=anna).pk).update(name="<script>alert(1)</script>")

    page = client.get("/me/").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_friends_read_the_first_name_or_not_as_the_advocate_likes(client, anna):
    client.post("/me/settings/", {})
    assert Advocate.objects.get().show_name is False

    client.post("/me/settings/", {"show_name": "on"})
    assert Advocate.objects.get().show_name is True


def test_the_setting_changes_nobody_else(client, anna):
    AdvocateFactory(user=User.objects.create_user("dora"))

    client.post("/me/settings/", {})

    assert list(Advocate.objects.order_by("pk").values_list("show_name", flat=True)) == [False, True]


def test_looking_at_the_settings_changes_nothing(client, anna):
    assert client.get("/me/settings/").status_code == 405
    assert Advocate.objects.get().show_name is True


def test_another_site_cannot_change_the_setting(anna):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna.advocate.user)

    assert strict.post("/me/settings/", {}).status_code == 403
    assert Advocate.objects.get().show_name is True


def test_staff_who_recommend_nobody_are_pointed_to_their_desk(client):
    client.force_login(UserFactory())

    page = client.get("/me/")

    assert page.status_code == 200
    assert "Your work is on your desk" in page.text


def test_nobody_keeps_a_copy_of_the_page(client, anna):
    assert "no-store" in client.get("/me/")["Cache-Control"]


def test_ready_words_for_each_way_can_be_changed_before_they_are_sent(client, anna):
    page = client.get("/me/").text

    assert page.count("<textarea") == 6
    assert "I am happy with Acme and thought of you." in page
    assert 'href="mailto:?subject=' in page
    assert 'data-pattern="https://wa.me/?text={words}"' in page
    for site in ("facebook.com", "linkedin.com", "x.com"):
        assert f'src="https://{site}' not in page
