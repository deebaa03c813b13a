from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from referrals.transitions import Moved, Refused
from rewards.draws import Entry, pick
from rewards.models import Incentive, Reward
from rewards.models.mystery import MysteryBox, MysteryOutcome
from rewards.models.reward import HANDED_OUT


def draw_contents(rewards: Sequence[Reward]) -> None:
    """Decide what each mystery gift among these (stored) rewards is; the recipient sees it on opening.

    The box's seed and the reward's key decide, so that the draw can be repeated once the seed is public.
    """
    gifts = [reward for reward in rewards if reward.incentive.kind == Incentive.Kind.MYSTERY]
    if not gifts:
        return
    boxes = MysteryBox.objects.filter(incentive__in={gift.incentive_id for gift in gifts})
    by_incentive = {box.incentive_id: box for box in boxes.prefetch_related("outcomes__incentive__program")}
    for gift in gifts:
        box = by_incentive.get(gift.incentive_id)
        outcomes = {str(o.pk): o for o in box.outcomes.all()} if box else {}
        if box is None or not outcomes or box.revealed_at:
            continue
        drawn = pick(box.seed, str(gift.pk), [Entry(name, o.chances) for name, o in outcomes.items()])
        found = outcomes[drawn].incentive
        gift.wrapped_in = gift.incentive
        gift.incentive, gift.amount, gift.cost = found, found.value, found.charge
        gift.currency = found.unit


def open_gift(reward: Reward, *, now: datetime) -> None:
    """Let its recipient see what a mystery gift is; opening it again changes nothing.

    Raises Refused, with a sentence, for what is no such gift or was not handed out yet.
    """
    if reward.wrapped_in_id is None:
        raise Refused(_("This is no mystery gift, so there is nothing to open."))
    if reward.status not in HANDED_OUT:
        raise Refused(_("This gift cannot be opened now. As soon as it is yours, we write to you."))
    closed = Reward.objects.filter(pk=reward.pk, opened_at=None, status__in=HANDED_OUT)
    if closed.update(opened_at=now):
        reward.opened_at = now


def reveal(boxes: QuerySet[MysteryBox], *, now: datetime, by: Any) -> Moved:
    """Publish the seeds of mystery gifts that nobody can get any more, so that every draw can be checked.

    Those still given away are refused: who knows the seed could foresee what the next gift holds.
    """
    rows = list(boxes.select_related("incentive").filter(revealed_at=None))
    for row in rows:
        row.refusal = (
            _("it is still given away; switch the incentive off first") if row.incentive.active else ""
        )
    retired = [row for row in rows if not row.refusal]
    MysteryBox.objects.filter(pk__in=[row.pk for row in retired]).update(revealed_at=now)
    return Moved(retired, [row for row in rows if row.refusal])


def published(box: MysteryBox) -> dict[str, Any]:
    """Everything somebody needs to check the draws of a mystery gift: JSON-ready, without a name in it.

    Before the seed is published there is only its hash.
    """
    facts: dict[str, Any] = {
        "mystery": box.incentive.name,
        "seed_sha256": box.seed_hash,
        "outcomes": [[str(o.pk), o.incentive.name, o.chances] for o in outcomes_of(box)],
    }
    if box.revealed_at:
        facts["seed"] = box.seed
        gifts = Reward.objects.filter(wrapped_in=box.incentive_id, created_at__lte=box.revealed_at)
        rows = gifts.order_by("pk").values_list("pk", "incentive__name")
        facts["gifts"] = [[str(pk), name] for pk, name in rows]
    return facts


def outcomes_of(box: MysteryBox) -> Sequence[MysteryOutcome]:
    """What the gift may be, in the order in which the seed picks from it."""
    return list(box.outcomes.select_related("incentive").order_by("pk"))
