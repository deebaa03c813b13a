"""Tags in order: one name for one thing, wherever plans, segments and experiments go by it."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import ExperimentArm, OutreachPlan
from referrals.models import Segment, Tag, Tagging

Trigger = OutreachPlan.Trigger


def rename_tag(tag: Tag, name: str) -> None:
    """Give a tag another name. Plans that wait for it wait for the new one; what the log says stays."""
    with transaction.atomic():
        _plans(tag).update(about=name)
        Tag.objects.filter(pk=tag.pk).update(name=name)
        tag.name = name


def merge_tags(tags: Sequence[Tag], into: Tag) -> int:
    """Make one tag of several: whoever bears any of them bears ``into``, and whatever goes by them goes by it.
    Nobody is asked because of it. Returns how many tags are gone."""
    others = [tag for tag in tags if tag.pk != into.pk]
    with transaction.atomic():
        for tag in others:
            bearers = Tagging.objects.filter(tag=into).values("advocate")
            Tagging.objects.filter(tag=tag).exclude(advocate__in=bearers).update(tag=into)
            _plans(tag).update(about=into.name)
        keys = {tag.pk for tag in others}
        ExperimentArm.objects.filter(tag__in=keys).update(tag=into)
        for segment in _segments(keys):
            segment.conditions = [
                row | {"value": into.pk} if _names(row, keys) else row for row in segment.conditions
            ]
            segment.save(update_fields=["conditions"])
        Tag.objects.filter(pk__in=keys).delete()
    return len(others)


def uses(tag: Tag) -> list[str]:
    """What goes by this tag, in words; as long as there is any, it is not to be deleted."""
    found = [_("the plan “%(name)s”") % {"name": plan.name} for plan in _plans(tag)]
    found += [_("the segment “%(name)s”") % {"name": row.name} for row in _segments({tag.pk})]
    arms = ExperimentArm.objects.filter(tag=tag).count()
    words = ngettext("%(count)d way of an experiment", "%(count)d ways of experiments", arms)
    return found + ([words % {"count": arms}] if arms else [])


def _plans(tag: Tag) -> Any:
    return OutreachPlan.objects.filter(trigger=Trigger.TAG, about=tag.name)


def _segments(keys: set[int]) -> list[Segment]:
    # A company has some dozens, and each keeps its conditions as a list.
    return [row for row in Segment.objects.by_conditions() if any(_names(c, keys) for c in row.conditions)]


def _names(row: dict[str, Any], keys: set[int]) -> bool:
    return row["field"] == "tag" and row.get("value") in keys
