from datetime import datetime, timedelta

from django.db.models import Q

from referrals.models import Enrolment, Event
from referrals.models.program import Program

# A clock that stood still for days loses no anniversary.
LOOK_BACK = 7
BATCH = 500


def record_anniversaries(*, now: datetime) -> int:
    """Record each whole year (in UTC days) since an advocate joined a live program, once. Repeatable.

    Whoever joined on 29 February has the day on 1 March in other years.
    """
    days = [(now - timedelta(days=back)).date() for back in range(LOOK_BACK)]
    match = Q()
    for day in days:
        match |= Q(joined_at__month=day.month, joined_at__day=day.day)
        if (day.month, day.day) == (3, 1) and (day - timedelta(days=1)).day == 28:
            match |= Q(joined_at__month=2, joined_at__day=29)
    joined = Enrolment.objects.filter(
        match, program__status=Program.Status.LIVE, joined_at__lt=now - timedelta(days=360)
    )
    last, count = 0, 0
    while rows := list(joined.filter(pk__gt=last).order_by("pk")[:BATCH]):
        Event.objects.record([_anniversary(row, now) for row in rows], now=now)
        last, count = rows[-1].pk, count + len(rows)
    return count


def _anniversary(enrolment: Enrolment, now: datetime) -> Event:
    years = round((now - enrolment.joined_at).days / 365.25)
    return Event(
        kind=Event.Kind.ANNIVERSARY,
        program_id=enrolment.program_id,
        advocate_id=enrolment.advocate_id,
        occurred_at=now,
        data={"years": years},
        dedup_key=f"anniversary:{enrolment.pk}:{years}",
    )
