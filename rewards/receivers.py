from datetime import datetime
from typing import Any

from django.dispatch import receiver

from referrals.models import Event
from referrals.signals import event_recorded
from rewards.services.grant import grant_rewards
from rewards.services.reversal import reinstate, take_back
from rewards.services.tier import update_standings


@receiver(event_recorded, dispatch_uid="rewards")
def follow(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    """In this order: a tier reached by a sale counts for the reward of that sale."""
    take_back(events, now=now)
    reinstate(events, now=now)
    tiers = update_standings(events, now=now)
    grant_rewards(events, now=now, tiers=tiers)
