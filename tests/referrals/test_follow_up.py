from datetime import UTC, datetime, timedelta

import pytest

from referrals.models import Event, FollowUp
from referrals.services.follow_up import log_call
from referrals.transitions import Refused
from tests.factories import FollowUpFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("outcome", "status", "reason", "calls"),
    [
        ("reached", "contacted", "", 0),
        ("qualified", "qualified", "", 0),
        ("no_answer", "submitted", "", 1),
        ("not_interested", "lost", "not_interested", 0),
        ("wrong_person", "lost", "wrong_person", 0),
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
    assert len(FollowUp.Outcome.values) == 6


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
    call = FollowUpFactory()
    log_call(call, "no_answer", now=now, by=None)

    with pytest.raises(Refused, match="^This call has been logged already."):
        log_call(call, "reached", now=now, by=None)

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
