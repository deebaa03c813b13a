"""What this app tells the apps above it, inside the transaction in which it happened."""

from django.dispatch import Signal

# Sent by Event.objects.record() with ``events`` (a list of newly stored Event rows) and ``now``.
event_recorded = Signal()
