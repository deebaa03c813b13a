from django.db import models


class Heartbeat(models.Model):
    """When the worker last showed that it is alive, one row per kind of work."""

    name = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
