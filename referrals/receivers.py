from datetime import datetime
from typing import Any

from django.dispatch import receiver

from referrals.models import Event
from referrals.services.summary import note_changes
from referrals.signals import event_recorded


@receiver(event_recorded, dispatch_uid="note changes")
def note(sender: type[Event], events: list[Event], now: datetime, **kwargs: Any) -> None:
    note_changes(events)
