from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Message
from referrals.models import Claim
from rewards.models import Reward
from tests.cast import client_of, member_of, said
from tests.factories import (
    AdvocateFactory,
    BudgetFactory,
    EnrolmentFactory,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardSchemeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
BEN = {"name": "Ben Weber", "email": "ben@friend.example", "words": "At the fair."}


@pytest.fixture
def anna():
    enrolment = EnrolmentFactory(program__slug="acme")
    enrolment.advocate.user = UserFactory(is_staff=False)
    enrolment.advocate.save()
    return enrolment


@pytest.fixture
def portal(anna):
    return client_of(anna.advocate.user)


def typed(**more):
    return BEN | {"happened_on": str(timezone.now().date() - timedelta(days=3))} | more


@pytest.fixture
def claim(anna, now):
    return Claim.objects.create(
        enrolment=anna, program=anna.program, name="Ben Weber", happened_on=now.date(), words="At the fair.",
        made_at=now, status_at=now,
    )  # fmt: skip


def step(claim, name):
    return f"/admin/referrals/claim/{claim.pk}/step/{name}/"


def test_an_advocate_says_that_a_friend_came_because_of_them_and_sees_it_looked_at(portal, anna):
    response = portal.post("/me/claim/acme/", typed(), follow=True)

    claim = Claim.objects.get()
    assert (claim.enrolment, claim.name, claim.status) == (anna, "Ben Weber", "open")
    assert response.redirect_chain == [("/me/#told", 302)]
    assert "You told us that you recommended us to Ben." in response.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "Write your friend&#x27;s name."),
        ({"happened_on": "2999-01-01"}, "This day is still to come."),
        ({"happened_on": "1999-01-01"}, "more than two years ago"),
        ({"happened_on": "soon"}, "Write the day as 2026-03-31."),
        ({"words": ""}, "Tell us in a sentence"),
        ({"words": "<script>"}, "plain words, without markup"),
        ({"email": "anna"}, "does not look like an e-mail address"),
    ],
)
def test_what_cannot_be_read_is_asked_again_and_nothing_typed_is_lost(portal, change, said):
    page = portal.post("/me/claim/acme/", typed(**change)).text

    assert said in page
    assert "ben@friend.example" in page or "email" in change
    assert not Claim.objects.exists()


def test_the_advocates_own_address_is_refused(portal, anna):
    assert "your own address" in portal.post("/me/claim/acme/", typed(email=anna.advocate.email)).text


def test_only_advocates_of_the_program_find_the_form(anna):
    other = EnrolmentFactory().advocate
    other.user = UserFactory(is_staff=False)
    other.save()

    assert client_of(other.user).get("/me/claim/acme/").status_code == 404
    assert client_of(UserFactory(is_staff=False)).post("/me/claim/acme/", typed()).status_code == 404
    assert Client().post("/me/claim/acme/", typed()).status_code == 302
    assert not Claim.objects.exists()


def test_a_manager_reads_whom_the_claim_may_mean_and_accepts_it(claim):
    client = client_of(member_of(claim.program))

    page = client.get(f"/admin/referrals/claim/{claim.pk}/change/").text
    response = client.post(step(claim, "accept"), {"_do": "1", "referral": "", "note": ""}, follow=True)

    assert "Nobody has named this friend: accepting makes a new referral." in page
    assert said(response)[0].level == "success"
    claim.refresh_from_db()
    assert (claim.status, claim.referral.name) == ("accepted", "Ben Weber")
    message = Message.objects.get(purpose="claim_news")
    assert (message.context["accepted"], message.to_address) == ("yes", claim.enrolment.advocate.email)


def test_a_refusal_is_told_kindly_in_the_portal_and_by_mail(claim, portal):
    client = client_of(member_of(claim.program))

    client.post(step(claim, "reject"), {"_do": "1", "reason": "customer", "note": "Since 2019"})

    message = Message.objects.get(purpose="claim_news")
    assert message.context["why"] == "Ben was with us already, so this one cannot count."
    page = portal.get("/me/").text
    assert "Ben was with us already, so this one cannot count." in page
    assert "Since 2019" not in page


def test_goodwill_takes_from_its_own_limit_and_the_budget_and_waits_for_approval(claim):
    scheme = RewardSchemeFactory(program=claim.program, goodwill_a_year=5000)
    budget = BudgetFactory(program=claim.program, starts_on=date(2020, 1, 1), ends_on=date(2099, 1, 1))
    gift = IncentiveFactory(program=claim.program, value=4000)
    client = client_of(member_of(claim.program))

    page = client.get(step(claim, "goodwill")).text
    client.post(step(claim, "goodwill"), {"_do": "1", "incentive": gift.pk, "note": "She did talk to him."})

    assert "€50.00 is left of what is set aside for goodwill." in page
    reward = Reward.objects.get()
    budget.refresh_from_db()
    assert (reward.status, reward.needs_approval, reward.enrolment, budget.used) == (
        "pending", True, claim.enrolment, 4000,
    )  # fmt: skip
    claim.refresh_from_db()
    assert claim.status == "goodwill"

    second = Claim.objects.create(
        enrolment=claim.enrolment, program=claim.program, name="Cleo", happened_on=claim.happened_on, words="x",
        made_at=claim.made_at, status_at=claim.made_at,
    )  # fmt: skip
    refused = client.post(step(second, "goodwill"), {"_do": "1", "incentive": gift.pk, "note": ""}).text
    assert "Of what is set aside for goodwill in a year, €10.00 is left." in refused
    second.refresh_from_db()
    assert (second.status, Reward.objects.count(), scheme.goodwill_a_year) == ("open", 1, 5000)


