from collections.abc import Iterable
from datetime import datetime

from referrals.models import Tag, Tagging


def put_tags(pairs: Iterable[tuple[int, str]], *, now: datetime) -> None:
    """Put tags (by name) on advocates (by key), which somebody else has recorded. Repeatable."""
    wanted = set(pairs)
    known = tags_called(name for _advocate, name in wanted)
    rows = [Tagging(advocate_id=pk, tag_id=known[name.lower()], added_at=now) for pk, name in wanted]
    Tagging.objects.bulk_create(rows, ignore_conflicts=True)


def tags_called(names: Iterable[str]) -> dict[str, int]:
    """Keys of the tags with these names, by their small letters; tags that are not there yet are made."""
    wanted = {name.lower(): name for name in names}
    known = _known() if wanted else {}
    if missing := [Tag(name=name) for small, name in sorted(wanted.items()) if small not in known]:
        Tag.objects.bulk_create(missing, ignore_conflicts=True)
        known = _known()
    return known


def _known() -> dict[str, int]:
    # A company has some dozens; comparing here, databases need not agree on what a small letter is.
    return {name.lower(): pk for name, pk in Tag.objects.values_list("name", "pk")}
