from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from referrals.closed_days import own_days
from referrals.hours import (
    due_within_office_hours,
    next_opening,
    office_hours_before,
    office_time_between,
    times_to_call,
)
from referrals.models import Program

QUARTER = timedelta(minutes=15)

offices = st.builds(
    Program,
    timezone=st.sampled_from(
        ["UTC", "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"]
    ),
    opens_at=st.sampled_from([time(0), time(5, 30), time(9)]),
    closes_at=st.sampled_from([time(12), time(17, 15), time(23, 45)]),
    working_days=st.sampled_from(["12345", "1234567", "7", "135"]),
)
# Weeks in which clocks change somewhere.
starts = st.builds(
    lambda day, quarters: day + quarters * QUARTER,
    st.sampled_from([datetime(2026, month, 20, tzinfo=UTC) for month in (1, 2, 3, 4, 10)]
                    + [datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 11)]),
    st.integers(0, 14 * 96),
)  # fmt: skip


def is_open(office, moment):
    local = moment.astimezone(ZoneInfo(office.timezone))
    on = str(local.isoweekday()) in office.working_days
    return on and office.opens_at <= local.time() < office.closes_at


@given(offices, starts, st.integers(1, 20))
def test_as_many_office_hours_pass_as_were_promised(office, start, hours):
    due = due_within_office_hours(office, start, hours)

    quarters = int((due - start) / QUARTER)
    assert sum(is_open(office, start + n * QUARTER) for n in range(quarters)) == hours * 4
    assert is_open(office, due - QUARTER)


@given(offices, starts, st.integers(1, 20), st.integers(0, 500))
def test_who_comes_later_is_not_called_earlier(office, start, hours, later):
    assert due_within_office_hours(office, start, hours) <= due_within_office_hours(
        office, start + later * QUARTER, hours
    )


@given(offices, starts)
def test_the_next_opening_is_open_and_on_a_later_day(office, start):
    opening = next_opening(office, start)

    assert is_open(office, opening)
    assert opening.astimezone(office.zone).date() > start.astimezone(office.zone).date()


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-04T10:00", "2026-03-04T14:00"),  # a Wednesday morning
        ("2026-03-04T16:00", "2026-03-05T11:00"),  # two hours before closing
        ("2026-03-06T22:00", "2026-03-09T13:00"),  # Friday night
        ("2026-03-07T12:00", "2026-03-09T13:00"),  # the weekend
    ],
)
def test_four_hours_from_nine_to_six(start, due):
    office = Program(timezone="UTC")

    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)

    assert due_within_office_hours(office, moment, 4) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_public_holidays_and_own_closed_days_do_not_count():
    office = Program(
        timezone="UTC", holiday_country="IT", closed_days="2026-01-02 to 2026-01-05 stock-taking"
    )
    new_year = datetime(2026, 1, 1, 10, tzinfo=UTC)

    assert due_within_office_hours(office, new_year, 4) == datetime(2026, 1, 7, 13, tzinfo=UTC)
    assert [office.closed_because(new_year.date() + timedelta(days=n)) for n in (0, 1, 5, 6)] == [
        "New Year's Day", "stock-taking", "Epiphany", "",
    ]  # fmt: skip


def test_a_region_has_holidays_of_its_own():
    day = datetime(2026, 11, 1, tzinfo=UTC).date()

    assert Program(holiday_country="DE", holiday_region="BY").closed_because(day) == "All Saints' Day"
    assert Program(holiday_country="DE", holiday_region="BE").closed_because(day) == ""


@pytest.mark.parametrize(
    "line",
    [
        "Christmas",
        "2026-13-01 x",
        "2026-02-02 to never",
        "2026-02-02 to 2026-02-01",
        "2026-01-01 to 2027-01-01",
    ],
)
def test_a_closed_day_that_cannot_be_read_is_quoted(line):
    with pytest.raises(ValidationError, match=f"“{line}” cannot be read."):
        own_days(f"2026-12-24 Christmas Eve\n{line}")


@given(offices, starts, st.integers(1, 20))
def test_hours_back_and_hours_on_are_one_measure(office, moment, hours):
    start = office_hours_before(office, moment, hours)

    assert office_time_between(office, start, moment) == timedelta(hours=hours)
    assert office_time_between(office, start + QUARTER, moment) < timedelta(hours=hours)


@given(offices, starts)
def test_times_to_try_again_lie_ahead_in_office_hours(office, moment):
    times = times_to_call(office, moment)

    assert times == sorted(times)
    assert len(times) >= 2
    assert all(time > moment and office.is_open_on(office.local(time).date()) for time in times)
