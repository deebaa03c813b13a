from datetime import datetime
from typing import Any

from django.dispatch import receiver

from campaigns.services.asks import stop_asking
from campaigns.services.claims import write_claim_notices
from campaigns.services.entering import enter_by_events
from campaigns.services.notices import write_notices
from campaigns.services.reward_notices import write_reward_notices
from campaigns.services.step_notices import write_step_notices
from campaigns.services.suppression import respect_choices
from campaigns.services.switched_off import tell_of_switched_off
from campaigns.services.unhappy import hear_the_unhappy
from referrals.models import Event
from referrals.signals import event_recorded
from rewards.models import Reward
from rewards.signals import rewards_changed


@receiver(event_recorded, dispatch_uid="respect choices")
def respect(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    respect_choices(events, now=now)


@receiver(event_recorded, dispatch_uid="write notices")
def tell(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    write_notices(events, now=now)


@receiver(event_recorded, dispatch_uid="plan asks")
def plan(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    stop_asking(events, now=now)
    enter_by_events(events, now=now)
    hear_the_unhappy(events, now=now)


@receiver(event_recorded, dispatch_uid="write claim notices")
def tell_of_claims(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    write_claim_notices(events, now=now)


@receiver(rewards_changed, dispatch_uid="write reward notices")
def tell_of_rewards(sender: type[Reward], rewards: list[Reward], now: datetime, **kwargs: Any) -> None:
    write_reward_notices(rewards, now=now)


@receiver(event_recorded, dispatch_uid="write step notices")
def tell_of_steps(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    write_step_notices(events, now=now)


@receiver(event_recorded, dispatch_uid="tell of webhooks switched off")
def tell_of_webhooks(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    tell_of_switched_off(events, now=now)
