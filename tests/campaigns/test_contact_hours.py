"""When somebody may be written to unasked, on every kind of day."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import ContactPolicy
from campaigns.services.contact_hours import QUARTER, next_allowed, zone_of
from referrals.models import Advocate, Program

ZONES = [
    "UTC", "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca",
    "Antarctica/Troll", "Pacific/Kiritimati", "America/St_Johns",
]  # fmt: skip
quarters = st.builds(lambda n: time(n // 4, n % 4 * 15), st.integers(0, 95))
policies = st.builds(
    ContactPolicy, quiet_from=quarters, quiet_until=quarters,
    quiet_days=st.sampled_from(["", "7", "67", "123456", "17"]),
)  # fmt: skip
# Weeks in which clocks change somewhere, a leap day, and New Year; to the second.
moments = st.builds(
    lambda day, seconds: day + timedelta(seconds=seconds),
    st.sampled_from(
        [datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC),
         datetime(2026, 10, 22, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC), datetime(2028, 2, 27, tzinfo=UTC),
         datetime(2026, 12, 29, tzinfo=UTC), datetime(2026, 2, 12, tzinfo=UTC)]
    ),
    st.integers(0, 5 * 86_400),
)  # fmt: skip


def may_be_written_to(moment: datetime, zone: ZoneInfo, policy: ContactPolicy) -> bool:
    local = moment.astimezone(zone)
    starts, ends, at = policy.quiet_from, policy.quiet_until, local.time()
    night = starts <= at < ends if starts <= ends else not ends <= at < starts
    return not night and str(local.isoweekday()) not in policy.quiet_days


@given(moments, st.sampled_from(ZONES).map(ZoneInfo), policies)
def test_it_is_the_first_moment_that_is_not_quiet(moment, zone, policy):
    found = next_allowed(moment, zone, policy)

    assert found >= moment
    assert may_be_written_to(found, zone, policy)
    assert next_allowed(found, zone, policy) == found
    assert found == moment or not may_be_written_to(found - timedelta(microseconds=1), zone, policy)
    passed = int((found - moment) / QUARTER)
    assert not any(may_be_written_to(moment + n * QUARTER, zone, policy) for n in range(passed))


@given(moments, st.sampled_from(ZONES).map(ZoneInfo), policies, st.integers(0, 100_000))
def test_whoever_is_due_later_is_not_written_to_earlier(moment, zone, policy, seconds):
    later = moment + timedelta(seconds=seconds)

    assert next_allowed(moment, zone, policy) <= next_allowed(later, zone, policy)


@pytest.mark.parametrize(
    ("moment", "zone", "allowed"),
    [
        ("2026-03-04T10:00", "UTC", "2026-03-04T10:00"),  # a Wednesday morning
        ("2026-03-04T19:59:59", "UTC", "2026-03-04T19:59:59"),
        ("2026-03-04T20:00", "UTC", "2026-03-05T08:00"),
        ("2026-03-07T20:00", "UTC", "2026-03-09T08:00"),  # Saturday night, then a quiet Sunday
        (
            "2026-03-28T21:00",
            "Europe/Rome",
            "2026-03-30T06:00",
        ),  # the Sunday on which the clock is put forward
        ("2026-10-24T21:00", "Europe/Rome", "2026-10-26T07:00"),  # and back
        ("2028-02-29T03:00", "America/New_York", "2028-02-29T13:00"),
    ],
)
def test_nobody_is_written_to_between_eight_and_eight_nor_on_a_sunday(moment, zone, allowed):
    start, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (moment, allowed))

    assert next_allowed(start, ZoneInfo(zone), ContactPolicy()) == expected


def test_a_night_that_ends_in_a_missing_hour_ends_with_the_hour():
    policy = ContactPolicy(quiet_from=time(20), quiet_until=time(2, 30), quiet_days="")
    midnight = datetime(2026, 3, 29, 0, 0, tzinfo=ZoneInfo("Europe/Rome"))

    # 02:00 to 03:00 does not exist on that day.
    found = next_allowed(midnight.astimezone(UTC), ZoneInfo("Europe/Rome"), policy)

    assert found.isoformat() == "2026-03-29T01:00:00+00:00"


def test_who_has_no_time_zone_lives_where_the_program_does():
    program = Program(timezone="America/New_York")

    assert zone_of(Advocate(timezone="Asia/Tokyo"), program).key == "Asia/Tokyo"
    assert zone_of(Advocate(), program).key == "America/New_York"
    assert zone_of(None, None).key == "UTC"
