from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from campaigns.demo.telling import found_demo
from campaigns.models import CallTask, ContactPreference, HeldBack, Message, SurveyResponse, Testimonial
from campaigns.services.bank import load_bank
from referrals.models import Advocate, Attribution, Claim, Click, FollowUp, ImportFile, Program, Referral
from referrals.roles import sync_roles
from rewards.models import Budget, Contest, Reward, Standing
from rewards.services.audit import ledger_differences

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demo company, told once for all tests of this module."""
    from django.db import transaction

    now = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    with django_db_blocker.unblock(), transaction.atomic():
        load_bank()
        sync_roles()
        found_demo(password="a-long-password", now=now)
        yield now
        transaction.set_rollback(True)


def test_there_is_something_of_every_kind_to_see(demo):
    assert set(Referral.objects.values_list("status", flat=True)) == set(Referral.Status.values)
    assert {"waiting", "pending", "approved", "issued", "redeemed", "declined", "claimed"} <= set(
        Reward.objects.values_list("status", flat=True)
    )


def test_every_screen_of_rewards_is_alive(demo):
    assert Reward.objects.filter(wrapped_in__isnull=False, opened_at__isnull=False).exists()
    assert Reward.objects.filter(wrapped_in__isnull=False, opened_at=None, status="issued").exists()
    assert Reward.objects.filter(charity__isnull=False, status="issued").count() == 1
    assert Reward.objects.filter(prize__isnull=False).count() == 2
    assert set(Standing.objects.values_list("tier__name", flat=True)) >= {"Ray", "Beam"}
    assert Contest.objects.get().entries.leaderboard().count() >= 8
    assert Contest.objects.running(demo).exists()
    assert Budget.objects.get().used > 0
    assert ledger_differences() == []


def test_there_is_something_to_review_a_claim_to_decide_and_a_sale_explained(demo):
    assert Referral.objects.filter(status="under_review", risk__score__gte=30).exists()
    assert set(Claim.objects.values_list("status", flat=True)) == {"open", "rejected"}
    assert Attribution.objects.get(conversion__isnull=False).enrolment.advocate.name == "Siobhan Keane"


def test_some_calls_are_overdue_and_some_are_due_today(demo):
    calls = FollowUp.objects.open()

    assert calls.overdue(demo).count() >= 3
    assert calls.filter(due_at__range=(demo, demo + timedelta(hours=9))).count() >= 2


def test_no_message_of_the_past_is_waiting_and_none_has_left(demo):
    assert set(Message.objects.values_list("status", flat=True)) == {"kept", "withheld", "by_hand"}
    assert Message.objects.filter(purpose="digest").exists()


def test_everything_happened_before_now(demo):
    assert not Referral.objects.filter(submitted_at__gte=demo).exists()
    assert not Message.objects.filter(created_at__gt=demo + timedelta(minutes=1)).exists()


def test_everyone_lives_in_a_reserved_domain(demo):
    addresses = [
        *Advocate.objects.values_list("email", flat=True),
        *Referral.objects.exclude(email="").values_list("email", flat=True),
        *User.objects.values_list("email", flat=True),
        *Message.objects.exclude(to_address="").values_list("to_address", flat=True),
    ]

    assert {address.rpartition(".")[2] for address in addresses} == {"example"}
    assert Program.objects.get().reply_to.endswith(".example")


def test_links_were_seen_by_people_and_by_machines(demo):
    assert 60 < Click.objects.by_people().count() < Click.objects.count()
    assert Click.objects.filter(is_bot=True).exists()


def test_the_manager_the_caller_and_the_analyst_can_sign_in(client, demo):
    for email in ("maya@fernhollow.example", "tom@fernhollow.example", "ines@fernhollow.example"):
        user = User.objects.get(email=email)
        assert user.is_staff
        assert user.check_password("a-long-password")
        assert user.emailaddress_set.get().verified


def test_somebody_was_left_in_peace_at_night_and_somebody_wants_less(demo):
    assert HeldBack.objects.held_back().filter(held_for="quiet", status="kept").count() == 1
    assert ContactPreference.objects.count() == 3


def test_customers_have_said_how_it_is_and_one_of_them_is_quoted(client, demo):
    assert sorted(SurveyResponse.objects.answered().values_list("score", flat=True)) == [4, 9, 10]
    assert SurveyResponse.objects.waiting().exists()
    assert set(Testimonial.objects.values_list("status", flat=True)) == {"approved", "draft"}
    assert CallTask.objects.open().get(origin="unhappy").advocate.name == "Ruth Abernathy"
    assert "the meter runs backwards" in client.get("/p/sunny-neighbours/").text


def test_a_file_waits_to_be_looked_at(demo):
    file = ImportFile.objects.get()

    assert file.status == "read"
    assert file.found["counts"] == {
        "rows": 5, "refused": 1, "new": 2, "changed": 2, "unchanged": 0, "tags": 4,
    }  # fmt: skip
