from datetime import datetime, timedelta

from django.db import models

# The worker beats every minute; two beats missed, and a little for the clock's own delay.
LATE_AFTER = timedelta(minutes=3)


class HeartbeatManager(models.Manager["Heartbeat"]):
    def beat(self, name: str, *, now: datetime) -> None:
        """Write down that this kind of work is being done."""
        self.update_or_create(name=name, defaults={"beat_at": now})

    def is_late(self, name: str, *, now: datetime) -> bool:
        """Whether nothing was heard for three minutes, or ever."""
        return not self.filter(name=name, beat_at__gt=now - LATE_AFTER).exists()


class Heartbeat(models.Model):
    """When the worker last showed that it is alive, one row per kind of work."""

    name = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()

    objects = HeartbeatManager()

    def __str__(self) -> str:
        return self.name
