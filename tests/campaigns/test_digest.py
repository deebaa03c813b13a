"""The digest: each person's own programs, at their own hour, and nothing when there is nothing to say."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.core import mail

from campaigns.models import DigestSubscription, Message, Purpose
from campaigns.services.delivery import deliver_due
from campaigns.services.digest import compose_digest, write_digests
from referrals.models import Membership
from referrals.services.conversion import record_conversion
from tests.factories import (
    FollowUpFactory,
    MembershipFactory,
    MessageFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = DigestSubscription.Every.DAY
WEEK = DigestSubscription.Every.WEEK


def subscribe(user, *, next_at, **more) -> DigestSubscription:
    row = DigestSubscription.objects.create(user=user, **more)
    DigestSubscription.objects.filter(pk=row.pk).update(next_at=next_at)
    return row


def member(program, **more):
    return MembershipFactory(program=program, **more).user


def test_staff_read_what_came_in_what_is_overdue_and_what_waits_for_approval(now):
    program = ProgramFactory(name="Friends of Acme")
    user = member(program, user__first_name="Carla")
    subscribe(user, next_at=now)
    referral = ReferralFactory(enrolment__program=program, submitted_at=now - timedelta(hours=1))
    FollowUpFactory(referral=referral, due_at=now - timedelta(hours=2))
    RewardFactory(referral=referral, needs_approval=True)

    assert write_digests(now=now) == 1
    deliver_due(now=now)

    [sent] = mail.outbox
    assert (sent.to, sent.subject) == ([user.email], "1 new recommendation, 2 things to do")
    for line in (
        "Hello Carla.",
        "Friends of Acme",
        "1 call is overdue",
        "1 reward waits for approval",
    ):
        assert line in sent.body
        assert line in sent.alternatives[0].content
    assert referral.name not in sent.body
    assert (
        sent.extra_headers["List-Unsubscribe"] == f"<http://localhost:8000/u/{Message.objects.get().token}/>"
    )


def test_nothing_to_say_is_not_said(now):
    program = ProgramFactory()
    row = subscribe(member(program), next_at=now)
    ReferralFactory(submitted_at=now)

    assert write_digests(now=now) == 0

    row.refresh_from_db()
    assert Message.objects.count() == 0
    assert row.next_at > now


def test_nobody_reads_of_a_program_that_is_not_theirs(now):
    mine, other = ProgramFactory(name="Mine"), ProgramFactory(name="Other")
    users = {program.name: member(program) for program in (mine, other)}
    for program in (mine, other):
        subscribe(users[program.name], next_at=now)
        ReferralFactory(enrolment__program=program, submitted_at=now)

    write_digests(now=now)
    deliver_due(now=now)

    bodies = {sent.to[0]: sent.body for sent in mail.outbox}
    for name, not_theirs in (("Mine", "Other"), ("Other", "Mine")):
        assert name in bodies[users[name].email]
        assert not_theirs not in bodies[users[name].email]
        assert not_theirs not in str(Message.objects.get(user=users[name]).context)


def test_a_right_lost_between_writing_and_sending_is_lost(now):
    kept, lost = ProgramFactory(name="Kept"), ProgramFactory(name="Lost")
    user = member(kept)
    MembershipFactory(user=user, program=lost)
    subscribe(user, next_at=now)
    for program in (kept, lost):
        ReferralFactory(enrolment__program=program, submitted_at=now)
    write_digests(now=now)
    Membership.objects.filter(program=lost).delete()

    deliver_due(now=now)

    assert "Kept" in mail.outbox[0].body
    assert "Lost" not in mail.outbox[0].body


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_whoever_left_the_company_meanwhile_gets_no_digest(now, change):
    user = member(ProgramFactory())
    subscribe(user, next_at=now)
    ReferralFactory(enrolment__program=user.memberships.get().program, submitted_at=now)
    assert write_digests(now=now) == 1
    type(user).objects.filter(pk=user.pk).update(**change)

    deliver_due(now=now)

    assert Message.objects.get().reason == "They are no longer in these programs."
    assert mail.outbox == []


def test_a_superuser_reads_of_every_program(now):
    subscribe(UserFactory(is_superuser=True), next_at=now)
    ReferralFactory(submitted_at=now)

    assert write_digests(now=now) == 1


def test_a_digest_is_written_once_for_a_person_and_period(now):
    user = member(ProgramFactory())
    row = subscribe(user, next_at=now)
    ReferralFactory(enrolment__program=user.memberships.get().program, submitted_at=now)

    write_digests(now=now)
    DigestSubscription.objects.update(next_at=now)
    write_digests(now=now)

    assert Message.objects.filter(purpose=Purpose.DIGEST, user=row.user).count() == 1


def test_missed_digests_are_one_digest_of_everything_since_the_last(now):
    user = member(ProgramFactory())
    row = subscribe(user, next_at=now - timedelta(days=9))
    DigestSubscription.objects.update(last_at=now - timedelta(days=10))
    for days in (1, 8):
        ReferralFactory(
            enrolment__program=user.memberships.get().program, submitted_at=now - timedelta(days=days)
        )

    assert write_digests(now=now) == 1
    assert write_digests(now=now) == 0

    row.refresh_from_db()
    assert Message.objects.get().context["programs"][0]["came"] == 2
    assert (row.last_at, row.next_at) == (now, datetime(2026, 3, 5, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("every", "hour", "zone", "moment", "due"),
    [
        (DAY, 8, "UTC", "2026-03-04T07:59", "2026-03-04T08:00"),
        (DAY, 8, "UTC", "2026-03-04T08:00", "2026-03-05T08:00"),
        (DAY, 8, "UTC", "2026-03-06T09:00", "2026-03-09T08:00"),
        (WEEK, 8, "UTC", "2026-03-04T09:00", "2026-03-09T08:00"),
        (WEEK, 8, "Asia/Tokyo", "2026-03-04T09:00", "2026-03-08T23:00"),
        (DAY, 8, "Asia/Kolkata", "2026-03-04T09:00", "2026-03-05T02:30"),
        # Clocks go forward at two on Sunday 29 March, and back at three on Sunday 25 October.
        (WEEK, 8, "Europe/Rome", "2026-03-23T09:00", "2026-03-30T06:00"),
        (WEEK, 8, "Europe/Rome", "2026-10-19T09:00", "2026-10-26T07:00"),
        # In Tehran 2022 midnight did not exist on Tuesday 22 March; the digest comes right after.
        (DAY, 0, "Asia/Tehran", "2022-03-21T12:00", "2022-03-21T20:30"),
        # Cairo's clocks repeat the hour before midnight: once is enough.
        (DAY, 23, "Africa/Cairo", "2026-10-29T19:00", "2026-10-29T20:00"),
        (DAY, 23, "Africa/Cairo", "2026-10-29T20:30", "2026-10-30T21:00"),
    ],
)
def test_it_is_due_at_the_persons_hour_on_every_kind_of_day(every, hour, zone, moment, due):
    row = DigestSubscription(every=every, hour=hour, timezone=zone)

    found = row.next_after(datetime.fromisoformat(f"{moment}+00:00"))

    assert found == datetime.fromisoformat(f"{due}+00:00")


def test_saving_works_out_when_it_is_due_and_changing_does_it_again(now):
    with time_machine.travel(now, tick=False):
        row = DigestSubscription.objects.create(user=UserFactory(), hour=11)
        first = row.next_at
        row.hour, row.timezone = 8, "Europe/Rome"
        row.save()

    assert first == datetime(2026, 3, 4, 11, tzinfo=UTC)
    assert row.next_at == datetime(2026, 3, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize("people", [1, 3, 300])
def test_many_digests_cost_a_bounded_number_of_queries(now, people, django_assert_max_num_queries):
    program = ProgramFactory()
    ReferralFactory(enrolment__program=program, submitted_at=now)
    users = UserFactory.create_batch(people)
    Membership.objects.bulk_create([Membership(user=user, program=program, role="sales") for user in users])
    DigestSubscription.objects.bulk_create([DigestSubscription(user=user, next_at=now) for user in users])

    # SQLite takes some 30 messages a statement, and PostgreSQL all of them.
    with django_assert_max_num_queries(18 + people // 30):
        assert write_digests(now=now) == people


@pytest.mark.parametrize("programs", [1, 2])
def test_every_line_leads_to_the_list_it_counts(now, client, programs):
    user = UserFactory(is_superuser=True)
    subscribe(user, next_at=now)
    for program in ProgramFactory.create_batch(programs):
        referral = ReferralFactory(enrolment__program=program, submitted_at=now)
        record_conversion(referral, external_id="1", amount=100, currency="EUR", now=now)
        FollowUpFactory(referral=referral, due_at=now - timedelta(hours=2))
        RewardFactory(referral=referral, needs_approval=True)
        RewardFactory(referral=referral, status="approved")
        MessageFactory(program=program, status=Message.Status.FAILED)
    client.force_login(user)

    write_digests(now=now)
    _subject, _text, html = compose_digest(Message.objects.get(purpose=Purpose.DIGEST))

    links = re.findall(r'<li><a href="http://localhost:8000([^"]+)"', html)
    assert len(links) == 6 * programs
    for link in links:
        page = client.get(unescape(link))
        assert (page.status_code, page.context["cl"].result_count) == (200, 1)
