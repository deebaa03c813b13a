"""“How fast we call”: what each number counts, who may see it, and the file behind it."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.services.contact_speed import Speeds, backlog
from tests.cast import client_of, member_of
from tests.factories import (
    ChannelFactory,
    EnrolmentFactory,
    FollowUpFactory,
    ProgramFactory,
    ReferralFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:contact-speed")


@pytest.fixture
def program():
    return ProgramFactory(contact_within_hours=4)


def came(program, now, waited=None, real=None, **more):
    """A friend who waited so many business hours, or still waits."""
    times = {} if waited is None else {
        "contact_minutes": waited * 60, "contacted_at": now + timedelta(hours=real or waited), "status": "contacted",
    }  # fmt: skip
    more = {"submitted_at": now} | times | more
    return ReferralFactory(enrolment=EnrolmentFactory(program=program), **more)


def speeds(program, now, after=timedelta(days=10)):
    return Speeds(program, since=now - timedelta(days=30), now=now + after)


def test_half_and_nine_in_ten_waited_no_longer(program, now):
    for hours in range(1, 11):
        came(program, now, hours, real=2 * hours)

    found = speeds(program, now).all()

    assert (found.came, found.talked, found.missed) == (10, 10, 0)
    assert (found.median, found.most, found.real_median) == (5.0, 9.0, 10.0)
    assert found.in_time == 40


def test_who_waits_too_long_already_counts_against_the_share_and_who_has_time_does_not(program, now):
    came(program, now, 1)
    came(program, now)

    assert speeds(program, now, after=timedelta(hours=1)).all().in_time == 100
    late = speeds(program, now).all()
    assert (late.missed, late.in_time, late.median) == (1, 50, 1.0)


def test_whom_nobody_was_to_call_is_left_out(program, now):
    for status in ("rejected", "under_review", "lost"):
        came(program, now, status=status)
    came(ProgramFactory(), now, 1)

    assert speeds(program, now).all().came == 0


def test_each_division_has_its_own_figures(program, now):
    tom = UserFactory(first_name="Tom")
    qr = ChannelFactory(program=program, name="QR code")
    came(program, now, 1, owner=tom, source="link", channel=qr)
    came(program, now, 3, submitted_at=now - timedelta(days=7))
    found = speeds(program, now)

    def shown(lines):
        return sorted((line.label, line.median) for line in lines)

    assert shown(found.by_owner()) == [("Tom", 1.0), ("nobody", 3.0)]
    assert shown(found.by_source()) == [("form", 3.0), ("share link", 1.0)]
    assert shown(found.by_channel()) == [("QR code", 1.0), ("no channel", 3.0)]
    assert [line.label for line in found.by_week()] == ["week of 2 March 2026", "week of 23 February 2026"]


def test_the_backlog_is_counted_by_who_calls(program, now):
    tom = UserFactory(first_name="Tom")
    late = {"due_at": now - timedelta(hours=1)}
    for more in ({}, late, late | {"told": 3}, {"done_at": now}):
        FollowUpFactory(owner=tom, referral__enrolment__program=program, **more)

    [line] = backlog(program, now=now)

    assert (line.label, line.open, line.overdue, line.escalated) == ("Tom", 3, 2, 1)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_with_one_and_with_three(program, count, django_assert_num_queries):
    client = client_of(member_of(program, "analyst"))
    client.get(PAGE)
    for n in range(count):
        came(program, timezone.now() - timedelta(days=8 * n), 1, owner=UserFactory())

    with django_assert_num_queries(15):
        page = client.get(PAGE).text

    assert "Half of the friends are talked with within 1.0 business hours" in page


def test_without_a_friend_the_page_says_what_to_do(program):
    assert "Nobody has been talked with" in client_of(member_of(program)).get(PAGE).text


def test_the_file_has_no_names_and_no_formulas_and_is_logged(program):
    ines = UserFactory(first_name="=HYPERLINK(1)")
    came(program, timezone.now(), 2, name="Ben Weber", owner=ines)
    mara = member_of(program)

    text = client_of(mara).post(PAGE).getvalue().decode()

    assert "'=HYPERLINK(1)" in text
    assert ",2.0\r\n" in text
    assert "Ben" not in text
    assert LogEntry.objects.get().change_message == "Exported how fast we call"


def test_a_foreign_program_is_not_there_and_strangers_stay_outside(program):
    client = client_of(member_of(program, "sales"))

    assert client.get(PAGE, {"program": ProgramFactory().pk}).status_code == 404
    assert client.post(f"{PAGE}?program={ProgramFactory().pk}").status_code == 404
    assert client.get(PAGE, {"program": program.pk, "days": "x"}).status_code == 200
    assert Client().get(PAGE).status_code == 302
    assert client_of(UserFactory()).get(PAGE).status_code == 403
