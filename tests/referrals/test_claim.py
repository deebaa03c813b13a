from datetime import timedelta

import pytest

from referrals.models import Attribution, Claim, Conversion, Event, Referral
from referrals.services.claim import accept_claim, candidates, make_claim, propose, reopen_claims
from referrals.services.conversion import record_conversion
from referrals.services.sale import take_conversion
from referrals.transitions import Refused
from rewards.models import Reward
from tests.factories import EnrolmentFactory, FollowUpFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return EnrolmentFactory()


@pytest.fixture
def carlo(anna):
    return EnrolmentFactory(program=anna.program, advocate__name="Carlo Bianchi")


def claim_of(enrolment, now, *, name="Ben Weber", email="", days_ago=10, **more):
    day = (now - timedelta(days=days_ago)).date()
    return make_claim(
        enrolment, name=name, email=email, phone="", happened_on=day, words="At the fair.", now=now, **more
    )


def these(claim):
    return Claim.objects.filter(pk=claim.pk)


def test_the_same_claim_again_is_the_same_and_the_sixth_in_a_day_waits(anna, now):
    first = claim_of(anna, now)

    assert claim_of(anna, now) == first
    for n in range(4):
        claim_of(anna, now, name=f"Friend {n}")
    with pytest.raises(Refused, match="come back tomorrow"):
        claim_of(anna, now, name="One More")
    assert Event.objects.filter(kind="claim.made").count() == 5


def test_a_claim_finds_whom_it_may_mean_by_address_name_and_likeness(anna, carlo, now):
    for name, email in [
        ("Ben Weber", "other@x.example"), ("Somebody", "ben@friend.example"), ("Weber Ben", "ben1@y.example"),
        ("Dora Lind", "dora@lind.example"),
    ]:  # fmt: skip
        ReferralFactory(enrolment=carlo, name=name, email=email)

    found = candidates(claim_of(anna, now, email="ben@friend.example"))

    assert [(c.referral.name, c.why) for c in found] == [
        ("Somebody", "same address or number"),
        ("Weber Ben", "name and address are alike"),
        ("Ben Weber", "same name"),
    ]


@pytest.mark.parametrize(
    ("rule", "days_ago", "answer"),
    [
        ("first_named", 10, "accepted"), ("first_named", 1, "rejected"), ("last_touch", 10, "rejected"),
        ("last_touch", 1, "accepted"), ("manager", 10, None),
    ],
)  # fmt: skip
def test_a_tie_is_proposed_by_the_programs_rule(anna, carlo, now, rule, days_ago, answer):
    anna.program.tie_rule = rule
    anna.program.save()
    ReferralFactory(enrolment=carlo, submitted_at=now - timedelta(days=5))
    claim = claim_of(anna, now, days_ago=days_ago)

    proposal = propose(claim, candidates(claim))

    assert proposal.answer == answer
    assert "Carlo Bianchi" in proposal.words


def test_an_accepted_claim_moves_the_friend_with_sales_and_rewards(anna, carlo, now):
    RewardRuleFactory(program=anna.program)
    ben = ReferralFactory(enrolment=carlo)
    record_conversion(ben, external_id="1", amount=100, currency="EUR", now=now)
    claim = claim_of(anna, now)

    accept_claim(these(claim), referral=ben, now=now, by=None, note="Ben says so too.")

    claim.refresh_from_db()
    assert (claim.status, claim.referral.enrolment, claim.referral.status) == ("accepted", anna, "converted")
    assert Conversion.objects.get().referral == claim.referral
    assert Reward.objects.alive().get().enrolment == anna
    ben.refresh_from_db()
    assert (ben.status, ben.status_reason) == ("rejected", "other_advocate")
    assert Attribution.objects.get().by_hand


def test_an_accepted_claim_about_an_open_referral_goes_on_where_it_stood(anna, carlo, now):
    ben = ReferralFactory(enrolment=carlo, status="qualified")
    FollowUpFactory(referral=ben)

    accept_claim(these(claim_of(anna, now)), referral=ben, now=now, by=None)

    theirs = Referral.objects.get(enrolment=anna)
    assert (theirs.status, theirs.source, theirs.follow_ups.open().count()) == ("qualified", "claim", 1)
    assert ben.follow_ups.open().count() == 0


def test_a_friend_for_whom_a_reward_was_handed_out_stays_and_the_refusal_says_what_to_do(anna, carlo, now):
    RewardRuleFactory(program=anna.program)
    ben = ReferralFactory(enrolment=carlo)
    record_conversion(ben, external_id="1", amount=100, currency="EUR", now=now)
    for step in ("approved", "issued"):
        Reward.objects.all().advance(step, now=now)
    claim = claim_of(anna, now)

    with pytest.raises(Refused, match="Settle this with goodwill instead"):
        accept_claim(these(claim), referral=ben, now=now, by=None)

    claim.refresh_from_db()
    assert (claim.status, Conversion.objects.get().referral) == ("open", ben)


def test_a_claim_about_somebody_unknown_brings_a_new_referral_and_the_sale_that_counted_for_nobody(anna, now):
    email = "ben@friend.example"
    take_conversion(anna.program, external_id="1", amount=100, currency="EUR", email=email, now=now)

    accept_claim(these(claim_of(anna, now, email=email)), now=now, by=None)

    ben = Referral.objects.get()
    assert (ben.enrolment, ben.status) == (anna, "converted")
    assert Conversion.objects.get().referral == ben


def test_what_was_not_accepted_can_be_looked_at_again_and_accepted_cannot_be_undone(anna, now):
    claim = claim_of(anna, now)
    these(claim).advance("rejected", now=now, reason="unknown")

    assert reopen_claims(these(claim), now=now, by=None).moved
    accept_claim(these(claim), now=now, by=None)
    assert reopen_claims(these(claim), now=now, by=None).refused
