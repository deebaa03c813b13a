"""What the clock starts, and how often. ``manage.py sync`` makes the database equal to this table.

Each function does all that is due and may run at any time, twice or late. It takes the moment as
``now`` (the clock's, if none is given) and returns how much it did.
"""

from typing import NamedTuple


class Scheduled(NamedTuple):
    """A function of the product and the minutes between two of its runs."""

    name: str
    function: str
    minutes: int


SCHEDULES = (
    Scheduled("Show that the worker is alive", "campaigns.tasks.beat", 1),
    Scheduled("Deliver messages", "campaigns.tasks.deliver", 1),
    Scheduled("Write digests", "campaigns.tasks.write_digests", 5),
    Scheduled("Release rewards whose waiting time is over", "campaigns.tasks.release_rewards", 10),
    Scheduled("Forget what has expired", "campaigns.tasks.forget", 60),
)
