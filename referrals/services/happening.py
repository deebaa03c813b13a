from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from referrals.models import Event, Tag, Tagging
from referrals.services.tagging import put_tags


def report(events: Sequence[Event], *, now: datetime) -> list[Event]:
    """Record what happened to advocates outside, and make their tags follow. Repeatable: one stored event
    for each given one, the first where it was reported before (same ``dedup_key``)."""
    with transaction.atomic():
        stored = Event.objects.record(list(events), now=now)
        fresh = [mine for mine, first in zip(events, stored, strict=True) if mine.pk == first.pk]
        put_tags(_tags(fresh, Event.Kind.TAG_APPLIED), now=now)
        take_off_tags(_tags(fresh, Event.Kind.TAG_REMOVED))
    return stored


def take_off_tags(pairs: Sequence[tuple[int, str]]) -> None:
    """Take tags (by name) off advocates (by key), which somebody else has recorded. Repeatable."""
    if not pairs:
        return
    known = Tag.objects.called({name.lower() for _advocate, name in pairs})
    wanted = {(pk, known[name.lower()].pk) for pk, name in pairs if name.lower() in known}
    rows = Tagging.objects.filter(advocate__in={pk for pk, _tag in wanted}, tag__in=known.values())
    borne = rows.values_list("pk", "advocate_id", "tag_id")
    Tagging.objects.filter(pk__in=[pk for pk, *pair in borne if tuple(pair) in wanted]).delete()


def _tags(events: Sequence[Event], kind: str) -> list[tuple[int, str]]:
    return [(e.advocate_id, e.data["tag"]) for e in events if e.kind == kind and e.advocate_id]
