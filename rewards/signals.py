"""What this app tells the app above it, inside the transaction in which it happened."""

from django.dispatch import Signal

# Sent with ``rewards`` (a list of Reward rows, related rows loaded) and ``now``,
# whenever rewards are promised or change their status.
rewards_changed = Signal()
