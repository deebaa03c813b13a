import pytest

from referrals.models import Event
from rewards.models import Reward
from tests.cast import client_of, member_of, said
from tests.factories import EnrolmentFactory, ProgramFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


def test_a_review_that_staff_heard_of_earns_what_the_rule_says_once():
    place = EnrolmentFactory()
    RewardRuleFactory(program=place.program, when="review.left")
    desk = client_of(member_of(place.program))
    step = f"/admin/referrals/enrolment/{place.pk}/step/deed/"

    first = said(desk.post(step, {"_do": "1", "deed": "review.left"}, follow=True))
    second = said(desk.post(step, {"_do": "1", "deed": "review.left"}, follow=True))

    assert first == [("success", f"They did something for you: {place}.")]
    assert second == [("warning", f"1 was left as it is: of {place}, that was written down already.")]
    assert Reward.objects.get().enrolment == place
    assert Event.objects.filter(kind="review.left").count() == 1


def test_nobody_notes_a_deed_in_another_program_and_none_that_is_no_deed():
    place = EnrolmentFactory()
    step = f"/admin/referrals/enrolment/{place.pk}/step/deed/"

    assert (
        client_of(member_of(ProgramFactory())).post(step, {"_do": "1", "deed": "followed"}).status_code == 404
    )
    client_of(member_of(place.program)).post(step, {"_do": "1", "deed": "purchase"})

    assert not Event.objects.filter(kind__in=["followed", "purchase"]).exists()
