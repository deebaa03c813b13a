"""Above the reportable amount a reward waits for papers; noting that they are in lets it pass."""

import pytest
from django.urls import reverse

from campaigns.models import Message
from campaigns.services.tax_warnings import warn_of_taxes
from rewards.models import Reward, TaxThreshold
from rewards.services.reward import approve
from rewards.services.tax import note_papers
from tests.cast import client_of, member_of, said
from tests.factories import EnrolmentFactory, ProgramFactory, RewardFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_reward_over_the_threshold_waits_until_the_papers_are_in(now):
    TaxThreshold.objects.create(country="US", year=now.year, amount=4000, currency="EUR")
    reward = RewardFactory(referral__enrolment__program__country="US")
    boss = UserFactory()

    held = approve(Reward.objects.all(), now=now, by=boss).refused
    note_papers(type(reward.enrolment).objects.filter(pk=reward.enrolment_id), now=now, by=boss)
    moved = approve(Reward.objects.all(), now=now, by=boss).moved

    assert (held, moved) == ([reward], [reward])
    assert held[0].refusal == (
        "with it, rewards of this year reach €40.00, which US wants reported; "
        "note on the advocate's enrolment that the papers are in, then approve it"
    )


def test_the_papers_are_noted_on_the_page_and_only_once_a_year():
    enrolment = EnrolmentFactory()
    client = client_of(member_of(enrolment.program, "support"))
    page = reverse("admin:referrals_enrolment_step", args=[enrolment.pk, "tax-papers"])

    first = said(client.post(page, {"_do": "1"}, follow=True))
    second = said(client.post(page, {"_do": "1"}, follow=True))

    assert first == [("success", f"Tax papers are in: {enrolment}.")]
    assert second == [("warning", f"1 was left as it is: of {enrolment}, that was written down already.")]


def test_an_analyst_and_a_stranger_note_nothing():
    enrolment = EnrolmentFactory()
    page = reverse("admin:referrals_enrolment_step", args=[enrolment.pk, "tax-papers"])

    assert client_of(member_of(enrolment.program, "analyst")).post(page, {"_do": "1"}).status_code == 403
    assert client_of(member_of(ProgramFactory())).post(page, {"_do": "1"}).status_code == 404
    enrolment.refresh_from_db()
    assert enrolment.tax_cleared_year is None


def test_managers_are_warned_once_before_rewards_have_to_be_reported(now):
    TaxThreshold.objects.create(country="US", year=now.year, amount=5000, currency="EUR")
    reward = RewardFactory(referral__enrolment__program__country="US")
    manager = member_of(reward.program)
    approve(Reward.objects.all(), now=now, by=UserFactory())

    assert [warn_of_taxes(now=now) for _ in range(2)] == [1, 1]

    warning = Message.objects.get(purpose="staff_notice")
    assert warning.user == manager
    assert "come to €40.00 this year. From €50.00 on" in warning.context["body"]
    note_papers(type(reward.enrolment).objects.all(), now=now, by=manager)
    assert warn_of_taxes(now=now) == 0


def test_nobody_is_warned_far_below_the_threshold(now):
    TaxThreshold.objects.create(country="US", year=now.year, amount=60000, currency="EUR")
    reward = RewardFactory(referral__enrolment__program__country="US")
    member_of(reward.program)
    approve(Reward.objects.all(), now=now, by=UserFactory())

    assert warn_of_taxes(now=now) == 0