def test_goodwill_is_proposed_where_somebody_else_was_rewarded_and_accepting_cannot_work(claim, now):
    IncentiveFactory(program=claim.program)
    place = EnrolmentFactory(program=claim.program, advocate__name="Carlo Bianchi")
    ben = ReferralFactory(enrolment=place, name="Ben Weber", submitted_at=now + timedelta(days=1))
    RewardFactory(referral=ben, enrolment=place, status="approved").advance("issued", now=now)
    client = client_of(member_of(claim.program))

    page = client.get(f"/admin/referrals/claim/{claim.pk}/change/").text
    form = client.get(step(claim, "accept"))
    tried = client.post(step(claim, "accept"), {"_do": "1", "referral": ben.pk, "note": ""})

    assert "Proposed: give goodwill." in page
    assert "Carlo Bianchi has been rewarded for this friend, who can therefore not move" in page
    assert form.context["form"]["referral"].value() is None
    assert "Ben Weber, recommended by Carlo Bianchi (rewarded: cannot move)" in form.text
    assert "Settle this with goodwill instead:" in tried.text


@pytest.mark.parametrize("role", ["sales", "support", "analyst"])
def test_only_a_manager_of_the_program_decides(claim, role):
    for user, code in ((member_of(claim.program, role), 403), (member_of(ProgramFactory()), 404)):
        assert client_of(user).post(step(claim, "accept"), {"_do": "1"}).status_code == code
    claim.refresh_from_db()
    assert claim.status == "open"


@pytest.mark.parametrize("claims", [1, 3])
def test_the_portal_costs_the_same_with_more_claims(portal, anna, now, claims, django_assert_max_num_queries):
    AdvocateFactory()
    for n in range(claims):
        Claim.objects.create(
            enrolment=anna, program=anna.program, name=f"Ben {n}", happened_on=now.date(), words="x", made_at=now,
            status_at=now,
        )  # fmt: skip
    with django_assert_max_num_queries(22):
        portal.get("/me/")


def test_what_is_to_be_decided_stands_above_what_was_decided(anna, claim, now):
    claim.status = "rejected"
    claim.save()
    for day in (2, 1):
        Claim.objects.create(
            enrolment=anna, program=anna.program, name=f"Day {day}", happened_on=now.date(), words="x",
            made_at=now + timedelta(days=day), status_at=now,
        )  # fmt: skip

    page = client_of(member_of(anna.program)).get("/admin/referrals/claim/")

    assert [row.name for row in page.context["cl"].result_list] == ["Day 1", "Day 2", "Ben Weber"]


def test_who_else_claims_the_same_friend_stands_on_both_pages(claim):
    other = EnrolmentFactory(program=claim.program, advocate__name="Carlo Bianchi")
    Claim.objects.create(
        enrolment=other, program=claim.program, name="Ben Weber", happened_on=date(2026, 2, 1), words="At work.",
        made_at=claim.made_at, status_at=claim.made_at,
    )  # fmt: skip

    page = client_of(member_of(claim.program)).get(f"/admin/referrals/claim/{claim.pk}/change/").text

    assert "Carlo Bianchi</a> says the same of this friend: they talked on 1 Feb 2026." in page


def test_what_was_decided_says_so_and_how_to_take_it_back(claim):
    client, gift = client_of(member_of(claim.program)), IncentiveFactory(program=claim.program, name="A mug")

    done = client.post(step(claim, "goodwill"), {"_do": "1", "incentive": gift.pk, "note": ""}, follow=True)

    assert said(done)[0].text == "Goodwill promised: Ben Weber. They read it in their portal and by mail."
    assert "claim decided: settled with goodwill" in done.text
    reward = Reward.objects.get()
    assert f'Decline <a href="/admin/rewards/reward/{reward.pk}/change/">A mug</a> before' in done.text

    Claim.objects.update(
        status="accepted", referral=ReferralFactory(enrolment=claim.enrolment, name="Ben Weber")
    )
    page = client.get(f"/admin/referrals/claim/{claim.pk}/change/").text
    assert "Accepted by mistake? “Somebody else told them”" in page


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("sales", 403), ("analyst", 403)])
def test_a_manager_gives_goodwill_without_a_claim_and_once(claim, role, status):
    place, gift = claim.enrolment, IncentiveFactory(program=claim.program)
    client, url = (
        client_of(member_of(claim.program, role)),
        f"/admin/referrals/enrolment/{place.pk}/step/goodwill/",
    )
    page = client.get(url)
    assert page.status_code == status

    typed = {"_do": "1", "incentive": gift.pk, "note": "Told Ben as well.", "once": "k1"}
    for _twice in range(2):
        client.post(url, typed)

    given = Reward.objects.filter(enrolment=place)
    assert [row.status for row in given] == (["pending"] if role == "manager" else [])
    offered = client.get(f"/admin/referrals/enrolment/{place.pk}/change/").text
    assert ("Give goodwill" in offered) == (role == "manager")
