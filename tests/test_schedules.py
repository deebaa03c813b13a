from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.models import Schedule

from campaigns.models import Heartbeat, MessageTemplate
from config.schedules import SCHEDULES, run, sync_schedules
from referrals.models import Event, Limit, Membership, Submission
from referrals.services.expiry import forget_expired
from rewards.models import LedgerCheck
from tests.factories import ProgramFactory, RewardFactory

pytestmark = pytest.mark.django_db


def test_sync_makes_the_rows_equal_to_the_table_deletions_included(now):
    Schedule.objects.create(name="Something of an older version", func="campaigns.tasks.gone")

    sync_schedules(now=now)

    rows = Schedule.objects.values_list(
        "name", "func", "args", "minutes", "schedule_type", "repeats", "next_run"
    )
    assert set(rows) == {
        (row.name, "config.schedules.run", repr(row.name), row.minutes, "I", -1, now) for row in SCHEDULES
    }


def test_a_second_sync_puts_right_what_was_changed_and_keeps_the_next_run(now):
    sync_schedules(now=now)
    Schedule.objects.update(minutes=1440, repeats=3)

    sync_schedules(now=now + timedelta(days=1))

    assert set(Schedule.objects.values_list("repeats", "next_run")) == {(-1, now)}
    assert dict(Schedule.objects.values_list("name", "minutes")) == {
        row.name: row.minutes for row in SCHEDULES
    }


def test_sync_can_be_repeated(capsys):
    MessageTemplate.objects.all().delete()
    Group.objects.all().delete()

    for _ in range(2):
        call_command("sync")

    assert set(Group.objects.values_list("name", flat=True)) == set(Membership.Role.values)
    assert MessageTemplate.objects.filter(program=None).exists()
    assert Schedule.objects.count() == len(SCHEDULES)


def test_the_task_does_what_stands_under_its_name():
    before = timezone.now()

    run("Show that the worker is alive")

    assert before <= Heartbeat.objects.get().beat_at <= timezone.now()


def test_tick_does_all_that_is_due_at_the_given_moment():
    said = StringIO()

    call_command("tick", "--now", "2026-03-02T08:00", stdout=said)

    first, *others = said.getvalue().splitlines()
    assert first == "Show that the worker is alive: 1"
    assert others == [f"{row.name}: 0" for row in SCHEDULES[1:]]
    assert Heartbeat.objects.get().beat_at.isoformat() == "2026-03-02T08:00:00+00:00"


def test_every_schedule_may_run_twice_at_the_same_moment(now):
    reward = RewardFactory(status="waiting", referral__enrolment__joined_at=now - timedelta(days=365))
    for _ in range(2):
        for row in SCHEDULES:
            row.run(now=now)

    reward.refresh_from_db()
    assert reward.status == "pending"
    assert Event.objects.filter(kind="anniversary").count() == 1
    assert list(LedgerCheck.objects.values_list("checked_at", flat=True)) == [now]


@pytest.mark.parametrize("moment", ["tomorrow", "2026-13-01T08:00"])
def test_what_is_no_moment_is_refused(moment):
    with pytest.raises(CommandError, match=f"“{moment}” is no moment. Write it as 2026-03-02T08:00"):
        call_command("tick", "--now", moment)

    assert not Heartbeat.objects.exists()


def test_the_heart_is_late_after_three_minutes_or_when_it_never_beat(now):
    assert Heartbeat.objects.is_late("worker", now=now)

    Heartbeat.objects.beat("worker", now=now)

    assert not Heartbeat.objects.is_late("worker", now=now + timedelta(minutes=2, seconds=59))
    assert Heartbeat.objects.is_late("worker", now=now + timedelta(minutes=3))


def test_what_was_never_confirmed_is_forgotten_and_what_still_may_be_is_kept(now):
    program = ProgramFactory()
    for hours in (-1, 1):
        Submission.objects.create(
            program=program, name="Anna", email="anna@customer.example", language="en", friends=[],
            agreement="", created_at=now, expires_at=now + timedelta(hours=hours),
        )  # fmt: skip
    Limit.objects.take("form", "somebody", limit=1, per=timedelta(hours=1), now=now)

    assert forget_expired(now=now) == 1
    assert forget_expired(now=now + timedelta(hours=2)) == 2


def test_serve_refuses_a_database_of_an_older_version():
    MigrationRecorder.Migration.objects.filter(app="campaigns").last().delete()

    with pytest.raises(CommandError, match="behind this version .migrations to apply: 1."):
        call_command("serve", "--port", "8999")
