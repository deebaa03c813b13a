import pytest

from referrals.contacts import email_key
from referrals.models import Event, FollowUp, Referral
from referrals.services.enrolment import renew_personal_links
from referrals.services.handling import correct_friend, hand_over, reopen, settle
from tests.factories import (
    CallerFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ProgramFactory,
    ReferralFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def rows(*referrals):
    return Referral.objects.filter(pk__in=[referral.pk for referral in referrals])


def test_a_settled_referral_leaves_the_call_list(now):
    call = FollowUpFactory()

    settle(rows(call.referral), "lost", now=now, by=None, reason="price")

    call.refresh_from_db()
    assert (call.outcome, call.done_at) == ("overtaken", now)


def test_what_may_not_move_keeps_its_call(now):
    call = FollowUpFactory(referral__status="rejected")

    moved, refused = settle(rows(call.referral), "lost", now=now, by=None)

    assert (moved, refused) == ([], [call.referral])
    assert FollowUp.objects.open().count() == 1


@pytest.mark.parametrize("status", ["under_review", "lost", "rejected"])
def test_a_reopened_referral_is_called_within_office_hours(now, status):
    referral = ReferralFactory(status=status)

    reopen(rows(referral), now=now, by=None)

    referral.refresh_from_db()
    assert referral.status == "submitted"
    assert FollowUp.objects.open().get().due_at.hour == 14


def test_reopening_ten_costs_as_many_queries_as_one(now, django_assert_num_queries):
    enrolment = EnrolmentFactory()
    for count in (1, 10):
        made = [ReferralFactory(enrolment=enrolment, status="lost") for _ in range(count)]
        with django_assert_num_queries(16):
            reopen(rows(*made), now=now, by=None)


def test_handing_over_takes_the_open_call_along_and_leaves_the_done_one(now):
    sam, eve = UserFactory(), UserFactory()
    referral = ReferralFactory(owner=sam)
    done = FollowUpFactory(referral=referral, owner=sam, done_at=now, outcome="no_answer")
    waiting = FollowUpFactory(referral=referral, owner=sam)

    hand_over(rows(referral), eve, now=now, by=sam)

    assert [FollowUp.objects.get(pk=call.pk).owner for call in (done, waiting)] == [sam, eve]
    event = Event.objects.get(kind="referral.handed_over")
    assert (event.actor, event.data) == (sam, {"owner": eve.username})


def test_a_corrected_address_is_found_again_and_the_log_keeps_no_address(now):
    referral = ReferralFactory(email="bne@friend.example")

    correct_friend(
        referral,
        {"name": "Ben Weber", "email": "ben@friend.example", "phone": "", "company": ""},
        now=now,
        by=None,
    )

    referral.refresh_from_db()
    assert referral.email_key == email_key("ben@friend.example")
    assert Event.objects.get().data == {"fields": ["email"]}


def test_a_new_personal_link_ends_the_old_one_and_keeps_the_code(now):
    enrolment = EnrolmentFactory()

    renew_personal_links(type(enrolment).objects.filter(pk=enrolment.pk), now=now, by=None)

    fresh = type(enrolment).objects.get()
    assert fresh.code == enrolment.code
    assert fresh.token != enrolment.token


def test_whoever_is_next_calls_a_reopened_friend_and_who_talked_with_them_goes_on(now):
    callers = CallerFactory.create_batch(2, program=ProgramFactory(assign_by="rotation"))
    tom = callers[0].user
    place = EnrolmentFactory(program=callers[0].program)
    more = {"enrolment": place, "status": "lost", "owner": tom}
    known = ReferralFactory(contacted_at=now, **more)
    fresh = [ReferralFactory(**more) for _ in range(2)]
    away = ReferralFactory(contacted_at=now, **more | {"owner": UserFactory(is_active=False)})

    reopen(rows(known, *fresh, away), now=now, by=None)

    owners = list(Referral.objects.order_by("pk").values_list("owner", flat=True))
    assert owners == [tom.pk, tom.pk, callers[1].user.pk, tom.pk]
    assert list(FollowUp.objects.order_by("referral").values_list("owner", flat=True)) == owners
    assert Event.objects.filter(kind="referral.assigned").count() == 3
