from datetime import datetime

from referrals.likeness import likeness
from referrals.models import Advocate

BATCH = 2000


def find_likenesses(*, now: datetime) -> int:
    """Count the likeness of people who came in without one, by an import; returns how many. Repeatable."""
    count = 0
    while rows := list(Advocate.objects.filter(likeness=None).only("name", "email").order_by("pk")[:BATCH]):
        for row in rows:
            row.likeness = likeness(row.name, row.email)
        Advocate.objects.bulk_update(rows, ["likeness"], batch_size=400)
        count += len(rows)
    return count
