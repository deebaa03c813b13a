from collections.abc import Iterable
from datetime import datetime
from typing import Any

from referrals.models import Tag, Tagging


def put_tags(pairs: Iterable[tuple[int, str]], *, now: datetime, by: Any = None) -> dict[str, Tag]:
    """Put tags (by name) on advocates (by key); who calls records it. Repeatable. Returns the tags by their
    small letters; those that are not there yet are made."""
    wanted = list(pairs)
    tags = _made({name.lower(): name for _advocate, name in wanted})
    rows = {(pk, tags[name.lower()].pk) for pk, name in wanted}
    Tagging.objects.bulk_create(
        [Tagging(advocate_id=pk, tag_id=tag, added_at=now, added_by=by) for pk, tag in sorted(rows)],
        ignore_conflicts=True,
    )
    return tags


def _made(names: dict[str, str]) -> dict[str, Tag]:
    tags = Tag.objects.called(names)
    if missing := [Tag(name=name) for small, name in sorted(names.items()) if small not in tags]:
        Tag.objects.bulk_create(missing, ignore_conflicts=True)
        tags = Tag.objects.called(names)
    return tags
