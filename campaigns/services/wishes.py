"""What people have chosen and what they got lately, as conditions on many at once: what the outbox asks of each
message just before it leaves (``pressure.py``), asked of everybody before a plan begins with them."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from campaigns.models import TO_FRIEND, UNASKED, ContactPolicy, ContactPreference, Message, Topic
from campaigns.services.pressure import MONTH, WEEK

Often, Preferences = ContactPreference.Often, ContactPreference.objects


def refuse(topic: Topic, to: str) -> Any:
    """Who wants nothing about this. ``to`` leads from the row to the advocate, here and below."""
    return _chose(Preferences.refusing(topic), to)


def are_not_for(channel: str, to: str) -> Any:
    """Who does not want to be written to, or called, like this."""
    return _chose(Preferences.not_by(channel), to)


def pause(to: str, now: datetime) -> Any:
    """Who wants to be left in peace for now."""
    return _chose(Preferences.filter(paused_until__gt=now), to)


def paused_until(to: str, now: datetime) -> Any:
    """Until when; for whoever pauses."""
    rows = Preferences.filter(paused_until__gt=now).order_by("-changed_at")
    ends = [Subquery(rows.filter(found).values("paused_until")[:1]) for found in _found_by(to)]
    return Coalesce(*ends)


def have_enough(to: str, key: str, policy: ContactPolicy, now: datetime) -> Any:
    """Who has used up the contact budget of a month or a week; half of it, if they want half as much."""
    caps = ((policy.per_month, MONTH), (policy.per_week, WEEK))
    usual, half = (
        [_got(to, key, max(1, cap // share), now - span) for cap, span in caps] for share in (1, 2)
    )
    return usual[0] | usual[1] | (_chose(Preferences.filter(often=Often.LESS), to) & (half[0] | half[1]))


def _got(to: str, key: str, many: int, since: datetime) -> Any:
    """So many messages of ours since then that nobody asked for: as an advocate, or as a friend with this mailbox.
    What several people with one mailbox got together is left to the outbox."""
    gone = Message.objects.filter(sent_at__gt=since).order_by("-sent_at")
    mine = gone.filter(purpose__in=UNASKED - TO_FRIEND, advocate=OuterRef(_pk(to)))
    as_friend = gone.filter(purpose__in=UNASKED & TO_FRIEND, to_key=OuterRef(f"{to}{key}")).exclude(to_key="")
    # Two questions, because each has its own index, and an “or” of both has none. And before each whether there is
    # any at all: of many people at once the database answers that in one go, and most have none.
    return (Exists(mine) & _reach(mine, many)) | (Exists(as_friend) & _reach(as_friend, many))


def _reach(rows: Any, many: int) -> Any:
    return Exists(rows[many - 1 : many])


def _chose(chosen: Any, to: str) -> Any:
    first, *others = (Exists(chosen.filter(found)) for found in _found_by(to))
    return first | others[0] | others[1]


def _found_by(to: str) -> list[Q]:
    """How a choice is found: by the person, or by the mailbox or phone under which they were known before. Three
    questions, because each has its own index."""
    keys = (f"{to}email_key", f"{to}phone_key")
    return [Q(advocate=OuterRef(_pk(to))), *(Q(key=OuterRef(key)) & ~Q(key="") for key in keys)]


def _pk(to: str) -> str:
    return "advocate_id" if to else "pk"
