"""What the worker does when the clock or a nudge says so: everything that is due by now."""

from django.utils.timezone import now

from campaigns.services import imports
from campaigns.services.delivery import deliver_due


def deliver() -> None:
    deliver_due(now=now())


def read_files() -> None:
    imports.work_off(now=now())
