from datetime import UTC, datetime, timedelta

import pytest

from referrals.models import Conversion, Event, FollowUp, Referral
from referrals.services.follow_up import log_call, log_sale, snooze, take_over
from referrals.services.handling import settle
from referrals.transitions import Refused
from tests.factories import FollowUpFactory, ReferralFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("outcome", "status", "reason", "calls"),
    [
        ("reached", "contacted", "", 0),
        ("qualified", "qualified", "", 0),
        ("no_answer", "submitted", "", 1),
        ("not_ready", "contacted", "", 1),
        ("not_interested", "lost", "not_interested", 0),
        ("not_a_fit", "lost", "not_a_fit", 0),
        ("wrong_person", "lost", "wrong_person", 0),
        ("given_up", "lost", "no_answer", 0),
        ("sold", "submitted", "", 0),
        ("overtaken", "submitted", "", 0),
    ],
)
def test_what_came_of_a_call_moves_the_referral(now, outcome, status, reason, calls):
    call = FollowUpFactory(owner=UserFactory())

    following = log_call(call, outcome, now=now, by=call.owner, note="Spoke to Ben.")

    call.refresh_from_db()
    assert (call.done_at, call.done_by, call.outcome, call.note) == (
        now,
        call.owner,
        outcome,
        "Spoke to Ben.",
    )
    assert (call.referral.status, call.referral.status_reason) == (status, reason)
    assert list(FollowUp.objects.open()) == ([following] if calls else [])
    assert Event.objects.get(kind="follow_up.done").data == {"outcome": outcome, "note": "Spoke to Ben."}


def test_every_outcome_stands_in_the_table_above():
    assert len(FollowUp.Outcome.values) == 10


def test_who_was_not_reached_is_called_when_the_office_opens_next_by_the_same_person(now):
    call = FollowUpFactory(owner=UserFactory(), referral__enrolment__program__timezone="Europe/Rome")
    friday = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)

    following = log_call(call, "no_answer", now=friday, by=None)

    assert following.due_at == datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    assert following.owner == call.owner


def test_nobody_calls_again_about_what_is_settled(now):
    call = FollowUpFactory(referral__status="converted")

    assert log_call(call, "no_answer", now=now, by=None) is None


def test_a_call_is_logged_once(now):
    call, tom = FollowUpFactory(), UserFactory(first_name="Tom", last_name="Brennan")
    log_call(call, "no_answer", now=now, by=tom)

    with pytest.raises(Refused, match="^Tom Brennan has logged this call already: not reached. Nothing was"):
        log_call(call, "reached", now=now, by=UserFactory())

    assert call.referral.status == "submitted"


def test_a_qualified_friend_who_is_called_once_more_stays_qualified(now):
    call = FollowUpFactory(referral__status="qualified")

    log_call(call, "reached", now=now, by=None)

    call.referral.refresh_from_db()
    assert call.referral.status == "qualified"


def test_what_is_overdue_and_what_comes_first(now):
    late = FollowUpFactory(due_at=now - timedelta(hours=2))
    later = FollowUpFactory(due_at=now - timedelta(hours=1))
    FollowUpFactory(due_at=now)
    FollowUpFactory(due_at=now - timedelta(hours=3), done_at=now)

    assert list(FollowUp.objects.overdue(now).most_urgent_first()) == [late, later]


def test_the_first_talk_is_timed_in_office_hours_and_kept(now):
    call = FollowUpFactory(
        referral__submitted_at=now - timedelta(days=1), referral__enrolment__program__timezone="UTC"
    )

    following = log_call(call, "no_answer", now=now, by=None)
    call.referral.refresh_from_db()
    assert call.referral.contacted_at is None
    again = log_call(following, "reached", now=now, by=None, again_at=now + timedelta(days=2))
    log_call(again, "qualified", now=now + timedelta(days=2), by=None)

    call.referral.refresh_from_db()
    # From ten in the morning to ten the next day, the office is open nine hours.
    assert (call.referral.contacted_at, call.referral.contact_minutes) == (now, 9 * 60)


def test_a_step_without_a_call_is_timed_too(now):
    row = ReferralFactory(submitted_at=now - timedelta(hours=1))

    settle(Referral.objects.all(), "contacted", now=now, by=None)

    row.refresh_from_db()
    assert row.contact_minutes == 60


def test_a_call_that_is_put_off_is_nobodys_worry_until_then(now):
    call = FollowUpFactory(told=FollowUp.Told.OVERDUE)

    snooze(call, now + timedelta(days=1), now=now, by=call.owner, note="On holiday")

    call.refresh_from_db()
    assert (call.due_at, call.told) == (now + timedelta(days=1), FollowUp.Told.NOTHING)
    assert Event.objects.get(kind="referral.snoozed").data["note"] == "On holiday"


@pytest.mark.parametrize("act", [lambda c, **who: snooze(c, c.due_at, **who), take_over])
def test_what_was_logged_meanwhile_is_neither_put_off_nor_taken_over(now, act):
    call = FollowUpFactory(done_at=now, outcome="reached")

    with pytest.raises(Refused, match="has logged this call already: reached, talking."):
        act(call, now=now, by=UserFactory())


def test_a_sale_on_the_phone_is_one_sale(now):
    call = FollowUpFactory()

    log_sale(call, now=now, by=call.owner, amount=12900, order="A-1")

    call.refresh_from_db()
    assert (call.outcome, call.referral.status) == ("sold", "converted")
    assert Conversion.objects.get().amount == 12900


def test_by_the_hour_then_by_fit(now):
    late = FollowUpFactory(due_at=now - timedelta(hours=1), referral__fit=10)
    poor = FollowUpFactory(due_at=now, referral__fit=20)
    good = FollowUpFactory(due_at=now + timedelta(minutes=50), referral__fit=90)

    assert list(FollowUp.objects.open().for_queue().best_first()) == [late, good, poor]
