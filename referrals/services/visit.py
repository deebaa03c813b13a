from datetime import datetime, timedelta
from uuid import UUID

from referrals.models import Click, Enrolment

# A page reports back within this time, or not at all.
CONFIRM_WITHIN = timedelta(hours=2)


def record_visit(
    enrolment: Enrolment, *, channel_id: int | None, visitor: str, is_bot: bool, now: datetime
) -> Click:
    """Write a visit to a share link down as it came; whether it was a person shows later."""
    return Click.objects.create(
        enrolment=enrolment, channel_id=channel_id, visitor=visitor, is_bot=is_bot, at=now
    )


def confirm_visit(click: UUID, *, visitor: str, now: datetime) -> bool:
    """The open page, or somebody acting on it, says that a person is there. Repeatable."""
    fresh = Click.objects.filter(pk=click, visitor=visitor, is_bot=False, at__gt=now - CONFIRM_WITHIN)
    return bool(fresh.filter(confirmed_at=None).update(confirmed_at=now))
