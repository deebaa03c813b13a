from datetime import datetime, timedelta
from uuid import UUID

from referrals.models import Click, Enrolment

# A page reports back within this time, or not at all.
CONFIRM_WITHIN = timedelta(hours=2)
# Nobody reads so many pages in that time.
AT_ONCE, MANY_LINKS = timedelta(seconds=10), 3


def record_visit(
    enrolment: Enrolment, *, channel_id: int | None, visitor: str, is_bot: bool, now: datetime
) -> Click:
    """Write a visit to a share link down as it came; whether it was a person shows later."""
    return Click.objects.create(
        enrolment=enrolment, channel_id=channel_id, visitor=visitor, is_bot=is_bot, at=now
    )


def _opens_links_by_the_dozen(visitor: str, now: datetime) -> bool:
    """Whether this visitor opened several people's links within seconds, as scanners of mail do."""
    lately = Click.objects.filter(visitor=visitor, at__gt=now - AT_ONCE)
    return lately.values("enrolment").distinct().count() >= MANY_LINKS


def confirm_visit(click: UUID, *, visitor: str, now: datetime) -> bool:
    """The open page, or somebody acting on it, says that a person is there. Repeatable."""
    if _opens_links_by_the_dozen(visitor, now):
        return False
    fresh = Click.objects.filter(pk=click, visitor=visitor, is_bot=False, at__gt=now - CONFIRM_WITHIN)
    return bool(fresh.filter(confirmed_at=None).update(confirmed_at=now))
