from collections.abc import Sequence

from rewards.draws import Entry, pick
from rewards.models import Incentive, Reward
from rewards.models.mystery import MysteryBox


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
        if box is None or not outcomes:
            continue
        drawn = pick(box.seed, str(gift.pk), [Entry(name, o.chances) for name, o in outcomes.items()])
        found = outcomes[drawn].incentive
        gift.wrapped_in = gift.incentive
        gift.incentive, gift.amount, gift.cost = found, found.value, found.charge
        gift.currency = found.unit
