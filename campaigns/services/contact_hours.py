"""Quiet hours, by the clock on the reader's own wall; right on the days when it is changed."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.models import ContactPolicy
from campaigns.models.contact_policy import Quiet
from referrals.models import Advocate, Program

QUARTER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_allowed(moment: datetime, zone: ZoneInfo, policy: ContactPolicy) -> datetime:
    """The first moment, from ``moment`` on, at which somebody in this zone may be written to unasked."""
    quiet = policy.quiet
    if not _is_quiet(moment, zone, quiet):
        return moment
    return _first_allowed(moment - (moment - EPOCH) % QUARTER, zone, quiet).astimezone(moment.tzinfo)


def zone_of(advocate: Advocate | None, program: Program | None) -> ZoneInfo:
    """The person's own time zone; where nobody knows it, the program's."""
    own = advocate.timezone if advocate else ""
    return ZoneInfo(own or (program.timezone if program else "UTC"))


# Many people share a zone, and what is planned for one night is asked again and again.
@lru_cache(maxsize=4096)
def _first_allowed(moment: datetime, zone: ZoneInfo, quiet: Quiet) -> datetime:
    # Walls change at full quarters only, whether a night ends or the clock is put forward or back: so one
    # of them is the answer, and no arithmetic with missing or repeated hours is needed.
    while _is_quiet(moment, zone, quiet):
        moment += QUARTER
    return moment


def _is_quiet(moment: datetime, zone: ZoneInfo, quiet: Quiet) -> bool:
    local = moment.astimezone(zone)
    if str(local.isoweekday()) in quiet.days:
        return True
    at = local.time()
    if quiet.starts <= quiet.ends:
        return quiet.starts <= at < quiet.ends
    return at >= quiet.starts or at < quiet.ends
