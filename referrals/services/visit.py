from datetime import datetime, timedelta
from uuid import UUID

from referrals.models import Click, Enrolment, Event, Referral
from referrals.upsert import insert_all

# A page reports back within this time, or not at all.
CONFIRM_WITHIN = timedelta(hours=2)
COMES_BACK_AFTER = timedelta(hours=1)
# Nobody reads so many pages in that time.
AT_ONCE, MANY_LINKS = timedelta(seconds=10), 3


def record_visit(
    enrolment: Enrolment, *, channel_id: int | None, visitor: str, is_bot: bool, now: datetime
) -> Click:
    """Write a visit to a share link down as it came; whether it was a person shows later."""
    click = Click(enrolment=enrolment, channel_id=channel_id, visitor=visitor, is_bot=is_bot, at=now)
    insert_all([click])
    return click


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


def note_return_by_device(code: str, devices: set[str], *, now: datetime) -> None:
    """Somebody is at the share link of this code, on a device on which a friend of that advocate has filled in a
    form: the friend is back. Without such a device, nothing is asked."""
    if devices:
        theirs = Referral.objects.filter(enrolment__code=code.upper(), friend_client__device__in=devices)
        for referral in theirs.for_page().open():
            note_return(referral, now=now)


def note_return(referral: Referral, *, now: datetime) -> None:
    """A friend whom we know has our page in front of them again; written down once a day. Somebody who has
    only just answered has not come back."""
    if not referral.is_open or not comes_back(referral, now):
        return
    event = Event(
        kind=Event.Kind.REFERRAL_RETURNED,
        program_id=referral.program_id,
        advocate_id=referral.enrolment.advocate_id,
        referral=referral,
        occurred_at=now,
        dedup_key=f"referral:{referral.pk}:returned:{referral.program.local(now):%Y-%m-%d}",
    )
    Event.objects.record([event], now=now)


def comes_back(referral: Referral, now: datetime) -> bool:
    """Whether a friend who is here now has been away since we first knew of them."""
    known = min(filter(None, (referral.accepted_at, referral.contacted_at)), default=None)
    return known is not None and now - known >= COMES_BACK_AFTER
