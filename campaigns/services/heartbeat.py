from datetime import datetime

from campaigns.models import Heartbeat


def beat(*, now: datetime) -> int:
    """Show that scheduled work is being done; monitors and the supervisor of ``serve`` look at it."""
    Heartbeat.objects.beat("worker", now=now)
    return 1
