from datetime import datetime
from typing import Any

from django.dispatch import receiver

from referrals.models import Event
from referrals.signals import event_recorded
from rewards.services.reward import grant_rewards


@receiver(event_recorded, dispatch_uid="grant rewards")
def grant(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    grant_rewards(events, now=now)
